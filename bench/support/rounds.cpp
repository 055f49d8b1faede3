#include "support/rounds.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>

#include "comparison.h"

namespace unaided::bench {

namespace {

/// Keeps what was measured and prints nothing.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    runs_.insert(runs_.end(), runs.begin(), runs.end());
  }
  const std::vector<Run>& runs() const { return runs_; }

 private:
  std::vector<Run> runs_;
};

/// Calls once; how many seconds that took.
double time_call(const Contestant& contestant) {
  using Clock = std::chrono::steady_clock;
  if (contestant.timed_call) return contestant.timed_call();
  const auto begin = Clock::now();
  contestant.call();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void call_untimed(const Contestant& contestant) {
  contestant.prepare();
  time_call(contestant);
  contestant.finish(/*last=*/false);
}

/// The sample's time is the median of its calls: a core that is taken away during one of them does
/// not change it. Google Benchmark divides a sum by the calls, so the last one brings it all.
void time_calls(const Contestant& contestant, benchmark::State& state) {
  for (int i = 0; i < contestant.warm_calls; ++i) call_untimed(contestant);
  std::vector<double> times;
  for (auto _ : state) {
    contestant.prepare();
    times.push_back(time_call(contestant));
    const bool last = static_cast<int>(times.size()) == contestant.calls;
    state.SetIterationTime(last ? median(times) * contestant.calls : 0);
    contestant.finish(last);
  }
}

std::vector<std::size_t> shuffled_turns(const std::vector<Contestant>& contestants, int round,
                                        std::mt19937_64& random) {
  std::vector<std::size_t> turns;
  for (std::size_t i = 0; i < contestants.size(); ++i) {
    const int every = contestants[i].every;
    if (every > 0 && (round < kFirstRounds || round % every == 0)) turns.push_back(i);
  }
  std::shuffle(turns.begin(), turns.end(), random);
  return turns;
}

}  // namespace

std::vector<Sample> run_round(const std::vector<Contestant>& contestants, int round,
                              std::mt19937_64& random) {
  const std::vector<std::size_t> turns = shuffled_turns(contestants, round, random);
  benchmark::ClearRegisteredBenchmarks();
  for (const std::size_t turn : turns) {
    const Contestant& contestant = contestants[turn];
    benchmark::RegisterBenchmark(
        contestant.name.c_str(),
        [&contestant](benchmark::State& state) { time_calls(contestant, state); })
        ->Iterations(contestant.calls)
        ->UseManualTime();
  }
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector, ".");
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < collector.runs().size(); ++i) {
    const auto& run = collector.runs()[i];
    const auto calls = static_cast<double>(run.iterations);
    samples.push_back({turns[i], round, run.iterations, run.real_accumulated_time / calls,
                       run.cpu_accumulated_time / calls});
  }
  return samples;
}

}  // namespace unaided::bench
