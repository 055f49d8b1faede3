#pragma once

#include <cstdint>
#include <vector>

namespace at {
class Tensor;
}

// One step of AdamW, in place: p ← p · (1 − lr · weight_decay), m ← beta1 · m + (1 − beta1) · g,
// v ← beta2 · v + (1 − beta2) · g², p ← p − lr · m / (1 − beta1^step) / (√(v / (1 − beta2^step)) +
// eps). Parameters, gradients g, m and v are float32, contiguous and of one size.
namespace unaided::bench::adamw_step {

struct Options {
  double lr, beta1, beta2, eps, weight_decay;
  double step;  // counted from 1, this one included
};

/// The tensors of one parameter, `size` numbers each.
struct Slot {
  float* p;
  const float* g;
  float* m;
  float* v;
  std::int64_t size;
};

/// The factors of a step, as float32 once their differences are taken in float64.
struct Factors {
  explicit Factors(const Options& options);
  float decay;          // 1 − lr · weight_decay
  float beta1, rest1;   // beta1, 1 − beta1
  float beta2, rest2;   // beta2, 1 − beta2
  float rate;           // lr / (1 − beta1^step)
  float inverse_root2;  // 1 / √(1 − beta2^step)
  float eps;
};

using Tensors = std::vector<at::Tensor>;

void naive(const Slot& slot, const Factors& factors);
void composed(const Tensors& p, const Tensors& g, const Tensors& m, const Tensors& v,
              const Options& options);
void fast(const Slot& slot, const Factors& factors);
void libtorch(const Tensors& p, const Tensors& g, const Tensors& m, const Tensors& v,
              const Options& options);

}  // namespace unaided::bench::adamw_step
