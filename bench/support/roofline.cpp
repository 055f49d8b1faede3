#include "support/roofline.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <memory>

#include "support/memory_loops.h"

namespace unaided::bench {

namespace {

constexpr std::int64_t kMatrixRows = 768;
constexpr std::int64_t kBytesMax = 256 << 20;
constexpr std::int64_t kChunkFloats = 1 << 16;
constexpr std::int64_t kChunksOfThread = 16;  // 4 MiB
constexpr double kFloatBytes = sizeof(float);

using Loop = std::function<void(std::int64_t begin, std::int64_t count)>;

/// Each call takes the next slice: short enough that a core which is taken away spoils a few calls
/// only, of an array that exceeds the cache.
Roofline in_slices(std::int64_t count, double bytes_per_float, Loop loop) {
  const std::int64_t slice = kChunkFloats * kChunksOfThread * at::get_num_threads();
  auto next = std::make_shared<std::int64_t>(0);
  auto run = [count, slice, next, loop = std::move(loop)] {
    const std::int64_t first = *next;
    *next = first + 2 * slice > count ? 0 : first + slice;
    at::parallel_for(0, slice / kChunkFloats, 1, [&](std::int64_t begin, std::int64_t end) {
      loop(first + begin * kChunkFloats, (end - begin) * kChunkFloats);
    });
  };
  return {run, bytes_per_float * static_cast<double>(slice)};
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
  const std::int64_t slice = kChunkFloats * kChunksOfThread * at::get_num_threads();
  const std::int64_t floats =
      std::min(2 * cache_bytes, kBytesMax) / static_cast<std::int64_t>(sizeof(float));
  const std::int64_t count = (floats / slice + 1) * slice;
  const torch::Tensor from = torch::ones(count);
  const torch::Tensor to = torch::ones(count);
  switch (limit) {
    case Limit::kRead:
      return in_slices(count, kFloatBytes, [from](auto begin, auto size) {
        stream_read(from.data_ptr<float>() + begin, static_cast<std::size_t>(size));
      });
    case Limit::kReadModifyWrite:
      return in_slices(count, 2 * kFloatBytes, [to](auto begin, auto size) {
        stream_update(to.data_ptr<float>() + begin, static_cast<std::size_t>(size));
      });
    default:
      return in_slices(count, 2 * kFloatBytes, [from, to](auto begin, auto size) {
        stream_copy(from.data_ptr<float>() + begin, to.data_ptr<float>() + begin,
                    static_cast<std::size_t>(size));
      });
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
