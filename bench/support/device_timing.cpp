#include "support/device_timing.h"

#include <algorithm>

#include "comparison.h"

namespace unaided::bench {

namespace {

constexpr int kOverheadCalls = 21;

}  // namespace

DeviceTime time_call(DeviceQueue& queue, const std::function<void()>& prelude,
                     const std::function<void()>& work) {
  queue.synchronize();
  queue.forget_marks();
  const double begin_s = queue.now_s();
  const int first = queue.mark();
  prelude();
  const int before = queue.mark();
  work();
  const int after = queue.mark();
  queue.synchronize();
  const double end_s = queue.now_s();
  return {queue.seconds_between(before, after), queue.seconds_between(first, after),
          end_s - begin_s};
}

double waiting_overhead_s(DeviceQueue& queue) {
  std::vector<double> overheads;
  for (int i = 0; i < kOverheadCalls; ++i) {
    const DeviceTime time = time_call(
        queue, [] {}, [] {});
    overheads.push_back(time.wall_s - time.queued_s);
  }
  return median(overheads);
}

DeviceSample judge_times(const std::vector<DeviceTime>& times, double overhead_s) {
  std::vector<double> events, walls, unseen;
  for (const DeviceTime& time : times) {
    const double extra_s = std::max(0.0, time.wall_s - time.queued_s - overhead_s);
    events.push_back(time.events_s);
    unseen.push_back(extra_s);
    walls.push_back(time.events_s + extra_s);
  }
  DeviceSample sample{median(events), median(walls), median(unseen)};
  const double allowed_s = std::max(kEscapedSecondsMin, kEscapedPart * sample.events_s);
  if (sample.escaped_s <= allowed_s) sample.escaped_s = 0;
  return sample;
}

DeviceTime time_replays(DeviceQueue& queue, const std::function<void()>& replay, int count) {
  const DeviceTime time = time_call(queue, replay, [&] {
    for (int i = 0; i < count; ++i) replay();
  });
  return {time.events_s / count, time.queued_s / count, time.wall_s / count};
}

}  // namespace unaided::bench
