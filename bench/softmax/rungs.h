#pragma once

#include <cstdint>

namespace at {
class Tensor;
}

// The softmax of each row of x (rows, columns), float32 and contiguous, into y or as a new tensor.
namespace unaided::bench::softmax {

void naive(const float* x, float* y, std::int64_t rows, std::int64_t columns);
at::Tensor composed(const at::Tensor& x);
void fast(const float* x, float* y, std::int64_t rows, std::int64_t columns);
at::Tensor libtorch(const at::Tensor& x);

}  // namespace unaided::bench::softmax
