#pragma once

#include <optional>

#include "level1.h"

namespace kata {

/// attention() in which a query sees only some of the keys.
///
/// q (…, Lq, D), k (…, Lk, D), v (…, Lk, Dv) → (…, Lq, Dv), as in level 1.
/// keep: bool, true where query i may attend to key j; it broadcasts to (…, Lq, Lk).
/// causal: query i may attend to key j only if j ≤ i + Lk − Lq (aligned to the lower right: the
/// last query sees every key). With both, a pair must pass both.
///
/// - A query that may attend to no key gets 0, and all gradients that come from it are 0.
/// - NaN or Inf in k or v at a key to which no query of its batch element and head may attend
///   reaches neither the result nor q's gradient.
///
/// Throws std::invalid_argument if keep is not bool, if keep does not broadcast to (…, Lq, Lk)
/// (it must not enlarge it either), or if causal and Lq > Lk.
torch::Tensor masked_attention(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v, const std::optional<torch::Tensor>& keep,
                               bool causal);

}  // namespace kata
