#include "emulated_device/emulated_device.h"

#include <gtest/gtest.h>

#include <numeric>

#include "fault.h"

namespace support {

Device& device() {
  return unaided::EmulatedDevice::current();
}

}  // namespace support

namespace unaided {
namespace {

using emulated_device::prepare;
using support::DeviceArray;
using support::DeviceStream;

class EmulatedDeviceTest : public testing::Test {
 protected:
  explicit EmulatedDeviceTest(std::uint64_t seed = 1) : device_(seed) {}

  /// What finish() says of a kernel without arguments.
  template <typename Kernel>
  std::string trouble(Kernel kernel, dim3 grid, dim3 block, std::size_t bytes = 0) {
    const DeviceStream stream;
    prepare(kernel, grid, block, bytes, stream.get())();
    return device_.finish(stream.get());
  }

  static testing::AssertionResult says(const std::string& text, const std::string& expected) {
    if (text.find(expected) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "expected: " << expected << "\n     got: " << text;
  }

  EmulatedDevice device_;
};

/// Each block reverses `n` elements through shared memory.
void reverse(int* x, int n, bool wait) {
  static int tile[256];
  emulated_device::use_shared(&tile, sizeof tile);
  const int i = static_cast<int>(threadIdx.x);
  int* const mine = x + static_cast<std::ptrdiff_t>(blockIdx.x) * n;
  tile[i] = mine[i];
  if (wait) __syncthreads();
  mine[i] = tile[n - 1 - i];
}

TEST_F(EmulatedDeviceTest, AKernelRunsForEveryThreadOfEveryBlock) {
  const DeviceStream stream;
  const DeviceArray<int> counts(stream, std::vector<int>(2 * 3 * 4 * 5, 0));
  const auto count = [](int* out) {
    const unsigned block = blockIdx.x + gridDim.x * blockIdx.y;
    const unsigned thread = threadIdx.x + blockDim.x * threadIdx.y;
    out[block * blockDim.x * blockDim.y + thread] += 1;
  };
  prepare(count, dim3(2, 3), dim3(4, 5), 0, stream.get())(counts.data());
  EXPECT_EQ(device_.finish(stream.get()), "");
  EXPECT_EQ(counts.download(), std::vector<int>(2 * 3 * 4 * 5, 1));
  ASSERT_EQ(device_.launches().size(), 1U);
  EXPECT_EQ(device_.launches()[0].blocks, 6);
  EXPECT_EQ(device_.launches()[0].threads, 20);
}

TEST_F(EmulatedDeviceTest, ABarrierMakesAnExchangeRightAndItsLackWrong) {
  for (const bool wait : {true, false}) {
    const DeviceStream stream;
    std::vector<int> values(4 * 64);
    std::iota(values.begin(), values.end(), 0);
    const DeviceArray<int> x(stream, values);
    prepare(reverse, 4, 64, 0, stream.get())(x.data(), 64, wait);
    ASSERT_EQ(device_.finish(stream.get()), "");
    for (int block = 0; block < 4; ++block) {
      std::reverse(values.begin() + block * 64, values.begin() + (block + 1) * 64);
    }
    EXPECT_EQ(x.download() == values, wait);
  }
}

TEST_F(EmulatedDeviceTest, ABarrierThatSomeDoNotReachIsNamed) {
  const auto some_return = [] {
    if (threadIdx.x >= 48) return;
    __syncthreads();
  };
  EXPECT_TRUE(says(trouble(some_return, 1, 64), "is reached by 48 of its 64 threads: 16 have "));
  EmulatedDevice* const first = &device_;
  EXPECT_EQ(first->last_error(/*forget=*/true), cudaErrorLaunchFailure);
}

TEST_F(EmulatedDeviceTest, DifferentBarriersAreNamed) {
  const auto two_places = [] {
    if (threadIdx.x % 2 == 0) {
      __syncthreads();
    } else {
      __syncthreads();
    }
  };
  EXPECT_TRUE(says(trouble(two_places, 1, 64), "its threads wait at different barriers, in lines"));
}

TEST_F(EmulatedDeviceTest, VotesOfTheBlockAreCounted) {
  const DeviceStream stream;
  const DeviceArray<int> out(stream, 3 * 40);
  const auto vote = [](int* to) {
    const int odd = static_cast<int>(threadIdx.x % 2);
    to[threadIdx.x] = __syncthreads_count(odd);
    to[40 + threadIdx.x] = __syncthreads_and(odd);
    to[80 + threadIdx.x] = __syncthreads_or(odd);
  };
  prepare(vote, 1, 40, 0, stream.get())(out.data());
  ASSERT_EQ(device_.finish(stream.get()), "");
  std::vector<int> expected(120, 20);
  std::fill(expected.begin() + 40, expected.begin() + 80, 0);
  std::fill(expected.begin() + 80, expected.end(), 1);
  EXPECT_EQ(out.download(), expected);
}

TEST_F(EmulatedDeviceTest, ShufflesAndVotesOfAWarpGiveWhatCudaSays) {
  const DeviceStream stream;
  const DeviceArray<int> out(stream, 64 * 7);
  const auto shuffle = [](int* to) {
    const int i = static_cast<int>(threadIdx.x);
    to[i] = __shfl_xor_sync(0xffffffff, i, 5);
    to[64 + i] = __shfl_down_sync(0xffffffff, i, 3, 8);
    to[128 + i] = __shfl_up_sync(0xffffffff, i, 2);
    to[192 + i] = __shfl_sync(0xffffffff, i, 9, 8);
    to[256 + i] = static_cast<int>(__ballot_sync(0xffffffff, i % 3 == 0));
    to[320 + i] = __any_sync(0xffffffff, i == 40) + 2 * __all_sync(0xffffffff, i >= 32);
    to[384 + i] = i < 16 ? __shfl_sync(0x0000ffff, i, 3) : 0;
  };
  prepare(shuffle, 1, 64, 0, stream.get())(out.data());
  ASSERT_EQ(device_.finish(stream.get()), "");
  const std::vector<int> got = out.download();
  for (int i = 0; i < 64; ++i) {
    const auto at = [&](int row) { return got[static_cast<std::size_t>(row * 64 + i)]; };
    const int lane = i % 32, warp = i - lane;
    unsigned ballot = 0;
    for (int other = 0; other < 32; ++other) ballot |= ((warp + other) % 3 == 0 ? 1U : 0U) << other;
    EXPECT_EQ(at(0), warp + (lane ^ 5));
    EXPECT_EQ(at(1), lane % 8 + 3 < 8 ? i + 3 : i);
    EXPECT_EQ(at(2), lane < 2 ? i : i - 2);
    EXPECT_EQ(at(3), i / 8 * 8 + 1);
    EXPECT_EQ(at(4), static_cast<int>(ballot));
    EXPECT_EQ(at(5), warp == 0 ? 0 : 3);
    EXPECT_EQ(at(6), i < 16 ? 3 : 0);
  }
}

TEST_F(EmulatedDeviceTest, LanesThatDoNotComeAreNamed) {
  const auto half = [] {
    if (threadIdx.x < 16) __shfl_down_sync(0xffffffff, 1.0F, 8);
    __syncthreads();
  };
  EXPECT_TRUE(says(trouble(half, 1, 32), "16 wait for lanes of their warp"));
}

TEST_F(EmulatedDeviceTest, MasksThatDifferAreNamed) {
  const auto in_a_circle = [] { __syncwarp(1U << threadIdx.x | 1U << (threadIdx.x + 1) % 3); };
  EXPECT_TRUE(says(trouble(in_a_circle, 1, 3), "which do not all come with that mask"));
}

TEST_F(EmulatedDeviceTest, AMaskWithoutItsOwnLaneIsNamed) {
  const auto mask = [] { __syncwarp(1); };
  EXPECT_TRUE(says(trouble(mask, 1, 2), "lane 1 is not in the mask 0x00000001"));
}

TEST_F(EmulatedDeviceTest, LanesThatHaveEndedAreNotWaitedFor) {
  const auto some_end = [] {
    if (threadIdx.x >= 20) return;
    __syncwarp();
  };
  EXPECT_EQ(trouble(some_end, 1, 32), "");
}

TEST_F(EmulatedDeviceTest, TooMuchSharedMemoryIsRefused) {
  const auto much = [] {
    static unsigned char bytes[50'000];
    emulated_device::use_shared(bytes, sizeof bytes);
  };
  EXPECT_TRUE(says(trouble(much, 1, 1), "50000 bytes of shared memory are declared"));
}

TEST_F(EmulatedDeviceTest, DynamicSharedMemoryAboveTheLimitMustBeAllowed) {
  const auto nothing = [] {};
  EXPECT_TRUE(says(trouble(nothing, 1, 1, 60'000), "asks for 60000 bytes of shared memory"));
  cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 60'000);
  EXPECT_EQ(trouble(nothing, 1, 1, 60'000), "");
}

TEST_F(EmulatedDeviceTest, AWritePastDynamicSharedMemoryIsSeen) {
  const auto one_too_many = [] {
    float* const s = emulated_device::DynamicShared{};
    for (int i = 0; i <= 8; ++i) s[i] = 0;
  };
  EXPECT_TRUE(says(trouble(one_too_many, 1, 1, 32), "past the 32 bytes of dynamic shared memory"));
}

TEST_F(EmulatedDeviceTest, LaunchesThatCannotBeAreNamed) {
  const auto nothing = [] {};
  EXPECT_TRUE(says(trouble(nothing, 1, 1025), "asks for blocks of (1025, 1, 1) threads"));
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_TRUE(says(trouble(nothing, 0, 1), "asks for a grid of (0, 1, 1) blocks"));
  EXPECT_TRUE(says(trouble(nothing, dim3(1, 65536), 1), "to 65535 in y and z"));
}

TEST_F(EmulatedDeviceTest, WorkOnAnotherStreamIsNamedAndNotWaitedFor) {
  const DeviceStream stream;
  const DeviceArray<int> x(stream, std::vector<int>{1});
  const auto set = [](int* to) { *to = 2; };
  prepare(set, 1, 1)(x.data());
  EXPECT_TRUE(says(device_.finish(stream.get()), "work was put on the default stream"));
  EXPECT_EQ(x.download(), std::vector<int>{1});
}

TEST_F(EmulatedDeviceTest, WaitingIsNamed) {
  const DeviceStream stream;
  EXPECT_EQ(cudaStreamSynchronize(stream.get()), cudaSuccess);
  EXPECT_TRUE(says(device_.finish(stream.get()), "cudaStreamSynchronize waits for the device"));
}

TEST_F(EmulatedDeviceTest, AHostPointerIsNotTakenForDeviceMemory) {
  const DeviceStream stream;
  const DeviceArray<int> x(stream, 1);
  int on_the_host = 0;
  prepare([](int*, int*) {}, 1, 1, 0, stream.get())(x.data(), &on_the_host);
  EXPECT_TRUE(says(device_.finish(stream.get()), "passes, as argument 2, a pointer that is not"));
}

TEST_F(EmulatedDeviceTest, TheHostCannotTouchDeviceMemory) {
  const DeviceStream stream;
  const DeviceArray<int> x(stream, 1);
  EXPECT_DEATH(*x.data() = 1, "");
}

TEST_F(EmulatedDeviceTest, WritesIntoTheGuardZonesAreSeen) {
  const DeviceStream stream;
  const DeviceArray<float> x(stream, 3), y(stream, 3);
  prepare([](float* to) { to[3] = 0; }, 1, 1, 0, stream.get())(x.data());
  prepare([](float* to) { to[-1] = 0; }, 1, 1, 0, stream.get())(y.data());
  EXPECT_EQ(device_.finish(stream.get()), "");
  EXPECT_TRUE(says(x.guard_damage("x"), "x was written 0 bytes past its end"));
  EXPECT_TRUE(says(y.guard_damage("y"), "y was written 4 bytes before its start"));
}

TEST_F(EmulatedDeviceTest, MemoryOfTheAttemptIsCountedAndMustBeFreed) {
  const DeviceStream stream;
  float* scratch = nullptr;
  ASSERT_EQ(cudaMallocAsync(&scratch, 400, stream.get()), cudaSuccess);
  EXPECT_TRUE(says(device_.finish(stream.get()), "400 bytes that were allocated"));
  ASSERT_EQ(cudaMallocAsync(&scratch, 400, stream.get()), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(scratch, stream.get()), cudaSuccess);
  EXPECT_EQ(device_.finish(stream.get()), "");
  EXPECT_EQ(cudaFreeAsync(scratch, stream.get()), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMallocAsync(&scratch, std::size_t{1} << 40, stream.get()),
            cudaErrorMemoryAllocation);
}

TEST_F(EmulatedDeviceTest, ArgumentsAreCopiedAtTheLaunch) {
  const DeviceStream stream;
  const DeviceArray<int> x(stream, 1);
  int value = 1;
  prepare([](int* to, int given) { *to = given; }, 1, 1, 0, stream.get())(x.data(), value);
  value = 2;
  EXPECT_EQ(device_.finish(stream.get()), "");
  EXPECT_EQ(x.download(), std::vector<int>{1});
}

TEST_F(EmulatedDeviceTest, AnExceptionOfAThreadEndsTheKernel) {
  const auto thrower = [] { throw std::runtime_error("out of luck"); };
  EXPECT_TRUE(says(trouble(thrower, 1, 32), "a thread threw an exception: out of luck"));
}

TEST_F(EmulatedDeviceTest, ThereIsOne) {
  EXPECT_THROW(EmulatedDevice(2), Fault);
}

TEST(EmulatedDevice, TheSameSeedGivesTheSameOrder) {
  const auto order_of = [](std::uint64_t seed) {
    EmulatedDevice device(seed);
    const DeviceStream stream;
    const DeviceArray<int> order(stream, std::vector<int>(65, 0));
    const auto note = [](int* to) { to[++to[0]] = static_cast<int>(threadIdx.x); };
    prepare(note, 1, 64, 0, stream.get())(order.data());
    EXPECT_EQ(device.finish(stream.get()), "");
    return order.download();
  };
  EXPECT_EQ(order_of(3), order_of(3));
  EXPECT_NE(order_of(3), order_of(4));
}

}  // namespace
}  // namespace unaided
