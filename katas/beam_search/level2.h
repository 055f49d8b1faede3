#pragma once

#include "level1.h"

namespace kata {

/// A language model with a cache: it has rows 0 … n − 1, and each remembers the tokens it was fed.
class CachedModel {
 public:
  virtual ~CachedModel() = default;

  /// Rearranges the cache: afterwards it has parents.size() ≥ 1 rows, and row i remembers what row
  /// parents[i] remembered before. A row may be named several times or not at all.
  virtual void reorder(const std::vector<std::int64_t>& parents) = 0;

  /// Feeds tokens[i], at least one, to row i; there is one entry for each row. → logits (n, V),
  /// float32, any strides: row i of them scores the token after all that row i remembers now, like
  /// the last row in level 1. The result is the model's memory: do not change it; the next call of
  /// either function overwrites it.
  virtual torch::Tensor forward(const std::vector<Tokens>& tokens) = 0;
};

struct BeamOptions {
  std::int64_t width = 1;           // ≥ 1
  std::int64_t max_new_tokens = 0;  // ≥ 0
  std::int64_t eos = -1;            // an id that does not occur: none
  double length_penalty = 0;        // α, finite, between −4 and 4: above 0 favours long ones
};

/// Beam search in a model that has one row and was fed nothing. Score of a hypothesis in the
/// result: log_prob / length^α; log_prob is the sum of the log-probabilities of its new tokens,
/// length their number, both with EOS. Without tokens the score is 0.
///
/// Live hypotheses, at first one without tokens, have an order: row i of the model is number i. A
/// step is one forward over all of them (the prompt at first, then of each the token just
/// appended). One reorder comes between two forwards; it may be left out where it would change
/// nothing (fewer rows are a change). Then:
/// - Candidates are all live hypotheses with each single id appended, unless its logit is −∞.
///   They rank by log_prob, higher first; equal ones by the lower row, then the lower id.
/// - Those among the `width` best of all candidates that end in `eos` are finished: set aside with
///   their scores. Candidates that end in `eos` and rank lower are dropped.
/// - Of the candidates that do not end in `eos`, the `width` best (all, if fewer) are the live ones
///   of the next step, in this order, wherever they rank.
///
/// The search ends when `width` or more hypotheses have been finished in all, when none is live, or
/// after max_new_tokens steps. If fewer than `width` are finished then, the live ones are set aside
/// too, each with its score. Returns the `width` best of those set aside (all, if fewer): higher
/// score first, equal ones in the order in which they were set aside. width and max_new_tokens may
/// be as large as 2^63 − 1 where candidates are few.
///
/// Throws std::invalid_argument, before any call of the model, if the prompt is empty, width < 1,
/// max_new_tokens < 0, or length_penalty is NaN or infinite; std::domain_error, before the next
/// call, if any row of logits has a NaN or is −∞ throughout.
std::vector<Hypothesis> beam_search_cached(CachedModel& model, const Tokens& prompt,
                                           const BeamOptions& options);

}  // namespace kata
