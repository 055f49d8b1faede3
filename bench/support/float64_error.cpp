#include "support/float64_error.h"

#include <cmath>

namespace unaided::bench {
namespace {

bool comparable(const torch::Tensor& got, const torch::Tensor& want, torch::ScalarType dtype) {
  return got.defined() && got.scalar_type() == dtype && got.sizes() == want.sizes();
}

double largest(const torch::Tensor& errors) {
  if (errors.numel() == 0) return 0;
  const double error = errors.max().item<double>();
  return std::isnan(error) ? kIncomparable : error;
}

}  // namespace

bool has_outputs(const Tensors& outputs, std::size_t count) {
  if (outputs.size() != count) return false;
  for (const torch::Tensor& output : outputs) {
    if (!output.defined() || !output.is_cpu()) return false;
  }
  return true;
}

double absolute_error(const torch::Tensor& got, const torch::Tensor& want,
                      torch::ScalarType dtype) {
  if (!comparable(got, want, dtype)) return kIncomparable;
  return largest(got.to(torch::kFloat64).sub_(want).abs_());
}

double relative_error(const torch::Tensor& got, const torch::Tensor& want, double floor,
                      torch::ScalarType dtype) {
  if (!comparable(got, want, dtype)) return kIncomparable;
  return largest(got.to(torch::kFloat64).sub_(want).abs_().div_(want.abs().add_(floor)));
}

}  // namespace unaided::bench
