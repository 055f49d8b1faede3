#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "level3.h"

namespace kata {

/// 0 ≤ warmup_steps ≤ total_steps.
struct Schedule {
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 0;
  double max_lr = 1e-3;
  double min_lr = 0;
};

/// The learning rate of optimizer step `step`, counted from 0. W and T are warm-up and total steps.
///   step < W:      max_lr · step / W
///   step = W:      max_lr, exactly
///   W < step < T:  min_lr + (max_lr − min_lr) · (1 + cos(π · (step − W) / (T − W))) / 2
///   else:          min_lr, exactly
double learning_rate(const Schedule& schedule, std::int64_t step);

struct TrainerOptions {
  AdamWOptions adamw;  // without lr: the schedule has it
  Schedule schedule;
  double max_norm = 1;
  std::int64_t ignore_index = -100;
};

/// What one Trainer::step did.
struct StepReport {
  double loss = 0;                // mean over all valid tokens of all micro-batches
  double norm = 0;                // of the accumulated gradient, before clipping
  double lr = 0;                  // learning_rate(schedule, steps() before this one)
  std::int64_t valid_tokens = 0;  // targets that are not ignore_index
  bool stepped = false;           // false: no valid token, or a norm that is NaN or infinite
};

/// Trains a model with AdamW, a schedule, and batches that come in pieces.
class Trainer {
 public:
  virtual ~Trainer() = default;

  /// One optimizer step on any number of micro-batches: inputs (N, …), for which the model gives
  /// logits (N, V), and targets int64 (N). The loss is the cross entropy of level 2, averaged over
  /// the valid tokens of all micro-batches together; the gradient, that of this loss, is clipped
  /// once. The graph of a micro-batch is gone before the next one's forward.
  /// A micro-batch without a valid token adds nothing, not even gradients of zeros.
  /// If no token is valid, or the norm is NaN or infinite, no parameter, no state of the optimizer
  /// and no counter changes.
  virtual StepReport step(const std::vector<Batch>& micro_batches) = 0;

  /// Optimizer steps so far; those that were left out do not count.
  virtual std::int64_t steps() const = 0;

  /// Everything that later steps depend on, parameters included, as copies. What the tensors mean
  /// is up to the implementation.
  virtual std::vector<torch::Tensor> state() const = 0;

  /// Goes on, bit for bit, where the trainer that gave this state was then. The state is copied.
  /// Throws std::invalid_argument if it is empty or came from a trainer with another number of
  /// parameters or with parameters of other shapes; nothing is changed then.
  virtual void load_state(const std::vector<torch::Tensor>& state) = 0;
};

/// `model` outlives the trainer; `parameters` are its leaves, frozen ones too, each once.
std::unique_ptr<Trainer> make_trainer(Model& model, const std::vector<torch::Tensor>& parameters,
                                      const TrainerOptions& options);

}  // namespace kata
