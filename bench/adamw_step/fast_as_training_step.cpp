// make_adamw() of the training_step kata by the fast rung, so that the kata's checks judge it.
// float64 the kernel does not have: such parameters are the reference's.
#include <torch/types.h>

#include <memory>
#include <vector>

#include "adamw_step/rungs.h"
#include "level3.h"

namespace kata {

/// make_adamw() as the reference has it.
std::unique_ptr<AdamW> reference_make_adamw(const std::vector<ParameterGroup>& groups);

namespace {

namespace kernel = unaided::bench::adamw_step;

/// A float32 parameter and what is remembered of it.
struct Slot {
  torch::Tensor parameter;
  std::size_t group;
  torch::Tensor m, v;
  double steps = 0;
};

void update(Slot& slot, const AdamWOptions& options) {
  if (!slot.parameter.grad().defined()) return;
  ++slot.steps;
  const torch::Tensor gradient = slot.parameter.grad().contiguous();
  const torch::Tensor parameter = slot.parameter.contiguous();
  const kernel::Factors factors(kernel::Options{options.lr, options.beta1, options.beta2,
                                                options.eps, options.weight_decay, slot.steps});
  kernel::fast(
      {parameter.mutable_data_ptr<float>(), gradient.const_data_ptr<float>(),
       slot.m.mutable_data_ptr<float>(), slot.v.mutable_data_ptr<float>(), parameter.numel()},
      factors);
  slot.parameter.copy_(UNAIDED_SPOILT ? parameter * 1.05 : parameter);
}

class FastAdamW final : public AdamW {
 public:
  explicit FastAdamW(const std::vector<ParameterGroup>& groups) {
    reference_make_adamw(groups);  // refuses what must be refused
    std::vector<ParameterGroup> others;
    for (const ParameterGroup& group : groups) {
      others.push_back({{}, group.options});
      for (const torch::Tensor& parameter : group.parameters) {
        parameters_.push_back(parameter);
        if (parameter.scalar_type() == torch::kFloat32) {
          const torch::Tensor m = torch::zeros(parameter.sizes());
          slots_.push_back({parameter, options_.size(), m, torch::zeros_like(m)});
        } else {
          others.back().parameters.push_back(parameter);
        }
      }
      options_.push_back(group.options);
    }
    others_ = reference_make_adamw(others);
  }

  std::vector<torch::Tensor> parameters() const override { return parameters_; }

  void zero_grad() override {
    for (torch::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
  }

  void step() override {
    const torch::NoGradGuard no_grad;
    for (Slot& slot : slots_) update(slot, options_[slot.group]);
    others_->step();
  }

  void set_lr(double lr) override {
    for (AdamWOptions& options : options_) options.lr = lr;
    others_->set_lr(lr);
  }

 private:
  std::vector<torch::Tensor> parameters_;
  std::vector<AdamWOptions> options_;  // by group
  std::vector<Slot> slots_;
  std::unique_ptr<AdamW> others_;  // of the parameters that are not float32
};

}  // namespace

std::unique_ptr<AdamW> make_adamw(const std::vector<ParameterGroup>& groups) {
  return std::make_unique<FastAdamW>(groups);
}

}  // namespace kata
