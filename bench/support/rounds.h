// Paired rounds: in each of them everything that is compared runs once, in random order, so that
// what slows the machine for a while slows all. Google Benchmark times a round (its own random
// interleaving shuffles all repetitions at once and forgets their order); the rounds are ours.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace unaided::bench {

inline constexpr int kFirstRounds = 3;

/// What is timed in a round. A sample is some calls in a row.
struct Contestant {
  std::string name;                         // "softmax/64x128256/f32/hot/fast"
  std::function<void()> prepare;            // before each call, not timed
  std::function<void()> call;               // timed
  std::function<void(bool last)> finish;    // after each call, not timed; whether it ends a sample
  int calls = 1;                            // of a sample
  int warm_calls = 1;                       // before them, not timed
  std::function<double()> timed_call = {};  // instead of `call`: does it and says how long it took
  int every = 1;  // after the first kFirstRounds it takes part in every so many; 0: in none
};

/// The median of the calls of one sample; of the processor time, their mean.
struct Sample {
  std::size_t contestant = 0;  // index
  int round = 0;
  std::int64_t calls = 0;
  double real_s = 0;
  double cpu_s = 0;
};

/// Runs one round: every contestant whose turn it is, in random order.
std::vector<Sample> run_round(const std::vector<Contestant>& contestants, int round,
                              std::mt19937_64& random);

}  // namespace unaided::bench
