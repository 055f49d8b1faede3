#include "support/device_measurement.h"

#include <algorithm>
#include <memory>

#include "support/device_rung.h"
#include "support/device_series.h"
#include "support/disturbances.h"

namespace unaided::bench {

namespace {

constexpr double kCallsMax = 50;   // of a sample
constexpr double kGatePart = 0.2;  // of the progress bar
constexpr double kMicrosecond = 1e-6;

/// The time and the memory of one call, after one that LibTorch needs to set itself up.
void try_call(const Problem& problem, DeviceQueue& queue, std::uint64_t seed, Entry& entry) {
  const Tensors inputs = problem.make_inputs(seed);
  const auto run = [&] { entry.rung->run(problem, inputs); };
  try {
    run();
    queue.start_memory();
    entry.call_s = time_call(
                       queue, [] {}, run)
                       .events_s;
    entry.extra_bytes = queue.extra_bytes();
    if (entry.rung->backend) entry.backend = entry.rung->backend(problem, inputs);
  } catch (const std::exception& thrown) {
    entry.finding.failure = std::string("it threw: ") + thrown.what();
  }
}

/// All series of one problem.
class DeviceProblem {
 public:
  DeviceProblem(const Problem& problem, std::vector<Entry>& entries, DeviceQueue& queue,
                const DeviceMeasureOptions& options, std::mt19937_64& random, BenchProblem& result)
      : problem_(problem),
        entries_(entries),
        queue_(queue),
        options_(options),
        random_(random),
        result_(result),
        overhead_s_(waiting_overhead_s(queue)),
        roofline_(
            make_device_roofline(problem.limit, problem.dtype, options.device, options.limits)) {
    result.limit_amount = roofline_.amount;
  }

  /// Until `end_s` of the wall's clock, as near as rounds allow.
  void time_all(double end_s) {
    const bool arithmetic = problem_.limit == Limit::kMatmul;
    const bool graphs = std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
      return entry.finding.passed() && entry.call_s < kGraphSecondsMax;
    });
    series_left_ = 1 + (arithmetic ? 0 : 1) + (graphs ? 1 : 0);
    const double part = (1 - kGatePart) / series_left_;
    part_ = part;
    time_calls("hot", CacheState::kHot, end_s);
    if (!arithmetic) time_calls("cold", CacheState::kFlushed, end_s);
    if (graphs) time_graphs(end_s);
  }

 private:
  DeviceSeries next_series(double end_s) {
    const double budget_s = (end_s - MachineState::now().wall_s) / series_left_--;
    return {queue_, overhead_s_, std::max(budget_s, 0.1), random_()};
  }

  void finish(DeviceSeries& series, const std::string& name, double rotated_bytes) {
    series.add_roofline(roofline_);
    const double base = kGatePart + part_ * static_cast<double>(result_.series.size());
    BenchSeries done = series.run(name, [&](const std::string& what, double part) {
      options_.common.progress(what, base + part_ * std::min(part, 1.0));
    });
    done.rotated_bytes = rotated_bytes;
    result_.series.push_back(std::move(done));
  }

  void time_calls(const std::string& name, CacheState cache, double end_s) {
    DeviceSeries series = next_series(end_s);
    InputSets sets(problem_, /*count=*/1, random_());
    std::vector<std::unique_ptr<DeviceRung>> rungs;
    const auto add = [&](Entry& entry, const std::string& as) {
      rungs.push_back(std::make_unique<DeviceRung>(problem_, *entry.rung, sets, queue_, cache,
                                                   overhead_s_, entry.finding, random_()));
      Participant made{rungs.back()->contestant(as), {}};
      const double calls = options_.common.sample_s / std::max(entry.call_s, kMicrosecond);
      made.contestant.calls = static_cast<int>(std::clamp(calls, 1.0, kCallsMax));
      made.sample = [rung = rungs.back().get()] { return rung->sample(); };
      series.add(std::move(made));
    };
    for_passed(add);
    finish(series, name, cache == CacheState::kHot ? problem_.bytes_min : 0);
  }

  void time_graphs(double end_s) {
    DeviceSeries series = next_series(end_s);
    const Tensors inputs = problem_.make_inputs(random_());
    const Tensors before = cloned(inputs);
    std::vector<std::pair<Entry*, std::unique_ptr<GraphRung>>> graphs;
    std::vector<std::string> refusals;
    for_passed([&](Entry& entry, const std::string& as) {
      try {
        graphs.emplace_back(&entry, std::make_unique<GraphRung>(problem_, *entry.rung, inputs,
                                                                queue_, overhead_s_, entry.call_s));
        series.add(graphs.back().second->participant(as));
      } catch (const std::exception& thrown) {
        const std::string text = thrown.what();
        refusals.push_back(as +
                           " cannot be recorded as a graph: " + text.substr(0, text.find('\n')));
      }
    });
    finish(series, "graph", problem_.bytes_min);
    auto& disturbances = result_.series.back().disturbances;
    disturbances.insert(disturbances.end(), refusals.begin(), refusals.end());
    if (!problem_.in_place.empty()) return;  // every replay has changed what the next one read
    for (auto& [entry, graph] : graphs) {
      judge_on_device(problem_, before, inputs, graph->outputs(), entry->finding);
    }
  }

  /// Those that have passed, the baseline twice.
  template <typename Add>
  void for_passed(const Add& add) {
    for (Entry& entry : entries_) {
      if (!entry.finding.passed()) continue;
      add(entry, entry.rung->name);
      if (entry.rung->name == kBaselineRung) add(entry, kControl);
    }
  }

  const Problem& problem_;
  std::vector<Entry>& entries_;
  DeviceQueue& queue_;
  const DeviceMeasureOptions& options_;
  std::mt19937_64& random_;
  BenchProblem& result_;
  double overhead_s_;
  Roofline roofline_;
  int series_left_ = 1;
  double part_ = 0;
};

}  // namespace

BenchProblem measure_on_device(const Kernel& kernel, const Problem& problem,
                               const std::vector<Rung>& rungs, DeviceQueue& queue,
                               const DeviceMeasureOptions& options) {
  BenchProblem result = described_problem(kernel, problem);
  result.limit = device_limit_name(problem.limit, problem.dtype);
  const double end_s = MachineState::now().wall_s + options.common.budget_s;
  std::mt19937_64 random(options.common.seed);
  std::vector<Entry> entries;
  for (const Rung& rung : rungs) {
    Entry& entry = entries.emplace_back(Entry{&rung});
    options.common.progress("checking " + rung.name, 0);
    check_on_device(problem, rung, random(), entry.finding);
    if (entry.finding.passed()) try_call(problem, queue, random(), entry);
  }
  DeviceProblem(problem, entries, queue, options, random, result).time_all(end_s);
  for (Entry& entry : entries) {
    if (entry.finding.passed()) check_on_device(problem, *entry.rung, random(), entry.finding);
  }
  report_entries(entries, result);
  return result;
}

}  // namespace unaided::bench
