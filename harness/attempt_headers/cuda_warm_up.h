// What attempts of the CUDA katas commonly do, so that the templates behind it are instantiated and
// compiled once, with the headers, and not at every save. Never called.
namespace unaided_warm_up {

inline float reduce(float value, float* address, int* count) {
  for (int offset = 16; offset > 0; offset /= 2) {
    value += __shfl_down_sync(0xffffffff, value, static_cast<unsigned>(offset));
    value = fmaxf(value, __shfl_xor_sync(0xffffffff, value, offset));
  }
  const int index = __shfl_sync(0xffffffff, *count, 0) + __shfl_xor_sync(0xffffffff, *count, 1) +
                    __shfl_down_sync(0xffffffff, *count, 1);
  atomicAdd(count, index), atomicMax(count, index), atomicAdd(address, value);
  return std::max(__ldg(address), value) + std::min(value, 1.0F) + static_cast<float>(index);
}

inline void launch(const float* x, float* y, std::int64_t rows, std::int64_t columns,
                   cudaStream_t stream) {
  const auto kernel = [](auto... arguments) { static_cast<void>(sizeof...(arguments)); };
  emulated_device::prepare(kernel, dim3(static_cast<unsigned>(rows)), dim3(256), 0, stream)(
      x, y, rows, columns);
}

}  // namespace unaided_warm_up
