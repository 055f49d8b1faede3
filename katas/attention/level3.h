#pragma once

#include <cstdint>

#include "level2.h"

namespace kata {

/// The weights of one attention layer, stored (out, in), without bias, and its numbers of heads.
/// Head h of Hq query heads owns rows h·D to (h + 1)·D − 1 of wq; likewise for wk and wv. The head
/// dimension D is what wq has of rows per head; Hq·D need not be C.
struct Layer {
  torch::Tensor wq;                  // (Hq·D, C)
  torch::Tensor wk;                  // (Hkv·D, C)
  torch::Tensor wv;                  // (Hkv·D, C)
  torch::Tensor wo;                  // (C, Hq·D)
  std::int64_t query_heads = 1;      // Hq
  std::int64_t key_value_heads = 1;  // Hkv, divides Hq
};

/// Rotary position embedding: at position p, turns each pair (x[2i], x[2i+1]) of the last dimension
/// by the angle p · 10000^(−2i/D), counter-clockwise: (a, b) → (a cos − b sin, a sin + b cos).
///
/// x (…, T, D), row t at position start_position + t → the same shape and dtype (float32 or
/// float64). start_position ≥ 0. Angles, sines and cosines are computed in float64.
/// Throws std::invalid_argument if D is odd.
torch::Tensor rope(const torch::Tensor& x, std::int64_t start_position);

/// Causal multi-head self-attention with grouped queries and rotary positions.
///
/// x (B, T, C), T ≥ 1 → (B, T, C): queries, keys and values are projected from x and split into
/// heads, queries and keys are turned by rope() from start_position on, query head h attends
/// causally to key/value head h / (Hq/Hkv), the heads' results are put side by side in order and
/// projected by wo. dtype: float32 or float64, the same for x and the weights. Without autograd.
///
/// Throws std::invalid_argument if a number of heads is < 1, Hkv does not divide Hq, Hq does not
/// divide wq's rows, D is odd, or a weight's shape does not fit the others and C.
torch::Tensor causal_self_attention(const torch::Tensor& x, const Layer& layer,
                                    std::int64_t start_position);

}  // namespace kata
