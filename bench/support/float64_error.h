// How far outputs lie from what float64 gives. Whatever cannot be compared is infinitely far: a
// wrong shape or dtype, NaN, a result that is missing.
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <limits>

#include "support/kernel.h"

namespace unaided::bench {

inline constexpr double kIncomparable = std::numeric_limits<double>::infinity();

/// Whether `outputs` has this many tensors, each on the CPU.
bool has_outputs(const Tensors& outputs, std::size_t count);

/// max |got − want|. got: any dtype, which must be `dtype`; want: float64, of got's shape.
double absolute_error(const torch::Tensor& got, const torch::Tensor& want, torch::ScalarType dtype);

/// max |got − want| / (|want| + floor), as absolute_error().
double relative_error(const torch::Tensor& got, const torch::Tensor& want, double floor,
                      torch::ScalarType dtype = torch::kFloat32);

}  // namespace unaided::bench
