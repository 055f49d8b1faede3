#include "support/device_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "comparison.h"
#include "ladder.h"
#include "support/disturbances.h"

namespace unaided::bench {

namespace {

constexpr int kRooflineCalls = 3;
constexpr int kRoundsAtLeast = 5;           // whatever the budget says
constexpr double kReplayRowSeconds = 1e-3;  // of replays in a row
constexpr double kReplaysMax = 200;
constexpr double kMicrosecond = 1e-6;

std::vector<double> control_speeds(const BenchSeries& series) {
  const auto baseline = series.samples.find(kBaselineRung);
  const auto control = series.samples.find(kControl);
  if (baseline == series.samples.end() || control == series.samples.end()) return {};
  return paired_speeds(baseline->second, control->second);
}

}  // namespace

void DeviceSeries::add_roofline(const Roofline& roofline) {
  Participant limit;
  limit.contestant.name = kRoofline;
  limit.contestant.prepare = [] {};
  limit.contestant.finish = [](bool) {};
  limit.contestant.calls = kRooflineCalls;
  limit.contestant.warm_calls = 0;
  const auto last = std::make_shared<DeviceSample>();
  limit.contestant.timed_call = [this, last, run = roofline.run] {
    *last = judge_times({time_call(queue_, run, run)}, overhead_s_);
    return last->events_s;
  };
  limit.sample = [last] { return *last; };
  add(std::move(limit));
}

BenchSeries DeviceSeries::run(const std::string& name, const Progress& progress) {
  BenchSeries series;
  series.name = name;
  const double begin_s = MachineState::now().wall_s;
  for (int done = 0; done < kRoundsMax && !series.budget_decided;) {
    run_one_round(done, series);
    ++done;
    const int wanted =
        done < kRoundsMin ? kRoundsMin : rounds_for(control_speeds(series), kEffectWanted);
    if (done >= wanted) break;
    const double spent_s = MachineState::now().wall_s - begin_s;
    progress(fmt::format("{}: round {} of about {}", name, done, wanted),
             std::max(spent_s / budget_s_, static_cast<double>(done) / wanted));
    series.budget_decided = spent_s * (done + 1) / done > budget_s_ && done >= kRoundsAtLeast;
  }
  add_disagreements(series);
  return series;
}

void DeviceSeries::run_one_round(int round, BenchSeries& series) {
  std::vector<Contestant> contestants;
  for (const Participant& one : participants_) contestants.push_back(one.contestant);
  for (const Sample& sample : run_round(contestants, round, random_)) {
    const Participant& one = participants_[sample.contestant];
    const DeviceSample times = one.sample();
    series.samples[one.contestant.name].push_back(
        {round, sample.calls, times.charged_s(), times.wall_s});
    if (times.escaped_s > 0) escaped_[one.contestant.name].push_back(times);
  }
}

void DeviceSeries::add_disagreements(BenchSeries& series) const {
  for (const auto& [name, samples] : escaped_) {
    if (2 * samples.size() < series.samples[name].size()) continue;
    std::vector<double> events, walls;
    for (const DeviceSample& sample : samples) {
      events.push_back(sample.events_s);
      walls.push_back(sample.wall_s);
    }
    series.disturbances.push_back(fmt::format(
        "the clocks disagree on {}: {:.0f} us by events on the current stream, {:.0f} us by the "
        "wall until the device was idle; it works on another stream, and is charged with both",
        name, median(events) / kMicrosecond, median(walls) / kMicrosecond));
  }
}

GraphRung::GraphRung(const Problem& problem, const Rung& rung, const Tensors& inputs,
                     DeviceQueue& queue, double overhead_s, double call_s)
    : queue_(queue), overhead_s_(overhead_s) {
  replay_ = queue.record([&] { outputs_ = rung.run(problem, inputs); });
  row_ = static_cast<int>(std::clamp(kReplayRowSeconds / call_s, 1.0, kReplaysMax));
}

Participant GraphRung::participant(const std::string& name) {
  Participant made;
  made.contestant.name = name;
  made.contestant.prepare = [] {};
  made.contestant.finish = [](bool) {};
  made.contestant.warm_calls = 0;
  made.contestant.timed_call = [this] {
    sample_ = judge_times({time_replays(queue_, replay_, row_)}, overhead_s_);
    return sample_.events_s;
  };
  made.sample = [this] { return sample_; };
  return made;
}

const Tensors& GraphRung::outputs() const {
  replay_();
  return outputs_;
}

}  // namespace unaided::bench
