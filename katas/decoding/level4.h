#pragma once

#include <functional>

#include "level3.h"

namespace kata {

/// A language model that remembers, for each row of a batch, the tokens it was fed so far.
class CachedModel {
 public:
  virtual ~CachedModel() = default;

  /// Feeds tokens[i], at least one, to row row_ids[i]; row_ids ascend. → logits (n, V), float32,
  /// any strides: row i of them scores the token after all that row row_ids[i] was fed so far. The
  /// result is the model's memory: do not change it; the next call overwrites it.
  virtual torch::Tensor forward(const std::vector<std::int64_t>& row_ids,
                                const std::vector<Tokens>& tokens) = 0;
};

struct GenerationOptions {
  std::int64_t max_new_tokens = 0;     // for each row
  std::int64_t eos = -1;               // an id that does not occur: none
  std::vector<Tokens> stop_sequences;  // none of them empty
  Sampling sampling;
};

/// A number in [0, 1) for the draw of row `row` (index of its prompt) at step `step` (0 for its
/// first new token). It depends on these two alone, and may be called in any order and number.
using Uniform = std::function<double(std::int64_t row, std::int64_t step)>;

/// Generates for all prompts together, in a model that has been fed nothing yet. Returns the new
/// tokens of each, draws as in sample_batch with the row's own prompt, output and number.
///
/// - A row is finished after EOS, after its new tokens end with a stop sequence, or after
///   max_new_tokens. EOS and stop sequences are part of the result; those in the prompt count for
///   nothing, and a stop sequence must lie in the new tokens altogether.
/// - One forward a step, over all unfinished rows in ascending order: the whole prompts first, then
///   of each row the token just drawn. None when all rows are finished.
/// - A row's tokens do not depend on the other rows.
///
/// Throws std::invalid_argument, before any call of the model, if a prompt or a stop sequence is
/// empty, max_new_tokens < 0, or the sampling is bad as in level 3. Throws std::domain_error if the
/// logits of an unfinished row have a NaN or are −∞ throughout.
std::vector<Tokens> generate(CachedModel& model, const std::vector<Tokens>& prompts,
                             const GenerationOptions& options, const Uniform& uniform);

}  // namespace kata
