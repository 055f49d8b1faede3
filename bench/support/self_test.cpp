#include "support/self_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "comparison.h"
#include "support/measurement.h"
#include "support/planted.h"
#include "support/rounds.h"

namespace unaided::bench {

namespace {

constexpr int kSlowRuns = 100;
constexpr int kSlowFoundMin = 89;
constexpr int kEqualRuns = 200;
constexpr int kFalseMax = 6;
constexpr int kNoiseRounds = 1001;
constexpr double kSpins = 30'000;  // some 0.1 ms
constexpr int kCallsOfSample = 5;
constexpr double kCheatBudgetSeconds = 1;

/// Work whose time is proportional to `spins`: each step waits for the one before.
void spin(double spins) {
  double value = 1;
  for (auto left = static_cast<std::int64_t>(spins); left > 0; --left) {
    value = value * 0.999999 + 1e-6;
    asm volatile("" : "+x"(value));
  }
}

Contestant spinner(const std::string& name, double spins) {
  return {name, [] {}, [spins] { spin(spins); }, [](bool) {}, kCallsOfSample};
}

/// Two that are equal and one that is slower by `effect`. As many whatever is asked: how far two
/// lie apart in a round is part of their noise.
std::vector<Contestant> three_spinners(double effect) {
  return {spinner("first", kSpins), spinner("second", kSpins),
          spinner("slower", kSpins * (1 + effect))};
}

/// Of `rounds` paired rounds: the first contestant's time by that of each.
std::vector<std::vector<double>> speeds_against_first(const std::vector<Contestant>& contestants,
                                                      int rounds, std::mt19937_64& random) {
  std::vector<std::vector<double>> speeds(contestants.size());
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> times(contestants.size());
    for (const Sample& sample : run_round(contestants, round, random)) {
      times[sample.contestant] = sample.real_s;
    }
    for (std::size_t i = 0; i < times.size(); ++i) speeds[i].push_back(times[0] / times[i]);
  }
  return speeds;
}

/// How verdicts fell.
struct Tally {
  int slower_found = 0;  // of kSlowRuns
  int false_found = 0;   // of kEqualRuns
};

bool is_false(const std::vector<double>& equal_speeds, std::uint64_t seed) {
  const Standing standing = compare_paired(equal_speeds, seed).standing;
  return standing == Standing::kFaster || standing == Standing::kSlower;
}

bool is_slower(const std::vector<double>& speeds, std::uint64_t seed) {
  return compare_paired(speeds, seed).standing == Standing::kSlower;
}

/// Clocks that differ by what was measured between equal things, and by `effect` where planted.
Tally simulate(const std::vector<double>& equal_speeds, int rounds, double effect,
               std::mt19937_64& random) {
  const double centre = median(equal_speeds);
  auto draw = [&](double speed) {
    std::vector<double> speeds;
    for (int i = 0; i < rounds; ++i) {
      speeds.push_back(speed * equal_speeds[random() % equal_speeds.size()] / centre);
    }
    return speeds;
  };
  Tally tally;
  for (int run = 0; run < kSlowRuns; ++run) {
    tally.slower_found += is_slower(draw(1 / (1 + effect)), random()) ? 1 : 0;
  }
  for (int run = 0; run < kEqualRuns; ++run) {
    tally.false_found += is_false(draw(1), random()) ? 1 : 0;
  }
  return tally;
}

Tally time_really(int rounds, double effect, std::mt19937_64& random,
                  const std::function<void(double)>& progress) {
  Tally tally;
  for (int run = 0; run < kEqualRuns; ++run) {
    const bool slow = run < kSlowRuns;
    const auto speeds = speeds_against_first(three_spinners(slow ? effect : 0), rounds, random);
    tally.false_found += is_false(speeds[1], random()) ? 1 : 0;
    if (slow) tally.slower_found += is_slower(speeds[2], random()) ? 1 : 0;
    progress(static_cast<double>(run) / kEqualRuns);
  }
  return tally;
}

std::vector<Trial> described(const Tally& tally, const std::string& clocks, double effect) {
  return {
      {fmt::format("{}: a planted slowdown of {:.1f} % was called SLOWER in {} of {} runs "
                   "(at least {})",
                   clocks, effect * 100, tally.slower_found, kSlowRuns, kSlowFoundMin),
       tally.slower_found >= kSlowFoundMin},
      {fmt::format("{}: equal things were called FASTER or SLOWER in {} of {} runs (at most {})",
                   clocks, tally.false_found, kEqualRuns, kFalseMax),
       tally.false_found <= kFalseMax}};
}

void append(std::vector<Trial>& trials, const std::vector<Trial>& more) {
  trials.insert(trials.end(), more.begin(), more.end());
}

/// What the measuring says of an attempt; empty when it was given a time.
std::string failure_of_attempt(const Kernel& kernel, PeakMemory& memory, std::uint64_t seed) {
  MeasureOptions options;
  options.budget_s = kCheatBudgetSeconds;
  options.seed = seed;
  options.progress = [](const std::string&, double) {};
  const BenchProblem measured =
      measure_problem(kernel, kernel.problems.front(), kernel.rungs, memory, options);
  for (const BenchRung& rung : measured.rungs) {
    if (!rung.failure.empty()) return rung.name == kAttemptRung ? rung.failure : "";
  }
  return {};
}

}  // namespace

std::vector<Trial> run_self_test(PeakMemory& memory,
                                 const std::function<void(const std::string&, double)>& progress) {
  std::random_device secret;
  std::mt19937_64 random((std::uint64_t{secret()} << 32) | secret());
  progress("the noise between equal things", 0);
  const auto equal = speeds_against_first(three_spinners(0), kNoiseRounds, random)[1];
  const double noise = noise_of(equal);
  const int rounds = rounds_for(equal, kEffectWanted);
  const double effect = smallest_effect(equal, rounds);
  std::vector<Trial> trials{
      {fmt::format("noise: in {} rounds equal things differed by {:.2f} % (one standard deviation)",
                   kNoiseRounds, noise * 100)},
      {fmt::format("rounds: {} are planned for this noise", rounds)},
      {fmt::format("smallest effect that is detected 19 times of 20: {:.1f} %", effect * 100)}};

  progress("verdicts on simulated clocks", 0.05);
  append(trials, described(simulate(equal, rounds, effect, random),
                           "on simulated clocks with the noise above", effect));
  const auto cheats = planted_cheats();
  const Tally real = time_really(rounds, effect, random, [&](double done) {
    progress("verdicts on this machine's clock", 0.1 + 0.5 * done);
  });
  append(trials, described(real, "on this machine's clock", effect));

  for (const Cheat& cheat : cheats) {
    const auto index = static_cast<double>(&cheat - cheats.data());
    progress(cheat.text, 0.6 + 0.4 * index / static_cast<double>(cheats.size()));
    const std::string failure = failure_of_attempt(cheat.kernel, memory, random());
    trials.push_back({failure.empty() ? fmt::format("{}: NOT caught", cheat.text)
                                      : fmt::format("{}: caught: {}", cheat.text, failure),
                      !failure.empty()});
  }
  return trials;
}

}  // namespace unaided::bench
