#pragma once

#include <functional>

#include "level1.h"

namespace kata {

/// Gives the next number of a stream, 0 ≤ u < 1, at every call.
using Uniform = std::function<double()>;

/// Rejection sampling of k ≥ 0 proposals so that what is returned has the target's distribution.
/// p (k + 1, V): row i has the target's probabilities after i proposals. q (k, V): row i has those
/// that proposals[i] was drawn from. Both float64, any strides, and left as they were.
///
/// For i = 0, 1, …, with x = proposals[i]:
/// 1. u = uniform(); x is accepted if u · q[i][x] < p[i][x]. If it is and x = `eos`, that is all.
/// 2. If it is not, one more token is drawn from the residual max(p[i] − q[i], 0), renormalised, or
///    from p[i] if the residual is 0 for all ids. That is all.
/// 3. After the k-th is accepted, a bonus token is drawn from p[k].
/// A draw takes one number: the smallest id whose cumulative probability exceeds it. An id of
/// probability 0 is never drawn.
/// Returns the accepted proposals and the token drawn, if any. Calls uniform once for each proposal
/// that is looked at, even where the outcome is certain, and once for a draw; in this order, and no
/// more. Rows of p and q that are not looked at may hold anything, even NaN.
Tokens verify(const torch::Tensor& p, const torch::Tensor& q, const Tokens& proposals,
              std::int64_t eos, const Uniform& uniform);

/// The rounds of speculative_greedy with draws: new tokens with the distribution that sampling from
/// `target` alone gives, from the softmax of its logits.
///
/// 1. Each proposal is drawn from the softmax of the draft's logits with one number.
/// 2. The round's tokens are those of `verify`, with its numbers; p and q are the softmax of the
///    logits.
///
/// Number and length of proposals, calls of the models, what they are fed, rollbacks, the end,
/// logits and errors are as in speculative_greedy. uniform is called as often as said, in the order
/// of the rounds: a round's proposals first, then its verification.
Tokens speculative_sample(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                          std::int64_t draft_length, std::int64_t max_new_tokens, std::int64_t eos,
                          const Uniform& uniform);

}  // namespace kata
