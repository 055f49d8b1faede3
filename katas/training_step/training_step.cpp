#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

torch::Tensor training_step(Model& /*model*/, Optimizer& /*optimizer*/, const Batch& /*batch*/,
                            double /*max_norm*/) {
  // TODO: zero_grad, forward, loss, backward, clip, step.
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

CrossEntropy cross_entropy(const torch::Tensor& /*logits*/, const torch::Tensor& /*targets*/,
                           std::int64_t /*ignore_index*/) {
  // TODO: which rows count? Their mean loss, and (softmax − onehot) / n_valid.
  throw std::logic_error("level 2: not written yet");
}

MlpGradients mlp_backward(const Mlp& /*mlp*/, const torch::Tensor& /*inputs*/,
                          const torch::Tensor& /*targets*/, std::int64_t /*ignore_index*/) {
  // TODO: forward, then the chain rule backwards through both layers.
  throw std::logic_error("level 2: not written yet");
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

std::unique_ptr<AdamW> make_adamw(const std::vector<ParameterGroup>& /*groups*/) {
  // TODO: a class that derives from AdamW and keeps m, v and t for each parameter.
  throw std::logic_error("level 3: not written yet");
}

double clip_gradients(const std::vector<torch::Tensor>& /*parameters*/, double /*max_norm*/) {
  // TODO: one norm over all gradients; scale them if it is finite.
  throw std::logic_error("level 3: not written yet");
}

double clip_and_step(Optimizer& /*optimizer*/, double /*max_norm*/) {
  // TODO: clip, then step, unless the norm is not finite.
  throw std::logic_error("level 3: not written yet");
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

double learning_rate(const Schedule& /*schedule*/, std::int64_t /*step*/) {
  // TODO: linear warm-up, cosine, then min_lr.
  throw std::logic_error("level 4: not written yet");
}

std::unique_ptr<Trainer> make_trainer(Model& /*model*/,
                                      const std::vector<torch::Tensor>& /*parameters*/,
                                      const TrainerOptions& /*options*/) {
  // TODO: a class that derives from Trainer: accumulate, clip once, step; state and load_state.
  throw std::logic_error("level 4: not written yet");
}

}  // namespace kata
