#pragma once

// Cases of level 2's verify: streams of numbers that keep clear of what they decide, and the
// comparison of what comes out with what must.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "level2.h"
#include "oracle.h"
#include "scripted_logits.h"
#include "support/report.h"

namespace sampling {

using logits::Random;
using oracle::Probabilities;
using oracle::Tokens;
using report::Facts;

constexpr double kInside = 1.2e-4;  // how far a number keeps from what it decides
constexpr double kResidualMin = 0.02;
const double kBelowOne = 1 - std::ldexp(1.0, -53);

/// Hands out a list and counts; 0.5 for ever after its end.
class Stream {
 public:
  explicit Stream(std::vector<double> numbers) : numbers_(std::move(numbers)) {}

  kata::Uniform uniform() {
    return [this] {
      if (++taken_ > 5000) throw std::runtime_error("uniform was called 5000 times");
      return taken_ > numbers_.size() ? 0.5 : numbers_[taken_ - 1];
    };
  }
  std::size_t taken() const { return taken_; }

 private:
  std::vector<double> numbers_;
  std::size_t taken_ = 0;
};

inline void expect_taken(const Stream& stream, std::size_t expected, const Facts& facts) {
  if (stream.taken() == expected) return;
  report::fail("uniform was called " + std::to_string(stream.taken()) + " times, expected " +
                   std::to_string(expected),
               facts);
}

/// Numbers from a list, for the oracle.
struct Given final : oracle::Numbers {
  std::vector<double> list;
  std::size_t taken = 0;

  explicit Given(std::vector<double> numbers) : list(std::move(numbers)) {}
  double next() { return list.at(taken++); }
  double to_accept(double, double) override { return next(); }
  double to_draw(const Probabilities&) override { return next(); }
};

/// Numbers made up on the way; `sound` says whether float32 and float64 must agree on all of them.
struct MadeUp final : oracle::Numbers {
  Random& random;
  std::vector<double> list;
  bool sound = true;

  explicit MadeUp(Random& source) : random(source) {}

  double kept(double u) {
    list.push_back(u);
    return u;
  }
  double to_accept(double p, double q) override {
    double u = random.uniform();
    while (u > 1 - kInside || std::abs(u - p / q) < kInside) u = random.uniform();
    return kept(u);
  }
  double to_draw(const Probabilities& weights) override {
    if (oracle::sum(weights) < kResidualMin) sound = false;
    for (int attempt = 0; attempt < 100; ++attempt) {
      const double u = random.uniform();
      if (oracle::distance_to_border(weights, u) >= kInside) return kept(u);
    }
    sound = false;
    return kept(0.5);
  }
};

struct Case {
  std::vector<Probabilities> p, q;  // k + 1 and k rows
  Tokens proposals;
  std::int64_t eos = -1;
};

inline Tokens expected_tokens(const Case& run, oracle::Numbers& numbers) {
  const auto p_of = [&](std::size_t i) { return run.p.at(i); };
  return oracle::verified(p_of, run.q, run.proposals, run.eos, numbers);
}

inline Facts facts_of(const Case& run, const std::vector<double>& numbers, bool contiguous) {
  Facts facts = {{"proposals", report::text(run.proposals)}, {"eos", report::text(run.eos)}};
  for (std::size_t i = 0; i < run.p.size(); ++i) {
    facts.push_back({"p[" + std::to_string(i) + "]", report::text(run.p[i])});
    if (i < run.q.size()) facts.push_back({"q[" + std::to_string(i) + "]", report::text(run.q[i])});
  }
  facts.push_back({"numbers", report::text(numbers)});
  if (!contiguous) facts.push_back({"p and q", "not contiguous"});
  return facts;
}

/// Tokens, numbers taken and memory of one verify.
inline void expect_tokens(const Case& run, const std::vector<double>& numbers,
                          const Tokens& expected, std::size_t taken, bool contiguous = true) {
  const auto vocabulary = static_cast<std::int64_t>(run.p[0].size());
  const torch::Tensor p = logits::matrix_of(run.p, vocabulary, contiguous);
  const torch::Tensor q = logits::matrix_of(run.q, vocabulary, contiguous);
  const Tokens proposals = run.proposals;
  Stream stream(numbers);
  const Facts facts = facts_of(run, numbers, contiguous);
  Tokens got;
  try {
    got = kata::verify(p, q, proposals, run.eos, stream.uniform());
  } catch (const std::exception& e) {
    return report::fail_with_exception("verify", e, facts);
  }
  if (got != expected) {
    report::fail("expected " + report::text(expected) + ", got " + report::text(got), facts);
  }
  expect_taken(stream, taken, facts);
  if (!logits::holds(p, run.p) || !logits::holds(q, run.q)) {
    report::fail("the caller's p or q was changed, expected them to stay as they were", facts);
  }
}

/// The same with given numbers, of which there must be enough.
inline void expect_verified(const Case& run, const std::vector<double>& numbers) {
  Given given(numbers);
  const Tokens expected = expected_tokens(run, given);
  expect_tokens(run, numbers, expected, given.taken);
}

/// The same with numbers made up. Rows that are not looked at hold NaN.
inline void expect_verified(Case run, Random& random, bool contiguous = true) {
  MadeUp numbers(random);
  Tokens expected;
  do {
    numbers.list.clear();
    numbers.sound = true;
    expected = expected_tokens(run, numbers);
  } while (!numbers.sound);
  for (std::size_t i = expected.size(); i < run.p.size(); ++i) {
    std::fill(run.p[i].begin(), run.p[i].end(), double{logits::kNaN});
    if (i < run.q.size()) std::fill(run.q[i].begin(), run.q[i].end(), double{logits::kNaN});
  }
  expect_tokens(run, numbers.list, expected, numbers.list.size(), contiguous);
}

inline Probabilities random_probabilities(Random& random, std::int64_t vocabulary) {
  Probabilities p;
  for (std::int64_t i = 0; i < vocabulary; ++i) p.push_back(0.02 + random.uniform());
  const double total = oracle::sum(p);
  for (double& entry : p) entry /= total;
  return p;
}

/// A run of k proposals that are each drawn from their row of q.
inline Case random_run(Random& random, std::int64_t k, std::int64_t vocabulary) {
  Case run;
  for (std::int64_t i = 0; i <= k; ++i) {
    run.p.push_back(random_probabilities(random, vocabulary));
    if (i == k) break;
    run.q.push_back(random_probabilities(random, vocabulary));
    run.proposals.push_back(oracle::draw(run.q.back(), random.uniform()));
  }
  return run;
}

/// p and q with the draft's token at `x`, in tenths, turned round by `turn` ids.
inline Case tenths(std::int64_t x, std::int64_t turn) {
  Case run{{{0.1, 0.3, 0.2, 0.4}, {0.25, 0.25, 0.25, 0.25}}, {{0.4, 0.1, 0.3, 0.2}}, {}};
  for (std::vector<Probabilities>* rows : {&run.p, &run.q}) {
    for (Probabilities& row : *rows) std::rotate(row.begin(), row.begin() + turn, row.end());
  }
  run.proposals = {(x - turn + 4) % 4};
  return run;
}

}  // namespace sampling
