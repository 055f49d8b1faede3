#include "support/device_roofline.h"

namespace unaided::bench {

std::string device_limit_name(Limit limit, const std::string& dtype) {
  return limit_name(limit == Limit::kMatmul ? limit : Limit::kCopy, dtype);
}

Roofline make_device_roofline(Limit limit, const std::string& dtype, const torch::Device& device,
                              const DeviceLimitSizes& sizes) {
  if (limit != Limit::kMatmul) {
    const auto options = torch::device(device).dtype(torch::kInt8);
    const torch::Tensor from = torch::ones({sizes.copy_bytes}, options);
    torch::Tensor to = torch::empty({sizes.copy_bytes}, options);
    return {[from, to]() mutable { to.copy_(from); }, 2.0 * static_cast<double>(sizes.copy_bytes)};
  }
  const auto type = dtype == "bf16" ? torch::kBFloat16 : torch::kFloat32;
  const std::int64_t n = sizes.matrix_rows;
  const torch::Tensor a = torch::randn({n, n}, torch::device(device)).to(type);
  const torch::Tensor b = torch::randn({n, n}, torch::device(device)).to(type);
  torch::Tensor c = torch::empty({n, n}, torch::device(device).dtype(type));
  const auto rows = static_cast<double>(n);
  return {[a, b, c]() mutable { at::matmul_out(c, a, b); }, 2 * rows * rows * rows};
}

}  // namespace unaided::bench
