#pragma once

#include "level2.h"

namespace kata {

/// How to draw; as constructed, from the softmax of the logits as they are.
struct Sampling {
  double temperature = 1;         // 0: greedy
  std::int64_t top_k = 0;         // ≤ 0 or ≥ V: off
  double top_p = 1;               // in (0, 1]; 1: off
  double min_p = 0;               // in [0, 1]; 0: off
  double repetition_penalty = 1;  // above 0; 1: off
};

/// Draws one id for each row of logits (B, V), float32, any strides, B ≥ 0, V ≥ 1.
/// prompts[b] and outputs[b]: the tokens of row b so far, ids in 0 … V − 1, either may be empty.
/// u[b] in [0, 1): row b's draw. All three have B entries.
///
/// For each row by itself, probabilities renormalised after each of the steps 3, 4 and 5:
/// 1. Penalty: the logit of each id in prompts[b] or outputs[b], once however often it occurs: a
///    positive one is divided by repetition_penalty, a negative one multiplied.
/// 2. / temperature; at 0 the answer is the largest logit after 1, ties to the lowest id.
/// 3. Top-k as in level 2.
/// 4. Top-p: from the most probable id down, equal ones by ascending id, up to and including the
///    first at which the cumulative probability reaches top_p (≥).
/// 5. Min-p: ids with a probability ≥ min_p · (the largest one).
/// 6. The draw as in level 2, in the order of ids.
/// The logits stay as they were.
///
/// Throws std::invalid_argument if temperature < 0, top_p ≤ 0, top_p > 1, min_p < 0, min_p > 1,
/// repetition_penalty ≤ 0, or one of these four is NaN, or temperature or penalty is infinite; even
/// if B = 0 or temperature = 0. Throws std::domain_error if some row has a NaN or is all −∞.
Tokens sample_batch(const torch::Tensor& logits, const std::vector<Tokens>& prompts,
                    const std::vector<Tokens>& outputs, const Sampling& sampling,
                    const std::vector<double>& u);

}  // namespace kata
