#include "warm_up.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <filesystem>
#include <iterator>

#include "../fault.h"

namespace unaided {

namespace {

void use_common_operators(const torch::TensorOptions& options) {
  const torch::Tensor a = torch::randn({2, 3, 4}, options);
  const torch::Tensor b = torch::ones({2, 3, 4}, options);
  torch::Tensor c = torch::matmul(a, b.transpose(-2, -1)) / 2.0;
  const torch::Tensor keep = torch::ones({3, 3}, torch::kBool).tril();
  c = c.masked_fill(keep.logical_not(), 0.0) - c.amax({-1}, true);
  c = torch::softmax(c, -1) + (c.exp() / c.exp().sum(-1, true));
  c = torch::where(c > 0, c, torch::zeros_like(c)).clone().contiguous();
  c = torch::cat({c, c}, -1)
          .reshape({2, -1})
          .to(torch::kFloat64)
          .index_select(0, torch::arange(2, torch::kLong));
  c = torch::stack({c, c}).permute({1, 0, 2}).flatten(1).narrow(1, 0, 2).select(0, 0);
  c.add_(1).mul_(2).copy_(torch::full_like(c, 3.0));
  c = torch::outer(c, c).cos().sin().sqrt().abs().pow(2).clamp_min(0).mean();
  if (c.item<double>() != c.item<double>() || torch::allclose(a, b) || torch::equal(a, b)) return;
}

void use_autograd(const torch::TensorOptions& options) {
  const torch::Tensor x = torch::randn({3, 4}, options).requires_grad_(true);
  const torch::Tensor y = torch::softmax(torch::matmul(x, x.transpose(0, 1)), -1);
  (y * y).sum().backward();
  static_cast<void>(x.grad().abs().max().item<double>());
}

}  // namespace

void touch_common_memory() {
  use_common_operators(torch::kFloat32);
  use_autograd(torch::kFloat32);
}

void warm_up() {
  at::set_num_threads(1);
  at::set_num_interop_threads(1);
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kBFloat16}) {
    use_common_operators(torch::TensorOptions().dtype(type));
    use_autograd(torch::TensorOptions().dtype(type));
  }
  const auto threads = std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                                     std::filesystem::directory_iterator());
  if (threads != 1) {
    throw Fault("the worker has " + std::to_string(threads) + " threads after its warm-up");
  }
}

}  // namespace unaided
