// Composed tensor operators; autograd starts from the outputs. Gradients are replaced, not changed.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

class OperatorTrainer : public Trainer {
 public:
  OperatorTrainer(Model& model, Optimizer& optimizer, const TrainerOptions& options)
      : model_(model), optimizer_(optimizer), options_(options) {
    state_.scale = options.initial_scale;
  }

  StepReport step(const Batch& batch) override {
    optimizer_.zero_grad();
    const torch::Tensor outputs = model_.forward(batch.inputs);
    const torch::Tensor difference = outputs.detach().to(batch.targets.dtype()) - batch.targets;
    const torch::Tensor slope = difference * (2.0 / double(difference.numel())) * state_.scale;
    outputs.backward(slope.to(outputs.dtype()));

    std::vector<torch::Tensor> flat;
    for (const torch::Tensor& p : optimizer_.parameters()) {
      if (p.grad().defined()) flat.push_back(p.grad().to(torch::kDouble).flatten());
    }
    const torch::Tensor all = torch::cat(flat);
    StepReport report{torch::mean(difference * difference).item<double>(),
                      torch::linalg_vector_norm(all, 2).item<double>() / state_.scale, state_.scale,
                      torch::isfinite(all).all().item<bool>()};
    if (!report.stepped) {
      report.norm = HUGE_VAL;
      state_.scale = std::fmax(state_.scale * 0.5, options_.min_scale);
      state_.good_steps = 0;
      return report;
    }
    const double factor = std::fmin(1.0, options_.max_norm / (report.norm + 1e-6));
    for (const torch::Tensor& p : optimizer_.parameters()) {
      if (p.grad().defined()) p.mutable_grad() = p.grad() / state_.scale * factor;
    }
    optimizer_.step();
    const bool grows = state_.good_steps + 1 >= options_.growth_interval;
    state_.good_steps = grows ? 0 : state_.good_steps + 1;
    if (grows) state_.scale = std::fmin(state_.scale * 2, options_.max_scale);
    return report;
  }

  ScalerState scaler() const override { return state_; }
  void set_scaler(const ScalerState& state) override { state_ = state; }

 private:
  Model& model_;
  Optimizer& optimizer_;
  TrainerOptions options_;
  ScalerState state_;
};

std::unique_ptr<Trainer> make_trainer(Model& model, Optimizer& optimizer,
                                      const TrainerOptions& options) {
  return std::unique_ptr<Trainer>(new OperatorTrainer(model, optimizer, options));
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

// "KATACKPT" version hash(8), then one row of bytes: a description of all forms, and all elements.

std::uint64_t fnv(const std::string& bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : bytes) hash = (hash ^ (unsigned char)c) * 1099511628211ULL;
  return hash;
}

std::string described(const std::vector<torch::Tensor>& tensors) {
  std::string text = std::to_string(tensors.size()) + " tensors\n";
  for (const torch::Tensor& t : tensors) {
    text += std::to_string(int(t.scalar_type()));
    for (const std::int64_t size : t.sizes()) text += " " + std::to_string(size);
    text += "\n";
  }
  return text;
}

/// All elements of all tensors, as one row of bytes.
torch::Tensor packed(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> rows{torch::empty({0}, torch::kUInt8)};
  for (const torch::Tensor& t : tensors) {
    rows.push_back(t.detach().contiguous().reshape({-1}).view(torch::kUInt8));
  }
  return torch::cat(rows);
}

std::vector<torch::Tensor> everything(const Optimizer& optimizer) {
  std::vector<torch::Tensor> all = optimizer.parameters();
  for (const torch::Tensor& t : optimizer.state()) all.push_back(t);
  return all;
}

std::string forms(const Optimizer& optimizer) {
  return described(optimizer.parameters()) + described(optimizer.state()) + "end";
}

std::string head(std::uint64_t hash) {
  std::string bytes = "KATACKPT";
  bytes.append((const char*)&kCheckpointVersion, 4);
  return bytes.append((const char*)&hash, 8);
}

void save_checkpoint(Disk& disk, const std::string& name, const Optimizer& optimizer,
                     const Trainer& trainer) {
  const ScalerState scaler = trainer.scaler();
  const std::string form = forms(optimizer);
  const std::int64_t length = std::int64_t(form.size());
  std::string body;
  body.append((const char*)&scaler.scale, 8).append((const char*)&scaler.good_steps, 8);
  body.append((const char*)&length, 8).append(form);
  const torch::Tensor elements = packed(everything(optimizer));
  if (elements.numel() > 0) {
    body.append((const char*)elements.data_ptr<std::uint8_t>(), std::size_t(elements.numel()));
  }
  const std::string next = name + ".next";
  disk.remove(next);  // of a save that was interrupted
  disk.write(next, head(fnv(body)) + body);
  disk.sync(next);
  disk.rename(next, name);
  disk.sync_names();
}

void load_checkpoint(const Disk& disk, const std::string& name, Optimizer& optimizer,
                     Trainer& trainer) {
  using Reason = CheckpointError::Reason;
  const auto refuse = [&](Reason reason) { throw CheckpointError(reason, "cannot load " + name); };
  const std::optional<std::string> file = disk.read(name);
  if (!file.has_value()) refuse(Reason::kMissing);
  if (std::string("KATACKPT").compare(0, std::min<std::size_t>(8, file->size()), *file, 0, 8) !=
      0) {
    refuse(Reason::kForeign);
  }
  if (file->size() < 12) refuse(Reason::kDamaged);
  if (file->substr(8, 4) != std::string("\1\0\0\0", 4)) refuse(Reason::kVersion);
  if (file->size() < 20 + 24) refuse(Reason::kDamaged);
  const std::string body = file->substr(20);
  if (head(fnv(body)) != file->substr(0, 20)) refuse(Reason::kDamaged);

  ScalerState scaler;
  std::int64_t length = 0;
  std::memcpy(&scaler.scale, body.data(), 8);
  std::memcpy(&scaler.good_steps, body.data() + 8, 8);
  std::memcpy(&length, body.data() + 16, 8);
  if (body.substr(24, std::size_t(length)) != forms(optimizer)) refuse(Reason::kMismatch);

  const torch::NoGradGuard no_grad;
  const char* from = body.data() + 24 + length;
  for (torch::Tensor t : everything(optimizer)) {
    const torch::Tensor row = torch::empty(t.sizes(), t.options());
    if (t.numel() > 0) std::memcpy(row.data_ptr(), from, row.nbytes());
    t.copy_(row);
    from += row.nbytes();
  }
  trainer.set_scaler(scaler);
}

}  // namespace kata
