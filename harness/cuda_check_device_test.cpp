#include "worker/cuda_check_device.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "fault.h"
#include "testdata/fake_driver/stream.h"

namespace unaided {
namespace {

constexpr const char* kDriver = UNAIDED_BUILD "/fake_driver/fake_cuda.so";
constexpr std::chrono::hours kForEver{1};

class CudaCheckDeviceTest : public testing::Test {
 protected:
  static CudaCheckDevice::Options options(std::chrono::milliseconds held_max) {
    return {.libcuda = kDriver, .memory_bytes = 1 << 20, .held_max = held_max};
  }

  /// An entry of the driver, as an attempt's runtime calls it.
  template <typename Function>
  static Function* driver(const char* name) {
    return reinterpret_cast<Function*>(dlsym(dlopen(kDriver, RTLD_NOW), name));
  }

  /// Four bytes on the device that become 42 when `stream` runs.
  int* uploaded(cudaStream_t stream) {
    auto* const place = static_cast<int*>(device_.allocate(sizeof(int)));
    *place = -1;
    const int value = 42;
    device_.upload(stream, place, &value, sizeof value);
    return place;
  }

  int downloaded(const int* place) {
    int value = 0;
    device_.download(&value, place, sizeof value);
    return value;
  }

  CudaCheckDevice device_{options(kForEver)};
};

TEST_F(CudaCheckDeviceTest, AStreamRunsWhenItIsFinishedAndNotBefore) {
  for (const char* card_waits : {"1", "0"}) {
    setenv("FAKE_CUDA_WAITS", card_waits, 1);
    const cudaStream_t stream = device_.make_stream();
    int* const x = uploaded(stream);
    stream->enqueue([x] { *x += 1; });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(*x, -1);
    EXPECT_EQ(device_.finish(stream), "");
    EXPECT_EQ(downloaded(x), 43);
  }
  unsetenv("FAKE_CUDA_WAITS");
}

TEST_F(CudaCheckDeviceTest, WorkOnAnotherStreamFindsNoInputs) {
  const cudaStream_t stream = device_.make_stream();
  const int* const x = uploaded(stream);
  cudaStream_t other = nullptr;
  driver<int(cudaStream_t*, unsigned int)>("cuStreamCreate")(&other, 0);
  int seen = 0;
  other->enqueue([&] { seen = *x; });
  other->wait_until_idle();
  EXPECT_EQ(seen, -1);
  EXPECT_EQ(device_.finish(stream), "");
}

// Held for ever: to wait for a stream by mistake would be to hang.
TEST_F(CudaCheckDeviceTest, OneStreamAfterAnotherHasItsInputs) {
  for (int i = 0; i < 3; ++i) {
    const cudaStream_t stream = device_.make_stream();
    const int* const x = uploaded(stream);
    EXPECT_EQ(device_.finish(stream), "");
    EXPECT_EQ(downloaded(x), 42);
  }
}

TEST_F(CudaCheckDeviceTest, WhatWentWrongOnTheStreamIsToldInTheDriversWords) {
  const cudaStream_t stream = device_.make_stream();
  stream->enqueue([stream] { stream->error = 700; });
  EXPECT_EQ(device_.finish(stream), "an illegal memory access was encountered");
  stream->error = 0;  // which the fake would not forget
}

TEST_F(CudaCheckDeviceTest, MemoryIsAlignedAndWhatIsNotThereIsRefused) {
  const auto* const first = static_cast<char*>(device_.allocate(1));
  EXPECT_EQ(static_cast<char*>(device_.allocate(257)) - first, 256);
  EXPECT_EQ(static_cast<char*>(device_.allocate(1)) - first, 768);
  EXPECT_THROW(device_.allocate(1 << 20), std::bad_alloc);
}

TEST_F(CudaCheckDeviceTest, WhoWaitsForTheDeviceIsFoundOut) {
  CudaCheckDevice device(options(std::chrono::milliseconds(500)));
  for (const bool waits : {true, false}) {
    const cudaStream_t stream = device.make_stream();
    if (waits) driver<int()>("cuCtxSynchronize")();
    const std::string trouble = device.finish(stream);
    EXPECT_EQ(trouble.empty(), !waits) << trouble;
  }
}

TEST_F(CudaCheckDeviceTest, WhereAToolWatchesStreamsRunAtOnceAndEachArrayIsAnAllocation) {
  CudaCheckDevice watched({.libcuda = kDriver, .memory_bytes = 1, .watched = true});
  const cudaStream_t stream = watched.make_stream();
  auto* const place = static_cast<int*>(watched.allocate(sizeof(int)));
  const int value = 42;
  watched.upload(stream, place, &value, sizeof value);
  stream->wait_until_idle();  // would be for ever if it were held
  EXPECT_EQ(*place, 42);
  EXPECT_EQ(watched.finish(stream), "");
}

TEST_F(CudaCheckDeviceTest, WithoutACardTheCauseIsTold) {
  setenv("FAKE_CUDA_COUNT", "0", 1);
  try {
    const CudaCheckDevice none(options(kForEver));
    ADD_FAILURE();
  } catch (const Fault& fault) {
    EXPECT_EQ(std::string(fault.what()), "CUDA finds no card: another error");
  }
  unsetenv("FAKE_CUDA_COUNT");
  EXPECT_THROW(CudaCheckDevice({.libcuda = "/nowhere/libcuda.so.1"}), Fault);
}

}  // namespace
}  // namespace unaided
