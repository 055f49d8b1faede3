#pragma once

// Models for the trainer, batches in pieces, and the trainer of the attempt against the oracle's.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "level4.h"
#include "mlp_cases.h"
#include "optimizer_oracle.h"
#include "step_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace trainer_cases {

using Batches = std::vector<kata::Batch>;

constexpr std::int64_t kIgnored = -100;

/// An Mlp under autograd. It remembers what it was called with, and whether anything of the
/// activations of the call before was still alive.
class MlpModel : public kata::Model {
 public:
  explicit MlpModel(const kata::Mlp& weights, bool frozen_b1 = false)
      : mlp{step_cases::parameter(weights.w1), step_cases::parameter(weights.b1, frozen_b1),
            step_cases::parameter(weights.w2), step_cases::parameter(weights.b2)} {}

  torch::Tensor forward(const torch::Tensor& inputs) override {
    if (graph_is_alive()) graphs_overlapped = true;
    seen.push_back(inputs);
    const torch::Tensor before = torch::matmul(inputs, mlp.w1.t()) + mlp.b1;
    const torch::Tensor hidden = before.clamp_min(0);  // kept by the graph, and by nobody else
    activation_.emplace(c10::intrusive_ptr<c10::StorageImpl>::reclaim_copy(
        hidden.storage().unsafeGetStorageImpl()));
    return torch::matmul(hidden, mlp.w2.t()) + mlp.b2;
  }

  bool graph_is_alive() const { return activation_ && activation_->use_count() > 0; }
  std::vector<torch::Tensor> parameters() const { return {mlp.w1, mlp.b1, mlp.w2, mlp.b2}; }

  kata::Mlp mlp;
  std::vector<torch::Tensor> seen;
  bool graphs_overlapped = false;

 private:
  std::optional<c10::weak_intrusive_ptr<c10::StorageImpl>> activation_;
};

/// logits = table[inputs], by one table for inputs that begin with 0, by another for all others.
class TwoTables : public kata::Model {
 public:
  explicit TwoTables(support::RandomTensors& random)
      : first(step_cases::parameter(random.normal({3, 4}, torch::kFloat64))),
        second(step_cases::parameter(random.normal({3, 4}, torch::kFloat64))) {}

  torch::Tensor forward(const torch::Tensor& inputs) override {
    const bool at_first = inputs[0].item<std::int64_t>() == 0;
    return (at_first ? first : second).index_select(0, inputs);
  }

  torch::Tensor first, second;
};

/// A whole batch for an Mlp, with some ignored targets; at least one counts.
inline kata::Batch random_batch(support::RandomTensors& random, const kata::Mlp& mlp,
                                std::int64_t rows) {
  torch::Tensor targets = mlp_cases::random_targets(random, rows, mlp.w2.size(0));
  for (std::int64_t r = 1; r < rows; ++r) {
    if (random.integer(0, 2) == 0) targets[r] = kIgnored;
  }
  return {random.normal({rows, mlp.w1.size(1)}, mlp.w1.scalar_type()), targets};
}

/// The batch in consecutive pieces of these sizes (their sum is its size).
inline Batches split(const kata::Batch& batch, const std::vector<std::int64_t>& sizes) {
  Batches pieces;
  std::int64_t start = 0;
  for (const std::int64_t rows : sizes) {
    pieces.push_back({batch.inputs.narrow(0, start, rows).clone(),
                      batch.targets.narrow(0, start, rows).clone()});
    start += rows;
  }
  return pieces;
}

/// An Mlp in float64 with 3 inputs, 4 hidden units and 5 classes.
inline kata::Mlp doubles(support::RandomTensors& random) {
  return mlp_cases::random_mlp(random, 3, 4, 5, torch::kFloat64);
}

/// Every number matters: strong decay, a long memory for nothing, an eps that is not negligible.
inline kata::TrainerOptions strong_options() {
  return {.adamw = {.lr = 123, .beta1 = 0.7, .beta2 = 0.9, .eps = 1e-3, .weight_decay = 0.3},
          .schedule = {.warmup_steps = 2, .total_steps = 6, .max_lr = 0.1, .min_lr = 0.01},
          .max_norm = 0.5,
          .ignore_index = kIgnored};
}

inline support::Inputs shown(const Batches& batches) {
  support::Inputs in;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const std::string name = "micro-batch " + std::to_string(i) + ", ";
    in.push_back({name + "inputs", batches[i].inputs});
    in.push_back({name + "targets", batches[i].targets});
  }
  return in;
}

inline support::Inputs shown(const kata::TrainerOptions& o) {
  const auto warmup = static_cast<double>(o.schedule.warmup_steps);
  const auto total = static_cast<double>(o.schedule.total_steps);
  const auto& a = o.adamw;
  return {{"options.schedule [W, T, max_lr, min_lr]",
           torch::tensor({warmup, total, o.schedule.max_lr, o.schedule.min_lr}, torch::kFloat64)},
          {"options.adamw [beta1, beta2, eps, weight_decay]",
           torch::tensor({a.beta1, a.beta2, a.eps, a.weight_decay}, torch::kFloat64)},
          {"options.max_norm", torch::tensor(o.max_norm, torch::kFloat64)},
          {"options.ignore_index", torch::tensor(o.ignore_index)}};
}

/// The attempt's trainer on its model, and the oracle's beside it.
class Training {
 public:
  Training(const kata::Mlp& weights, const kata::TrainerOptions& options, bool frozen_b1 = false)
      : model(weights, frozen_b1),
        oracle(model.mlp, options),
        trainer(kata::make_trainer(model, model.parameters(), options)),
        options_(options) {}

  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;

  /// Both do one step, the oracle on the whole batch; report and parameters must agree.
  kata::StepReport step(const kata::Batch& batch, const std::vector<std::int64_t>& sizes,
                        double tolerance = 1e-9) {
    if (testing::Test::HasFailure()) return {};  // after one wrong step all are wrong
    const Batches pieces = split(batch, sizes);
    const support::Inputs in = shown_before(pieces);
    const auto expected = oracle.step(batch.inputs, batch.targets);
    const kata::StepReport report = trainer->step(pieces);
    expect_report(report, expected, in, tolerance);
    expect_parameters(in, tolerance);
    return report;
  }

  /// The parameters and steps() must be the oracle's.
  void expect_parameters(const support::Inputs& in, double tolerance = 1e-9) const {
    const auto parameters = model.parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const support::Tolerance close{"of the trainer", parameters[i].scalar_type(), tolerance,
                                     tolerance};
      support::expect_close(std::string(kNames[i]) + after(), parameters[i].detach(),
                            oracle.parameter(i), close, in);
    }
    step_cases::expect_number("steps()" + after(), static_cast<double>(trainer->steps()),
                              static_cast<double>(oracle.steps()), 0, 0, in);
  }

  /// What a failure of the next step shows; the model is level 2's Mlp.
  support::Inputs shown_before(const Batches& pieces) const {
    support::Inputs in;
    const auto parameters = model.parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      in.push_back(
          {std::string(kNames[i]) + " of the Mlp before the step", parameters[i].detach().clone()});
    }
    for (const support::Inputs& more : {shown(options_), shown(pieces)}) {
      in.insert(in.end(), more.begin(), more.end());
    }
    return in;
  }

  MlpModel model;
  oracle::MlpTrainer<kata::TrainerOptions> oracle;
  std::unique_ptr<kata::Trainer> trainer;

 private:
  static constexpr const char* kNames[] = {"w1", "b1", "w2", "b2"};

  template <typename Expected>
  void expect_report(const kata::StepReport& got, const Expected& expected,
                     const support::Inputs& in, double tolerance) const {
    const auto expect = [&](const std::string& what, double number, double right, double allowed) {
      step_cases::expect_number(what + " in the report" + after(), number, right, allowed, allowed,
                                in);
    };
    expect("loss", got.loss, expected.loss, tolerance);
    expect("norm", got.norm, expected.norm, tolerance);
    expect("lr", got.lr, expected.lr, 1e-12);
    expect("valid_tokens", static_cast<double>(got.valid_tokens),
           static_cast<double>(expected.valid_tokens), 0);
    expect("stepped (0 or 1)", got.stepped ? 1 : 0, expected.stepped ? 1 : 0, 0);
  }

  /// The oracle has done its step already.
  std::string after() const {
    return " after the call (" + std::to_string(oracle.steps()) + " optimizer steps are done then)";
  }

  kata::TrainerOptions options_;
};

}  // namespace trainer_cases
