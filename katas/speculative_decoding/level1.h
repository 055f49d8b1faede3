#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace kata {

using Tokens = std::vector<std::int64_t>;

/// A language model that remembers the tokens it was fed: its cache.
class CachedModel {
 public:
  virtual ~CachedModel() = default;

  /// Appends n ≥ 1 tokens to the cache → logits (n, V), float32, any strides; V ≥ 1 never changes.
  /// Row i scores each id 0 … V − 1 as the token that comes after the cache up to and with
  /// tokens[i]: a finite number or −∞ (NaN is an error where the row decides something).
  /// The result is the model's memory: do not change it; the next forward or rollback of this model
  /// overwrites it.
  virtual torch::Tensor forward(const Tokens& tokens) = 0;

  /// Forgets all but the first `length` tokens of the cache; length is between 0 and their number,
  /// both included.
  virtual void rollback(std::int64_t length) = 0;
};

/// The tokens that greedy decoding with `target` alone gives (the largest logit, ties to the lowest
/// id, up to EOS or max_new_tokens; new tokens only, EOS included), in fewer calls of `target`.
///
/// In rounds, until the last new token is `eos` or there are max_new_tokens:
/// 1. `draft` proposes, greedily and one at a time, k = min(draft_length, max_new_tokens − new
///    tokens so far − 1) tokens; fewer if it proposes `eos`, which is then the last one.
/// 2. One forward of `target` scores all proposals and what comes after them. From the first on
///    they are accepted while they are the target's own choice.
/// 3. The target's choice takes the place of the first that is not; the rest is dropped. If all
///    are accepted and the last is not `eos`, the target's choice after them ends the round.
///
/// - draft.forward is called once a proposal, target.forward once a round, each with exactly those
///   tokens of prompt, new tokens and proposals so far that its cache does not hold.
/// - Proposals rejected or dropped, and they alone, are rolled back out of both caches, also in the
///   last round.
/// - Both caches are empty when this is called; target and draft have the same V.
/// - Rows of logits that decide nothing may hold anything, even NaN: those that score what follows
///   the prompt's tokens but the last, the tokens of a draft's call but the last, and for the
///   target a rejected proposal, those dropped after it, and an accepted EOS.
///
/// Throws std::invalid_argument, before any call of a model, if the prompt is empty, or if
/// draft_length or max_new_tokens is negative; std::domain_error if a row that decides has a NaN or
/// is −∞ throughout.
Tokens speculative_greedy(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                          std::int64_t draft_length, std::int64_t max_new_tokens, std::int64_t eos);

}  // namespace kata
