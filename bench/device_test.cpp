// How a card is timed, without one: a device whose clock the test turns, and the kernels' operators
// on the processor in its place.
#include <gtest/gtest.h>

#include <stdexcept>

#include "ladder.h"
#include "support/card_kernels.h"
#include "support/device_kernel.h"
#include "support/device_measurement.h"
#include "support/device_rung.h"
#include "support/device_timing.h"

namespace unaided::bench {
namespace {

constexpr double kMicrosecond = 1e-6;

/// A device on which work is a number of seconds, on the current stream or beside it. Queueing
/// costs the processor time; waiting ends when both streams are done.
class FakeDevice : public DeviceQueue {
 public:
  void work(double seconds) { stream_s_ = std::max(stream_s_, host_s_) + seconds; }
  void work_beside(double seconds) { beside_s_ = std::max(beside_s_, host_s_) + seconds; }

  double now_s() override { return host_s_; }
  int mark() override {
    host_s_ += kQueueing;
    stream_s_ = std::max(stream_s_, host_s_);
    marks_.push_back(stream_s_);
    return static_cast<int>(marks_.size()) - 1;
  }
  void forget_marks() override { marks_.clear(); }
  double seconds_between(int first, int second) override {
    return marks_.at(static_cast<std::size_t>(second)) - marks_.at(static_cast<std::size_t>(first));
  }
  void synchronize() override { host_s_ = std::max({host_s_, stream_s_, beside_s_}) + kWaiting; }
  void flush_cache() override {
    ++flushes;
    work(kFlushing);
  }
  std::function<void()> record(const std::function<void()>& recorded) override {
    if (refuse_graphs) throw std::runtime_error("it waits for the device\nat some place");
    const double before = stream_s_ = std::max(stream_s_, host_s_);
    recorded();
    const double seconds = stream_s_ - before;
    stream_s_ = before;
    return [this, seconds] { work(seconds); };
  }

  int flushes = 0;
  bool refuse_graphs = false;

  static constexpr double kQueueing = 2e-6;
  static constexpr double kWaiting = 10e-6;
  static constexpr double kFlushing = 100e-6;

 private:
  double host_s_ = 0;
  double stream_s_ = 0;
  double beside_s_ = 0;
  std::vector<double> marks_;
};

DeviceSample sample_of(FakeDevice& device, const std::function<void()>& work) {
  const double overhead_s = waiting_overhead_s(device);
  std::vector<DeviceTime> times;
  for (int i = 0; i < 5; ++i)
    times.push_back(time_call(
        device, [] {}, work));
  return judge_times(times, overhead_s);
}

TEST(DeviceTiming, MarksTimeTheCallAndNotItsPrelude) {
  FakeDevice device;
  const DeviceTime time = time_call(
      device, [&] { device.flush_cache(); }, [&] { device.work(30 * kMicrosecond); });
  EXPECT_NEAR(time.events_s, 30 * kMicrosecond, 1e-9);
  EXPECT_GE(time.queued_s, FakeDevice::kFlushing + 30 * kMicrosecond);
  EXPECT_GT(time.wall_s, time.queued_s);
}

TEST(DeviceTiming, OnItsOwnStreamBothClocksAgree) {
  FakeDevice device;
  const DeviceSample sample = sample_of(device, [&] { device.work(400 * kMicrosecond); });
  EXPECT_EQ(sample.escaped_s, 0);
  EXPECT_NEAR(sample.charged_s(), 400 * kMicrosecond, 5 * kMicrosecond);
}

TEST(DeviceTiming, WorkOnAnotherStreamIsSeenByTheWallAndCharged) {
  FakeDevice device;
  const DeviceSample sample = sample_of(device, [&] { device.work_beside(400 * kMicrosecond); });
  EXPECT_LT(sample.events_s, 10 * kMicrosecond);
  EXPECT_NEAR(sample.escaped_s, 400 * kMicrosecond, 20 * kMicrosecond);
  EXPECT_GT(sample.charged_s(), 350 * kMicrosecond);
}

TEST(DeviceTiming, OneAccidentAmongTheCallsIsNoDisagreement) {
  const std::vector<DeviceTime> times{{1e-4, 1e-4, 1.1e-4}, {1e-4, 1e-4, 9e-3}, {1e-4, 1e-4, 1e-4}};
  EXPECT_EQ(judge_times(times, 1e-5).escaped_s, 0);
}

TEST(DeviceTiming, AReplayIsPartOfARow) {
  FakeDevice device;
  const auto replay = device.record([&] { device.work(3 * kMicrosecond); });
  EXPECT_NEAR(time_replays(device, replay, 100).events_s, 3 * kMicrosecond, 1e-8);
}

const Kernel& kernel_named(const std::string& id) {
  for (const Kernel& kernel : kernels()) {
    if (kernel.id == id) return kernel;
  }
  throw std::out_of_range(id);
}

const Problem& tiny_of(const Kernel& kernel, const std::string& dtype) {
  for (const Problem& problem : kernel.problems) {
    if (problem.tiny && problem.dtype == dtype) return problem;
  }
  throw std::out_of_range(dtype);
}

std::vector<Kernel> kernels_of_cards() {
  std::vector<Kernel> all = kernels();
  for (Kernel& kernel : card_kernels()) all.push_back(std::move(kernel));
  return all;
}

TEST(DeviceKernel, OfEveryKernelTheOperatorRungsAreCorrectInEveryDtype) {
  for (const Kernel& kernel : kernels_of_cards()) {
    const Kernel placed = on_device(kernel, torch::kCPU);
    ASSERT_EQ(placed.rungs.size(), 2U) << kernel.id;
    for (const Problem& problem : placed.problems) {
      if (!problem.tiny) continue;
      for (const Rung& rung : placed.rungs) {
        Finding finding;
        check_on_device(problem, rung, /*seed=*/7, finding);
        EXPECT_EQ(finding.failure, "")
            << kernel.id << " " << problem.dtype << " " << rung.name << ", error " << finding.error;
      }
    }
  }
}

TEST(DeviceKernel, TheFastRungIsAFunctionOfItsKataThroughTheContract) {
  int count = 0;
  for (const Kernel& kernel : kernels_of_cards()) {
    if (kernel.card_contracts.empty()) continue;
    const Contract& contract = kernel.card_contracts[0];
    Kernel placed = on_device(kernel, torch::kCPU);
    add_fast_rung(placed,
                  std::string(UNAIDED_BENCH_ATTEMPTS) + "/" + kernel.id + "_" + contract.kata +
                      "_level" + std::to_string(contract.level) + ".so",
                  contract.shapes);
    const Rung& fast = placed.rungs.back();
    EXPECT_EQ(fast.name, "fast");
    EXPECT_NE(fast.lesson, "");
    Finding finding;
    check_on_device(tiny_of(placed, "f32"), fast, /*seed=*/11, finding);
    EXPECT_EQ(finding.failure, "") << kernel.id << ", error " << finding.error;
    ++count;
  }
  EXPECT_EQ(count, 5);
}

TEST(DeviceKernel, AWrongPlaceAmongTheLargestIsSeen) {
  const Kernel placed = on_device(card_kernels()[0], torch::kCPU);
  const Problem& problem = tiny_of(placed, "f32");
  const Tensors inputs = problem.make_inputs(5);
  const Tensors right = placed.rungs.back().run(problem, inputs);
  EXPECT_EQ(problem.error(inputs, right), 0);
  torch::Tensor places = right[1].clone();
  places[0][1] = places[0][0];
  EXPECT_GT(problem.error(inputs, {right[0], places}), problem.error_max);
  EXPECT_GT(problem.error(inputs, {right[0], right[1] + inputs[0].size(1)}), problem.error_max);
  EXPECT_GT(problem.error(inputs, {right[0].flip(1), right[1].flip(1)}), problem.error_max);
}

TEST(DeviceKernel, TheTwinInBfloat16HasHalfTheBytesAndItsOwnType) {
  const Kernel placed = on_device(kernel_named("softmax"), torch::kCPU);
  const Problem &wide = tiny_of(placed, "f32"), &twin = tiny_of(placed, "bf16");
  EXPECT_EQ(twin.bytes_min, wide.bytes_min / 2);
  const Tensors inputs = twin.make_inputs(1);
  EXPECT_EQ(inputs[0].scalar_type(), torch::kBFloat16);
  const Tensors outputs = placed.rungs[1].run(twin, inputs);
  EXPECT_EQ(outputs[0].scalar_type(), torch::kBFloat16);
  EXPECT_FALSE(twin.error(inputs, {outputs[0].to(torch::kFloat32)}) <= twin.error_max)
      << "the result's type is part of the problem";
}

Rung rung_of(const std::function<torch::Tensor(const torch::Tensor&)>& run) {
  Rung rung;
  rung.name = kAttemptRung;
  rung.run = [run](const Problem&, const Tensors& inputs) { return Tensors{run(inputs[0])}; };
  return rung;
}

std::string failure_of(const Rung& rung) {
  const Kernel placed = on_device(kernel_named("softmax"), torch::kCPU);
  Finding finding;
  check_on_device(tiny_of(placed, "f32"), rung, /*seed=*/3, finding);
  return finding.failure;
}

TEST(DeviceGate, WhatIsWrongGetsNoTime) {
  EXPECT_EQ(failure_of(rung_of([](const auto& x) { return torch::softmax(x, 1); })), "");
  EXPECT_NE(failure_of(rung_of([](const auto& x) { return torch::softmax(x, 0); })), "");
  EXPECT_NE(failure_of(rung_of([](const auto&) { return torch::Tensor(); })), "");
  EXPECT_NE(failure_of(rung_of([](const auto& x) { return torch::softmax(x.zero_(), 1); })), "");
  EXPECT_NE(failure_of(rung_of([](const auto& x) -> torch::Tensor {
              throw std::runtime_error("no " + std::to_string(x.dim()));
            })),
            "");
}

/// measure_on_device() of the tiny softmax, whose rungs take these times on the fake device.
BenchProblem measured(FakeDevice& device, double baseline_s, double attempt_s, bool beside) {
  Kernel placed = on_device(kernel_named("softmax"), torch::kCPU);
  for (Rung& rung : placed.rungs) {
    rung.run = [&device, baseline_s](const Problem&, const Tensors& inputs) {
      device.work(baseline_s);
      return Tensors{torch::softmax(inputs[0], 1)};
    };
  }
  placed.rungs.push_back(rung_of([&device, attempt_s, beside](const torch::Tensor& x) {
    beside ? device.work_beside(attempt_s) : device.work(attempt_s);
    return torch::softmax(x, 1);
  }));
  DeviceMeasureOptions options;
  options.common.budget_s = 1;
  options.common.sample_s = 1e-4;
  options.common.progress = [](const std::string&, double) {};
  options.limits = {.copy_bytes = 1 << 10, .matrix_rows = 8};
  return measure_on_device(placed, tiny_of(placed, "f32"), placed.rungs, device, options);
}

TEST(DeviceMeasurement, HotAndFlushedSeriesHoldWhatTheDeviceTook) {
  FakeDevice device;
  BenchReport report;
  report.problems = {measured(device, 200 * kMicrosecond, 100 * kMicrosecond, /*beside=*/false)};
  const auto& series = report.problems[0].series;
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].name, "hot");
  EXPECT_EQ(series[1].name, "cold");
  EXPECT_GT(device.flushes, 0);
  for (const BenchSeries& one : series) {
    EXPECT_NEAR(median_time(one.samples.at(kBaselineRung)), 200 * kMicrosecond, 1e-7) << one.name;
    EXPECT_NEAR(median_time(one.samples.at(kAttemptRung)), 100 * kMicrosecond, 1e-7) << one.name;
    EXPECT_TRUE(one.disturbances.empty());
  }
  for (const Ladder& ladder : make_ladders(report)) EXPECT_TRUE(ladder.control_holds());
}

TEST(DeviceMeasurement, AShortKernelHasASeriesOfGraphs) {
  FakeDevice device;
  const BenchProblem problem = measured(device, 5 * kMicrosecond, 4 * kMicrosecond, false);
  ASSERT_EQ(problem.series.size(), 3U);
  EXPECT_EQ(problem.series[2].name, "graph");
  EXPECT_NEAR(median_time(problem.series[2].samples.at(kAttemptRung)), 4 * kMicrosecond, 1e-8);
}

TEST(DeviceMeasurement, WhatCannotBeRecordedIsSaidAndHasNoSuchTime) {
  FakeDevice device;
  device.refuse_graphs = true;
  const BenchProblem problem = measured(device, 5 * kMicrosecond, 4 * kMicrosecond, false);
  const BenchSeries& graph = problem.series.at(2);
  EXPECT_EQ(graph.samples.count(kAttemptRung), 0U);
  ASSERT_FALSE(graph.disturbances.empty());
  EXPECT_EQ(graph.disturbances.back(),
            "yours cannot be recorded as a graph: it waits for the device");
}

TEST(DeviceMeasurement, ClocksThatDisagreeAreFlaggedAndCharged) {
  FakeDevice device;
  const BenchProblem problem = measured(device, 200 * kMicrosecond, 400 * kMicrosecond, true);
  const BenchSeries& hot = problem.series.at(0);
  ASSERT_EQ(hot.disturbances.size(), 1U);
  EXPECT_NE(hot.disturbances[0].find("the clocks disagree on yours"), std::string::npos);
  EXPECT_GT(median_time(hot.samples.at(kAttemptRung)), 350 * kMicrosecond);
}

}  // namespace
}  // namespace unaided::bench
