#include "support/random_tensors.h"

#include <ATen/CPUGeneratorImpl.h>

namespace unaided::bench {

RandomTensors::RandomTensors(std::uint64_t seed)
    : generator_(at::make_generator<at::CPUGeneratorImpl>(seed)) {}

torch::Tensor RandomTensors::normal(const std::vector<std::int64_t>& sizes, double deviation,
                                    torch::ScalarType dtype) {
  return torch::empty(sizes, torch::kFloat32).normal_(0, deviation, generator_).to(dtype);
}

torch::Tensor RandomTensors::uniform(const std::vector<std::int64_t>& sizes) {
  return torch::empty(sizes, torch::kFloat64).uniform_(0, 1, generator_);
}

torch::Tensor RandomTensors::integers(const std::vector<std::int64_t>& sizes, std::int64_t limit) {
  return torch::empty(sizes, torch::kInt64).random_(0, limit, generator_);
}

}  // namespace unaided::bench
