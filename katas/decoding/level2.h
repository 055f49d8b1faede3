#pragma once

#include "level1.h"

namespace kata {

/// Draws one id from logits (V), float32, any strides, V ≥ 1; each is finite or −∞.
///
/// 1. logits / temperature
/// 2. Top-k: only the k largest stay, and with them all that equal the k-th (−∞ never does).
///    top_k ≤ 0 and top_k ≥ V mean: off.
/// 3. Probabilities: the softmax of what is left.
/// 4. The draw: the smallest id whose cumulative probability (ids 0 … id) exceeds u, 0 ≤ u < 1.
///    Never an id of which nothing is left, however the sums were rounded.
///
/// temperature = 0 is greedy: the largest logit, ties to the lowest id, whatever top_k and u are.
/// The logits stay as they were.
///
/// Throws std::invalid_argument if the temperature is negative, infinite or NaN;
/// std::domain_error if a logit is NaN or all are −∞.
std::int64_t sample(const torch::Tensor& logits, double temperature, std::int64_t top_k, double u);

}  // namespace kata
