#pragma once

#include <cstdint>
#include <vector>

#include "sampling/rungs.h"

namespace unaided::bench::sampling {

/// How far u lies outside of the interval that id has in the cumulative distribution, in float64;
/// 1 for an id that no rounding lets stay.
///
/// Where the cut of top-p or min-p is closer than rounding in float32 can tell (2e-6, of the sum or
/// of a weight), the tokens in doubt may stay or go, and the interval is as wide as both allow.
double draw_error(const std::vector<float>& logits, const Filters& filters, double u,
                  std::int64_t id);

}  // namespace unaided::bench::sampling
