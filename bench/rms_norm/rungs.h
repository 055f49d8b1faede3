#pragma once

#include <cstdint>

namespace at {
class Tensor;
}

// y[i] = x[i] / √(mean of the row's squares + kEpsilon) · weight, by rows of x (rows, columns);
// weight (columns); all float32 and contiguous. The result goes to y or is a new tensor.
namespace unaided::bench::rms_norm {

inline constexpr double kEpsilon = 1e-5;

void naive(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t columns);
at::Tensor composed(const at::Tensor& x, const at::Tensor& weight);
void fast(const float* x, const float* weight, float* y, std::int64_t rows, std::int64_t columns);
at::Tensor libtorch(const at::Tensor& x, const at::Tensor& weight);

}  // namespace unaided::bench::rms_norm
