#include "support/measurement.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "comparison.h"
#include "support/disturbances.h"
#include "support/input_sets.h"
#include "support/roofline.h"
#include "support/timed_rung.h"

namespace unaided::bench {

namespace {

constexpr double kSlowShare = 0.25;  // of the budget, for one slow rung
constexpr double kWarmCallSecondsMax = 0.05;
constexpr double kCallsMax = 500;       // of a sample
constexpr double kSamplesShare = 0.3;   // of the budget; the rest is inputs, first calls, limits
constexpr double kJudgingShare = 0.15;  // of the budget, for all rungs of ours after their first
constexpr double kSampleSecondsMin = 0.5e-3;
constexpr double kGatePart = 0.2;  // of the progress bar
constexpr int kRooflineCalls = 5;
constexpr int kRoundsAtLeast = 5;  // whatever the budget says

/// The time and the memory of one call with copies of `made`.
void try_call(const Problem& problem, PeakMemory& memory, const Tensors& made, Entry& entry) {
  const Tensors inputs = cloned(made);
  memory.start();
  const double begin = MachineState::now().wall_s;
  try {
    Tensors outputs = entry.rung->run(problem, inputs);
    const double first_end = MachineState::now().wall_s;
    entry.call_s = first_end - begin;
    entry.extra_bytes = memory.bytes();
    if (entry.call_s < kWarmCallSecondsMax) {  // its memory had first to be mapped
      outputs.clear();
      outputs = entry.rung->run(problem, inputs);
      entry.call_s = std::min(entry.call_s, MachineState::now().wall_s - first_end);
    }
    if (entry.rung->backend) entry.backend = entry.rung->backend(problem, inputs);
  } catch (const std::exception& thrown) {
    entry.finding.failure = std::string("it threw: ") + thrown.what();
  }
}

bool is_attempt(const Rung& rung) {
  return rung.name == kAttemptRung;
}

/// Rungs of ours share inputs, which take longer to make than to copy; an attempt has its own.
void check_entries(const Problem& problem, std::vector<Entry>& entries, PeakMemory& memory,
                   std::mt19937_64& random, const MeasureOptions& options) {
  const Tensors made = problem.make_inputs(random());
  for (Entry& entry : entries) {
    const double part = static_cast<double>(&entry - entries.data());
    options.progress("checking " + entry.rung->name,
                     kGatePart * part / static_cast<double>(entries.size()));
    if (is_attempt(*entry.rung)) {
      check_attempt(problem, *entry.rung, random(), entry.finding);
    } else {
      check_once(problem, *entry.rung, made, entry.finding);
    }
    if (entry.finding.passed()) try_call(problem, memory, made, entry);
  }
}

void check_again(const Problem& problem, std::vector<Entry>& entries, std::mt19937_64& random) {
  const Tensors made = problem.make_inputs(random());
  for (Entry& entry : entries) {
    if (!entry.finding.passed()) continue;
    const bool shares = !is_attempt(*entry.rung);
    check_once(problem, *entry.rung, shares ? made : problem.make_inputs(random()), entry.finding);
  }
}

/// How often a rung takes part, and with how many calls.
void plan_contestant(double call_s, double budget_s, double sample_s, Contestant& contestant) {
  contestant.calls = static_cast<int>(std::clamp(sample_s / call_s, 1.0, kCallsMax));
  contestant.warm_calls = call_s > kWarmCallSecondsMax ? 0 : 1;
  const double rounds = budget_s * kSlowShare / call_s;
  contestant.every = static_cast<int>(std::clamp<double>(kRoundsMin / rounds, 1, kRoundsMax));
}

/// The speeds of the control against the baseline, round by round.
std::vector<double> control_speeds(const BenchSeries& series) {
  std::vector<double> speeds;
  const auto baseline = series.samples.find(kBaselineRung);
  const auto control = series.samples.find(kControl);
  if (baseline == series.samples.end() || control == series.samples.end()) return speeds;
  const std::size_t count = std::min(baseline->second.size(), control->second.size());
  for (std::size_t i = 0; i < count; ++i) {
    speeds.push_back(baseline->second[i].real_s / control->second[i].real_s);
  }
  return speeds;
}

/// One series of rounds over the rungs that have passed.
class SeriesRun {
 public:
  SeriesRun(const Problem& problem, std::vector<Entry>& entries, int sets, std::uint64_t seed,
            const MeasureOptions& options, double budget_s)
      : problem_(problem), sets_(problem, sets, seed), random_(seed), budget_s_(budget_s) {
    const double samples = kRoundsMin * static_cast<double>(entries.size() + 1);
    judging_s_max_ = budget_s * kJudgingShare / static_cast<double>(entries.size() + 1);
    sample_s_ = std::clamp(budget_s * kSamplesShare / samples, kSampleSecondsMin, options.sample_s);
    for (Entry& entry : entries) {
      if (!entry.finding.passed()) continue;
      add(entry, entry.rung->name);
      if (entry.rung->name == kBaselineRung) add(entry, kControl);
    }
  }

  void add_roofline(const Roofline& roofline) {
    contestants_.push_back({kRoofline, [] {}, roofline.run, [](bool) {}});
    contestants_.back().warm_calls = 0;
    contestants_.back().calls = kRooflineCalls;
  }

  /// Rounds until the noise is small enough or the time is over.
  BenchSeries run(const std::string& name, const Progress& progress) {
    BenchSeries series;
    series.name = name;
    const MachineState before = MachineState::now();
    for (int round = 0; round < kRoundsMax; ++round) {
      for (const Sample& sample : run_round(contestants_, round, random_)) {
        series.samples[contestants_[sample.contestant].name].push_back(
            {round, sample.calls, sample.real_s, sample.cpu_s});
      }
      drop_failed();
      const int done = round + 1;
      const int wanted =
          done < kRoundsMin ? kRoundsMin : rounds_for(control_speeds(series), kEffectWanted);
      if (done >= wanted) break;
      const double spent = MachineState::now().wall_s - before.wall_s;
      progress(fmt::format("{}: round {} of about {}", name, done, wanted),
               std::max(spent / budget_s_, static_cast<double>(done) / wanted));
      series.budget_decided = spent * (done + 1) / done > budget_s_ && done >= kRoundsAtLeast;
      if (series.budget_decided) break;
    }
    series.disturbances = disturbances(before, MachineState::now(), at::get_num_threads(),
                                       static_cast<int>(std::thread::hardware_concurrency()));
    return series;
  }

 private:
  void add(Entry& entry, const std::string& name) {
    timed_.push_back(std::make_unique<TimedRung>(
        problem_, *entry.rung, sets_, entry.finding,
        is_attempt(*entry.rung) ? INFINITY : judging_s_max_, random_()));
    Contestant contestant = timed_.back()->contestant(name);
    plan_contestant(entry.call_s, budget_s_, sample_s_, contestant);
    contestants_.push_back(std::move(contestant));
  }

  void drop_failed() {
    for (std::size_t i = 0; i < timed_.size(); ++i) {
      if (timed_[i]->failed()) contestants_[i].every = 0;
    }
  }

  const Problem& problem_;
  InputSets sets_;
  std::mt19937_64 random_;
  double budget_s_;
  double sample_s_;
  double judging_s_max_;
  std::vector<std::unique_ptr<TimedRung>> timed_;
  std::vector<Contestant> contestants_;  // first those of timed_, in its order
};

void time_entries(const Problem& problem, std::vector<Entry>& entries, std::mt19937_64& random,
                  double end_s, const MeasureOptions& options, BenchProblem& result) {
  const std::int64_t cache_bytes = last_level_cache_bytes();
  const Roofline roofline = make_roofline(problem.limit, problem.dtype, cache_bytes);
  result.limit_amount = roofline.amount;
  const int cold_sets = cold_set_count(problem, cache_bytes);
  struct Plan {
    const char* name;
    int sets;
  };
  // What is bound by arithmetic is the same in both; with a single set that exceeds the cache, hot
  // would be cold under another name.
  const bool arithmetic = problem.limit == Limit::kMatmul;
  std::vector<Plan> plans;
  if (arithmetic || cold_sets > 1) plans.push_back({"hot", 1});
  if (!arithmetic) plans.push_back({"cold", cold_sets});
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const double left_s = end_s - MachineState::now().wall_s;
    const double budget_s = left_s / static_cast<double>(plans.size() - i);
    SeriesRun run(problem, entries, plans[i].sets, random(), options, std::max(budget_s, 0.1));
    run.add_roofline(roofline);
    const double part = (1 - kGatePart) / static_cast<double>(plans.size());
    const double base = kGatePart + part * static_cast<double>(i);
    BenchSeries series = run.run(plans[i].name, [&](const std::string& what, double done) {
      options.progress(what, base + part * std::min(done, 1.0));
    });
    series.rotated_bytes = plans[i].sets * problem.bytes_min;
    result.series.push_back(std::move(series));
  }
}

}  // namespace

BenchProblem described_problem(const Kernel& kernel, const Problem& problem) {
  BenchProblem result;
  result.kernel = kernel.id;
  result.shape = problem.shape;
  result.dtype = problem.dtype;
  result.text = problem.text;
  result.flops = problem.flops;
  result.bytes_min = problem.bytes_min;
  result.error_max = problem.error_max;
  result.limit_is_flops = problem.limit == Limit::kMatmul;
  return result;
}

void report_entries(const std::vector<Entry>& entries, BenchProblem& problem) {
  for (const auto& [rung, finding, call_s, extra_bytes, backend] : entries) {
    if (!finding.passed()) {
      for (BenchSeries& series : problem.series) series.samples.erase(rung->name);
    }
    problem.rungs.push_back({rung->name, rung->lesson, backend, finding.failure, finding.error,
                             finding.calls_checked, extra_bytes});
  }
}

BenchProblem measure_problem(const Kernel& kernel, const Problem& problem,
                             const std::vector<Rung>& rungs, PeakMemory& memory,
                             const MeasureOptions& options) {
  BenchProblem result = described_problem(kernel, problem);
  result.limit = limit_name(problem.limit, problem.dtype);
  const double end_s = MachineState::now().wall_s + options.budget_s;
  std::mt19937_64 random(options.seed);
  std::vector<Entry> entries;
  for (const Rung& rung : rungs) entries.push_back({&rung});
  check_entries(problem, entries, memory, random, options);
  if (options.timed) time_entries(problem, entries, random, end_s, options, result);
  check_again(problem, entries, random);
  report_entries(entries, result);
  return result;
}

}  // namespace unaided::bench
