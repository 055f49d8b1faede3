#include "support/roofline.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <map>

#include "support/memory_loops.h"

namespace unaided::bench {

namespace {

constexpr std::int64_t kMatrixRows = 768;
constexpr std::int64_t kBytesMax = 256 << 20;
constexpr std::int64_t kChunkFloats = 1 << 16;
constexpr double kFloatBytes = sizeof(float);

using Loop = std::function<void(std::int64_t begin, std::int64_t count)>;

std::function<void()> in_chunks(std::int64_t count, Loop loop) {
  return [count, loop = std::move(loop)] {
    at::parallel_for(0, count / kChunkFloats, 1, [&](std::int64_t begin, std::int64_t end) {
      loop(begin * kChunkFloats, (end - begin) * kChunkFloats);
    });
  };
}

Roofline matmul_roofline(const std::string& dtype) {
  const auto type = dtype == "bf16" ? torch::kBFloat16 : torch::kFloat32;
  const torch::Tensor a = torch::randn({kMatrixRows, kMatrixRows}).to(type);
  const torch::Tensor b = torch::randn({kMatrixRows, kMatrixRows}).to(type);
  torch::Tensor c = torch::empty({kMatrixRows, kMatrixRows}, type);
  const double rows = kMatrixRows;
  return {[a, b, c]() mutable { at::matmul_out(c, a, b); }, 2 * rows * rows * rows};
}

Roofline memory_roofline(Limit limit, std::int64_t cache_bytes) {
  const std::int64_t bytes = std::min(2 * cache_bytes, kBytesMax);
  const std::int64_t count = bytes / sizeof(float) / kChunkFloats * kChunkFloats;
  const torch::Tensor from = torch::ones(count);
  const torch::Tensor to = torch::ones(count);
  const auto floats = static_cast<double>(count);
  switch (limit) {
    case Limit::kRead:
      return {in_chunks(count,
                        [from](auto begin, auto size) {
                          stream_read(from.data_ptr<float>() + begin, size);
                        }),
              floats * kFloatBytes};
    case Limit::kReadModifyWrite:
      return {
          in_chunks(count, [to](auto begin,
                                auto size) { stream_update(to.data_ptr<float>() + begin, size); }),
          2 * floats * kFloatBytes};
    default:
      return {in_chunks(count,
                        [from, to](auto begin, auto size) {
                          stream_copy(from.data_ptr<float>() + begin, to.data_ptr<float>() + begin,
                                      size);
                        }),
              2 * floats * kFloatBytes};
  }
}

}  // namespace

std::string limit_name(Limit limit, const std::string& dtype) {
  static const std::map<Limit, std::string> names{{Limit::kCopy, "copy bandwidth"},
                                                  {Limit::kRead, "read bandwidth"},
                                                  {Limit::kReadModifyWrite, "update bandwidth"}};
  if (limit == Limit::kMatmul) return dtype + " matrix product";
  return names.at(limit);
}

Roofline make_roofline(Limit limit, const std::string& dtype, std::int64_t cache_bytes) {
  return limit == Limit::kMatmul ? matmul_roofline(dtype) : memory_roofline(limit, cache_bytes);
}

}  // namespace unaided::bench
