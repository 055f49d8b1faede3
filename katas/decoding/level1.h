#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace kata {

using Tokens = std::vector<std::int64_t>;

/// A language model without a cache: it reads the whole sequence at every call.
class Model {
 public:
  virtual ~Model() = default;

  /// T ≥ 1 tokens → logits (T, V), float32, any strides; V ≥ 1 never changes. The last row scores
  /// each id 0 … V − 1 as the token that comes next: a finite number or −∞ (NaN is an error, see
  /// below). The rows before it may hold anything, even NaN.
  /// The result is the model's memory: do not change it; the next call overwrites it.
  virtual torch::Tensor forward(const Tokens& tokens) = 0;
};

/// Appends the id with the largest logit, ties to the lowest id, again and again, until that id is
/// `eos` or max_new_tokens were appended. Returns the new tokens only, EOS included.
///
/// - forward is called once for each token returned, with the prompt and the new tokens so far.
/// - An EOS inside the prompt stops nothing. If no id equals `eos` (−1, say), nothing does.
///
/// Throws std::invalid_argument, before any call of the model, if the prompt is empty or
/// max_new_tokens < 0; std::domain_error if the last row of logits has a NaN or is −∞ throughout.
Tokens greedy(Model& model, const Tokens& prompt, std::int64_t max_new_tokens, std::int64_t eos);

}  // namespace kata
