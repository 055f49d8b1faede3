#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "batch_cases.h"
#include "level3.h"

using batches::attempt;
using batches::Batch;
using batches::expect_bad_filters;
using batches::expect_batch;
using batches::expect_draws;
using batches::expect_every_border;
using batches::expect_near;
using batches::expect_refused;
using batches::facts_of;
using batches::is_clear;
using batches::logarithms;
using batches::random_case;
using batches::random_filters;
using draws::Case;
using draws::Draw;
using draws::kAnyThatStays;
using draws::kBelowOne;
using logits::kMinusInfinity;
using logits::kNaN;
using logits::Random;
using logits::Row;
using oracle::Distribution;
using oracle::Filters;
using oracle::Tokens;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST(Nucleus, EXAMPLE_TwoReachIt) {
  const Case c{{-1.2039728f, -2.3025851f, -2.3025851f, -0.6931472f}, {.top_p = 0.79}};
  expect_draws(c, {{0.3, 0}, {0.4, 3}});
}

TEST(Penalty, EXAMPLE_PromptAndOutput) {
  Case c{{2, 1, -1, 0.9f}, {.temperature = 0, .penalty = 2.5}, {0, 0}, {2}};
  expect_draws(c, {{0.5, 1}});
  c.filters.temperature = 1, c.filters.top_k = 2;
  expect_draws(c, {{0.6, 3}});
}

TEST(Nucleus, StopsAtTheFirstThatReachesIt) {
  Random random;
  for (int round = 0; round < 4; ++round) {
    Row row = random.row(random.integer(4, 10), 1.5);
    std::vector<double> sorted = Case{row, {}}.distribution().probabilities;
    std::sort(sorted.rbegin(), sorted.rend());
    double sum = 0;
    for (const double p : sorted) {  // just above the sum before an id, and just below its own
      for (const double top_p : {sum + draws::kInside * 1.1, sum + p - draws::kInside * 1.1}) {
        const Case c{row, {.top_p = std::min(top_p, 1.0)}};
        if (is_clear(c)) expect_every_border(c);
      }
      sum += p;
    }
  }
}

TEST(Nucleus, ExactlyReachedIsReached) {
  expect_draws({{0, 0, 0, 0}, {.top_p = 0.5}}, {{0, 0}, {0.5, 1}, {kBelowOne, 1}});
  expect_draws({{0, 0, 0, 0}, {.top_p = 0.25}}, {{0, 0}, {kBelowOne, 0}});
  expect_draws({{0, kMinusInfinity, 0}, {.top_p = 0.5}}, {{0.5, 0}, {kBelowOne, 0}});
  expect_every_border({{0, 0, 0, 0}, {.top_p = 0.75}});
}

TEST(Nucleus, AmongEqualsTheLowerIdsStay) {
  Random random;
  for (int round = 0; round < 12; ++round) {
    const Row row = random.coarse_row(random.integer(5, 40), 3);
    const Case c{row, {.top_p = random.between(0.1, 0.95)}};
    if (is_clear(c)) expect_every_border(c);
  }
  expect_every_border({Row(100, 1.25f), {.top_p = 0.505}});
  expect_every_border({Row(37, -3), {.top_p = 0.35}});
  expect_every_border({Row(100, 0.5f), {.top_p = 0.025}});
}

TEST(Nucleus, OneIsExactlyOff) {
  Random random;
  for (int round = 0; round < 40; ++round) {
    const Case c{random.row(random.integer(2, 60), 1), {.top_p = 1}};
    const Distribution d = c.distribution();
    std::vector<Draw> last;  // what a sum that ends too early would lose, and one from the middle
    for (const double u : {0.5, 1 - draws::kInside, 1e-3, 1 - 2e-3}) {
      if (oracle::distance_to_border(d, u) >= 1e-4) last.push_back({u, oracle::draw(d, u)});
    }
    last.push_back({kBelowOne, kAnyThatStays});
    expect_draws(c, last);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Nucleus, NearlyOneStillCuts) {
  const Row row = {std::log(0.9997f), std::log(0.0002f), std::log(0.0001f)};
  expect_draws({row, {.top_p = 0.9995}}, {{0.9999, 0}, {kBelowOne, 0}});
}

TEST(Nucleus, TinyKeepsOne) {
  Random random;
  Row row = random.coarse_row(20, 6);
  row[11] = row[14] = 2;
  for (const double top_p : {1e-12, 1e-6, 0.01}) {
    expect_draws({row, {.top_p = top_p}}, {{0, 11}, {0.5, 11}, {kBelowOne, 11}});
    expect_draws({row, {.temperature = 1.5, .top_k = 3, .top_p = top_p}}, {{0.9, 11}});
  }
}

TEST(MinP, IsRelativeToTheLargest) {
  Random random;
  for (int round = 0; round < 4; ++round) {
    const Row row = random.row(random.integer(3, 9), 1.5);
    const std::vector<double> p = Case{row, {}}.distribution().probabilities;
    const double largest = *std::max_element(p.begin(), p.end());
    for (const double probability : p) {
      for (const double sign : {-1.0, 1.0}) {
        const double min_p = probability / largest + sign * 1.5e-4;
        const Case c{row, {.min_p = min_p}};
        if (min_p < 1 && is_clear(c)) expect_every_border(c);
      }
    }
  }
}

TEST(MinP, ZeroIsOffAndOneKeepsTheLargest) {
  Random random;
  Row row = random.coarse_row(9, 5);
  row[0] = kMinusInfinity;
  expect_every_border({row, {.min_p = 0}});
  row[2] = row[5] = row[6] = 2;
  expect_every_border({row, {.min_p = 1}});
  expect_every_border({Row(5, 0.3f), {.temperature = 0.7, .min_p = 1}});
}

TEST(Penalty, DividesPositiveAndMultipliesNegativeLogits) {
  Random random;
  for (int round = 0; round < 5; ++round) {
    const double penalty = round % 3 == 0 ? random.between(0.4, 0.9) : random.between(1.1, 3);
    Row row = random.coarse_row(8, 8);
    row[0] = 0, row[1] = -1.5f, row[2] = 1.75f, row[3] = kMinusInfinity;
    const std::int64_t seen = random.integer(0, 3);
    expect_every_border({row, {.penalty = penalty}, {seen, random.integer(0, 7)}, {}});
    expect_every_border({row, {.penalty = penalty}, {0, 1, 2, 3}, {}});
    expect_every_border({row, {.penalty = penalty}, {}, {}});
  }
}

TEST(Penalty, CoversPromptAndOutputOnce) {
  Random random;
  const Row row = {1, -1, 0.5f, -0.5f, 1.5f, -2};
  const Filters filters{.penalty = random.between(1.5, 2)};
  expect_every_border({row, filters, {0, 1}, {2, 3}});
  expect_every_border({row, filters, {0, 1}, {}});
  expect_every_border({row, filters, {}, {4, 3}});
  expect_every_border({row, filters, {0, 1, 1, 0, 0}, {}});
  expect_every_border({row, filters, {}, {4, 5, 4, 4}});
  expect_every_border({row, filters, {0, 4, 1}, {1, 0, 4}});
  // Tokens of long ago count like the last ones.
  Tokens prompt = random.tokens(300, 3), output(200, 3);
  prompt[0] = 5;
  expect_every_border({row, filters, prompt, output});
}

TEST(Order, GreedyFollowsThePenalty) {
  Filters filters{.temperature = 0, .penalty = 2};
  expect_draws({{1, 3, 2, -1}, filters, {1}, {}}, {{0.9, 2}});
  expect_draws({{1, 3, 2, -1}, filters, {1}, {2}}, {{0.9, 1}});
  expect_draws({{-3, -1, -1.5f, -2.5f}, filters, {}, {1, 1}}, {{0, 2}});
  // A tie after the penalty: 3 / 2 and 1.5.
  expect_draws({{0, 1.5f, 3}, filters, {2}, {}}, {{0.7, 1}});
  expect_draws({{0, 3, 1.5f}, filters, {1}, {}}, {{0.7, 1}});
  // The filters play no part.
  filters.top_k = 2, filters.top_p = 0.01, filters.min_p = 1;
  expect_draws({{1, 3, 2, -1}, filters, {1}, {}}, {{0, 2}, {kBelowOne, 2}});
}

TEST(Order, TopKFollowsThePenalty) {
  // 3 becomes 1.5, which is then the second largest, with two others.
  const Filters filters{.top_k = 2, .penalty = 2};
  expect_every_border({{2, 3, 1.5f, 1.5f, 0, 1}, filters, {1}, {}});
  expect_every_border({{2, 3, 1.5f, 1.5f, 0, 1}, filters, {}, {}});
  expect_every_border({{-1, -1.5f, -2, -4, -3}, filters, {4}, {0, 0}});
  expect_every_border({{0.5f, 1, 0.5f, 0.5f}, {.temperature = 0.7, .top_k = 2}});
}

TEST(Order, TopKIsRenormalisedBeforeTopP) {
  // Of the two that top-k leaves the first has 0.571: it alone reaches 0.5, not 0.65.
  const Row row = logarithms({0.1, 0.4, 0.2, 0.3});
  expect_draws({row, {.top_k = 2, .top_p = 0.5}}, {{0, 1}, {0.5, 1}, {0.999, 1}});
  expect_every_border({row, {.top_k = 2, .top_p = 0.65}});
  expect_every_border({row, {.top_k = 3, .top_p = 0.75}});
  expect_every_border({row, {.top_k = 3, .top_p = 0.8}});
}

TEST(Order, TopPIsRenormalisedBeforeMinP) {
  // Min-p first would leave 0.571 and 0.429, and top-p then only one.
  const Row row = logarithms({0.1, 0.4, 0.2, 0.3});
  expect_every_border({row, {.top_p = 0.5, .min_p = 0.6}});
  expect_every_border({row, {.top_p = 0.65, .min_p = 0.72}});
  expect_every_border({row, {.top_k = 3, .top_p = 0.7, .min_p = 0.7}});
}

TEST(Order, TemperatureComesBeforeTheFilters) {
  const Row row = logarithms({0.1, 0.4, 0.2, 0.3});
  for (const double temperature : {0.5, 2.0, 4.0}) {
    for (const double top_p : {0.45, 0.6, 0.8, 0.92}) {
      const Case c{row, {.temperature = temperature, .top_p = top_p}};
      if (is_clear(c)) expect_every_border(c);
    }
    for (const double min_p : {0.3, 0.55, 0.8}) {
      const Case c{row, {.temperature = temperature, .min_p = min_p}};
      if (is_clear(c)) expect_every_border(c);
    }
  }
}

TEST(Order, AllFiltersAtOnce) {
  Random random;
  for (int round = 0; round < 25; ++round) {
    const std::int64_t vocabulary = random.integer(4, 12);
    expect_every_border(random_case(random, vocabulary, random_filters(random, vocabulary)));
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Batch, RowsAreIndependent) {
  Random random;
  for (int round = 0; round < 4; ++round) {
    const std::int64_t vocabulary = random.integer(6, 10);
    Filters filters = random_filters(random, vocabulary);
    if (round == 3) filters.temperature = 0;
    Batch batch{{}, {}, /*contiguous=*/round % 2 == 0};
    std::vector<Distribution> distributions;
    std::vector<std::int64_t> expected;
    for (int row = 0; row < 12; ++row) {
      Case c = random_case(random, vocabulary, filters);
      if (row % 4 == 1) {  // far from what the other rows have; a softmax does not see it
        for (float& logit : c.logits) logit += 40;
        c.prompt = c.output = {};
        if (!is_clear(c)) continue;
      }
      const Distribution d = c.distribution();
      double u = random.uniform();
      while (oracle::distance_to_border(d, u) < draws::kInside) u = random.uniform();
      batch.add(c, u);
      distributions.push_back(d);
      expected.push_back(oracle::draw(d, u));
    }
    expect_batch(batch, distributions,
                 [&](const Distribution& d, std::size_t row, std::int64_t got) {
                   return draws::complaint(d, {batch.u[row], expected[row]}, got);
                 });
  }
}

TEST(Batch, NoRows) {
  for (const double temperature : {1.0, 0.0}) {
    kata::Sampling sampling;
    sampling.temperature = temperature;
    sampling.top_k = 2, sampling.top_p = 0.9, sampling.min_p = 0.1, sampling.repetition_penalty = 2;
    try {
      const Tokens got = kata::sample_batch(logits::matrix_of<float>({}, 5), {}, {}, sampling, {});
      if (!got.empty()) report::fail("expected no ids for B = 0, got " + report::text(got), {});
    } catch (const std::exception& e) {
      report::fail_with_exception("sample_batch", e, {});
    }
  }
}

TEST(Batch, LogitsMayLieApartInMemory) {
  Random random;
  for (int round = 0; round < 3; ++round) {
    const Filters filters = random_filters(random, 8);
    expect_every_border(random_case(random, 8, filters), /*contiguous=*/false);
  }
}

TEST(Batch, CountsFitTheProbabilities) {
  constexpr int kDraws = 2000;
  Random random;
  const Case c{{1, -0.5f, 0.75f, kMinusInfinity, 0.5f, 1.25f, -2, 0.25f},
               {.temperature = 0.9, .top_k = 6, .top_p = 0.93, .min_p = 0.1, .penalty = 1.3},
               {5, 0, 5},
               {4}};
  Batch batch;
  for (int i = 0; i < kDraws; ++i) batch.add(c, random.uniform());
  const Distribution d = c.distribution();
  std::vector<std::int64_t> counts(c.logits.size());
  const Tokens got = attempt(batch);
  for (std::size_t row = 0; row < got.size(); ++row) {
    if (!draws::stays(d, got[row])) {
      return report::fail(draws::complaint(d, {batch.u[row], kAnyThatStays}, got[row]),
                          facts_of(c, batch.u[row], row, got.size()));
    }
    ++counts[static_cast<std::size_t>(got[row])];
  }
  if (got.empty()) return;
  const std::string complaint = draws::complaint_about_counts(d, counts);
  if (complaint.empty()) return;
  report::fail(complaint, draws::facts_of(c, "2,000 independent numbers"));
}

TEST(LargeVocabularyFilters, SLOW_TheNucleusIsInTheHead) {
  Random random;
  Row row(static_cast<std::size_t>(logits::kLargeVocabulary));
  for (float& logit : row) logit = static_cast<float>(random.between(-10, -9));
  // 40 heavy ids, 1/64 apart, and a tail that has 0.1 of all.
  for (int i = 0; i < 40; ++i) {
    row[static_cast<std::size_t>(3001 * (i * 7 % 40) + 17)] = static_cast<float>(i) / 64;
  }
  // The border is in the middle of a heavy id's interval.
  std::vector<double> heavy = Case{row, {}}.distribution().probabilities;
  std::nth_element(heavy.begin(), heavy.begin() + 39, heavy.end(), std::greater<>());
  std::sort(heavy.begin(), heavy.begin() + 39, std::greater<>());
  const std::int64_t last = random.integer(8, 36);
  const double top_p = std::accumulate(heavy.begin(), heavy.begin() + last, 0.0) +
                       heavy[static_cast<std::size_t>(last)] / 2;
  expect_near({row, {.top_p = top_p}}, {random.between(0.05, 0.95)});
}

TEST(LargeVocabularyFilters, EqualProbabilities) {
  constexpr auto kSize = static_cast<std::size_t>(logits::kLargeVocabulary);
  Row row(kSize, -1.2f);
  row[5] = 0;
  expect_near({row, {.top_p = 1}}, {0.9997});
  // top_p itself has the tolerance of 1e-4: a few ids more or less may stay.
  const Case c{row, {.top_p = 0.5}};
  Batch batch;
  batch.add(c, 0.9995);
  const Tokens got = attempt(batch);
  if (got.empty()) return;
  const double reached = static_cast<double>(got[0]) / static_cast<double>(kSize);
  if (std::abs(reached - 0.5 * 0.9995) < 2e-4) return;
  report::fail("expected an id near " + std::to_string(static_cast<int>(0.5 * 0.9995 * kSize)) +
                   " (half of the equal ones stay, the lower ones), drew " + report::text(got[0]),
               facts_of(c, 0.9995, 0, 1));
}

TEST(FilterErrors, BadSampling) {
  for (const double value : {-1.0, -1e-9, kInfinity, -kInfinity, kNotANumber}) {
    expect_bad_filters("temperature " + report::text(value), {.temperature = value});
  }
  for (const double value : {0.0, -0.5, -kInfinity, 1 + 1e-9, 1.5, 90.0, kInfinity, kNotANumber}) {
    expect_bad_filters("top_p " + report::text(value), {.top_p = value});
  }
  for (const double value : {-1e-9, -1.0, 1 + 1e-9, 2.0, kInfinity, kNotANumber}) {
    expect_bad_filters("min_p " + report::text(value), {.min_p = value});
  }
  for (const double value : {0.0, -1.0, -kInfinity, kInfinity, kNotANumber}) {
    expect_bad_filters("repetition_penalty " + report::text(value), {.penalty = value});
  }
}

TEST(FilterErrors, ARowWithoutADistribution) {
  for (const double temperature : {1.0, 0.0}) {
    const Filters filters{.temperature = temperature, .top_k = 2, .top_p = 0.9};
    const Row good = {0, 1, 2, 3}, empty(4, kMinusInfinity);
    for (const Row& bad : {Row{0, kNaN, 2, 3}, Row{9, 8, 7, kNaN}, empty}) {
      const std::string what =
          bad == empty ? "a row that is all -inf" : "a row with a NaN among its logits";
      expect_refused<std::domain_error>(what, "std::domain_error", {bad}, filters);
      expect_refused<std::domain_error>(what, "std::domain_error", {good, good, bad}, filters);
      expect_refused<std::domain_error>(what, "std::domain_error", {bad, good}, filters);
    }
  }
}
