#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "draw_cases.h"
#include "level2.h"

using draws::at_every_border;
using draws::Case;
using draws::Draw;
using draws::kAnyThatStays;
using draws::kBelowOne;
using logits::kMinusInfinity;
using logits::kNaN;
using logits::Random;
using logits::Row;
using oracle::Distribution;

namespace {

constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

report::Facts facts_of(const Case& c, double u) {
  return draws::facts_of(c, report::text(u));
}

/// One draw by the attempt; −2 and a failure if an exception came instead.
std::int64_t attempt(const Case& c, double u, const torch::Tensor& tensor) {
  try {
    return kata::sample(tensor, c.filters.temperature, c.filters.top_k, u);
  } catch (const std::exception& e) {
    report::fail_with_exception("sample", e, facts_of(c, u));
    return -2;
  }
}

/// All of these draws must be right and the logits stay as they were; the first wrong one is told.
void expect_draws(const Case& c, const std::vector<Draw>& draws, bool contiguous = true) {
  const Distribution d = c.distribution();
  const torch::Tensor tensor = logits::vector_of(c.logits, contiguous);
  for (const Draw& draw : draws) {
    const std::int64_t got = attempt(c, draw.u, tensor);
    if (testing::Test::HasFailure()) return;
    const std::string complaint = draws::complaint(d, draw, got);
    if (!complaint.empty()) return report::fail(complaint, facts_of(c, draw.u));
    if (logits::holds(tensor, std::vector<logits::Row>{c.logits})) continue;
    return report::fail("the caller's logits were changed, expected them to stay as they were",
                        facts_of(c, draw.u));
  }
}

void expect_every_border(const Case& c, bool contiguous = true) {
  expect_draws(c, at_every_border(c.distribution()), contiguous);
}

/// For large vocabularies.
void expect_near(const Case& c, const std::vector<double>& numbers) {
  const Distribution d = c.distribution();
  const torch::Tensor tensor = logits::vector_of(c.logits);
  for (const double u : numbers) {
    const std::int64_t got = attempt(c, u, tensor);
    if (testing::Test::HasFailure()) return;
    const std::string complaint = draws::complaint_if_far(d, u, got);
    if (!complaint.empty()) return report::fail(complaint, facts_of(c, u));
  }
}

template <typename E>
void expect_refused(const std::string& what, const std::string& type, const Case& c) {
  const torch::Tensor tensor = logits::vector_of(c.logits);
  report::expect_throws<E>(what, type, facts_of(c, 0.5), [&] {
    kata::sample(tensor, c.filters.temperature, c.filters.top_k, 0.5);
  });
}

}  // namespace

TEST(Draw, EXAMPLE_TwoIds) {
  const Case c{{0, 1.0986123f}, {}};
  expect_draws(c, {{0.2, 0}, {0.3, 1}});
}

TEST(TopK, EXAMPLE_TiesWithTheSecond) {
  const Case c{{1, 3, 2, 2, 0}, {.temperature = 0.5, .top_k = 2}};
  expect_draws(c, {{0, 1}, {0.8, 2}, {0.9, 3}});
}

TEST(Draw, EveryBorder) {
  Random random;
  for (int round = 0; round < 6; ++round) {
    expect_every_border({random.row(random.integer(2, 14), random.between(0.5, 5)), {}});
  }
  expect_every_border({{-4.5f}, {}});  // a vocabulary of one
}

TEST(Draw, ABorderBelongsToTheNextId) {
  expect_draws({{0, 0, 0, 0}, {}}, {{0, 0}, {0.25, 1}, {0.5, 2}, {0.75, 3}});
  expect_draws({{0, 0}, {}}, {{0, 0}, {0.5, 1}});
  expect_draws({{kMinusInfinity, 0, kMinusInfinity, kMinusInfinity, 0, kMinusInfinity}, {}},
               {{0, 1}, {0.5, 4}});
}

TEST(Draw, NeverMinusInfinity) {
  Random random;
  for (int round = 0; round < 4; ++round) {
    Row row = random.row(random.integer(5, 12), 3);
    row.front() = row.back() = kMinusInfinity;
    row[static_cast<std::size_t>(random.integer(1, 3))] = kMinusInfinity;
    const double temperature = random.between(0.4, 3);
    expect_every_border({row, {.temperature = temperature}});
    expect_every_border({row, {.temperature = temperature, .top_k = kLargest}});
    // More places than finite logits: the k-th largest is −∞ itself.
    const auto size = static_cast<std::int64_t>(row.size());
    expect_every_border({row, {.temperature = temperature, .top_k = size - 1}});
  }
  expect_every_border({{kMinusInfinity, kMinusInfinity, -7, kMinusInfinity}, {.top_k = 3}});
}

TEST(Draw, EndsOfTheUnitIntervalStayInside) {
  Random random;
  const double tiny = std::numeric_limits<double>::denorm_min();
  const double float_below_one = 1 - std::ldexp(1.0, -24);
  for (int round = 0; round < 12; ++round) {
    Row row = random.row(random.integer(3, 60), 1);
    for (std::size_t i = 0; i < 3; ++i) {  // the first, the last and one between
      const std::size_t place = i == 2 ? row.size() / 2 : i * (row.size() - 1);
      if (row.size() > 3 || i == 0) row[place] = kMinusInfinity;
    }
    expect_draws({row, {}}, {{0, kAnyThatStays},
                             {tiny, kAnyThatStays},
                             {float_below_one, kAnyThatStays},
                             {kBelowOne, kAnyThatStays}});
  }
}

TEST(Draw, LargeLogits) {
  // Differences of 0 to 2, exact in float32 also at ±10,000.
  for (const float offset : {10000.0f, -10000.0f, 200.0f, -800.0f}) {
    expect_every_border({{offset, offset + 1, offset - 0.5f, offset + 1.5f, offset + 0.25f}, {}});
  }
  expect_every_border({{-10000, 10000, 9999, -10000, 9998}, {}});
}

TEST(Draw, CountsFitTheProbabilities) {
  constexpr int kDraws = 1000;
  Random random;
  const Case c{{0.5f, kMinusInfinity, 1, -0.5f, 0.25f, -1, 0.75f, -3},
               {.temperature = 0.8, .top_k = 6}};
  const torch::Tensor tensor = logits::vector_of(c.logits);
  const Distribution d = c.distribution();
  std::vector<std::int64_t> counts(c.logits.size());
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.uniform();
    const std::int64_t got = attempt(c, u, tensor);
    if (testing::Test::HasFailure()) return;
    if (!draws::stays(d, got)) {
      return report::fail(draws::complaint(d, {u, kAnyThatStays}, got), facts_of(c, u));
    }
    ++counts[static_cast<std::size_t>(got)];
  }
  const std::string complaint = draws::complaint_about_counts(d, counts);
  if (complaint.empty()) return;
  report::fail(complaint, draws::facts_of(c, "1,000 independent numbers"));
}

TEST(Temperature, EveryBorder) {
  Random random;
  for (int round = 0; round < 8; ++round) {
    const double temperature = round % 2 == 0 ? random.between(0.2, 1) : random.between(1, 6);
    expect_every_border({random.row(random.integer(2, 12), 3), {.temperature = temperature}});
  }
}

TEST(Temperature, ZeroIsGreedy) {
  Random random;
  for (const std::int64_t k : {0, 1, 2, 3, 100, -1}) {
    Row row = random.row(12, 2);
    row[5] = row[9] = 3;
    for (const double u : {0.0, 0.3, 0.7, kBelowOne}) {
      expect_draws({row, {.temperature = 0, .top_k = k}}, {{u, 5}});
    }
  }
  expect_draws({{kMinusInfinity, -5, -4, -4}, {.temperature = 0}}, {{0, 2}, {kBelowOne, 2}});
  Row close(8, 0.1f);
  close[6] = std::nextafter(0.1f, 1.0f);
  expect_draws({close, {.temperature = 0, .top_k = 4}}, {{0, 6}, {0.5, 6}});
}

TEST(Temperature, SmallIsNotZero) {
  // A lead of 0.0009765625 is worth e^0.98 at 0.001.
  expect_every_border({{0, 0.0009765625f, 0, kMinusInfinity}, {.temperature = 1e-3}});
  expect_every_border({{-0.0078125f, 0, 0.00390625f, 0}, {.temperature = 0.01}});
  expect_every_border({{0.125f, 0, 0.0625f, -3}, {.temperature = 0.1, .top_k = 3}});
}

TEST(Temperature, SmallWithLargeLogits) {
  // (l − max) / T goes down to −2 · 10⁷.
  expect_every_border({{-10000, 10000, 9999, 10000}, {.temperature = 1e-3}});
  expect_every_border({{200, -200, 199, 0}, {.temperature = 0.0078125}});
}

TEST(Temperature, LargeIsNearlyUniform) {
  expect_every_border({{1, -2, 3, 0, kMinusInfinity, 2}, {.temperature = 1e4}});
  expect_every_border({{10000, -10000, 5000, 0}, {.temperature = 1e4}});
  expect_every_border({{1, -2, 3, 0, kMinusInfinity, 2}, {.temperature = 1e4, .top_k = 2}});
}

TEST(TopK, EveryBorder) {
  Random random;
  const Row row = random.row(9, 2.5);
  for (std::int64_t k = 1; k <= 8; ++k) {
    const Case c{row, {.temperature = random.between(0.5, 2), .top_k = k}};
    if (c.distribution().margin >= 1e-4) expect_every_border(c);
  }
}

TEST(TopK, TiesWithTheLastStay) {
  Random random;
  for (int round = 0; round < 4; ++round) {
    const Row row = random.coarse_row(random.integer(6, 12), 3);
    for (std::int64_t k = 1; k <= 5; ++k) {
      expect_every_border({row, {.temperature = random.between(0.5, 2), .top_k = k}});
    }
  }
  for (std::int64_t k = 1; k <= 6; ++k) expect_every_border({Row(6, -1.5f), {.top_k = k}});
  expect_every_border({{2, kMinusInfinity, 2, 1, 2}, {.top_k = 1}});
}

TEST(TopK, OffAtZeroNegativeAndLarge) {
  Random random;
  const Row row = random.row(7, 1.5);
  for (const std::int64_t k :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{-3}, std::int64_t{7}, std::int64_t{8},
        kSmallest, kLargest, std::int64_t{1} << 32, (std::int64_t{1} << 32) + 2}) {
    expect_every_border({row, {.temperature = 1.25, .top_k = k}});
  }
}

TEST(Logits, MayLieApartInMemory) {
  Random random;
  for (const double temperature : {0.0, 0.7, 1.0}) {
    const Case c{random.row(8, 2), {.temperature = temperature, .top_k = 5}};
    expect_every_border(c, /*contiguous=*/false);
  }
}

TEST(Logits, StayAsTheyWere) {
  Random random;
  Row row = random.row(8, 2);
  row[3] = kMinusInfinity;
  for (const double temperature : {0.0, 0.5, 1.0, 3.0}) {
    for (const std::int64_t k : {0, 2, 7}) {
      expect_draws({row, {.temperature = temperature, .top_k = k}}, {{0.5, kAnyThatStays}});
    }
  }
}

TEST(LargeVocabulary, SumsKeepTheirDigits) {
  // Running sums in float32, of probabilities as of weights, are off by 4e-4 to 1e-3 here.
  Row row(static_cast<std::size_t>(logits::kLargeVocabulary), -1.7f);
  row[0] = 0;
  expect_near({row, {}}, {0.6, 0.8});
  Random random;
  for (float& logit : row) logit = static_cast<float>(random.integer(-8, 8)) / 4;
  expect_near({row, {.temperature = 0.9}}, {random.between(0.1, 0.9)});
}

TEST(LargeVocabulary, FewStay) {
  Random random;
  const auto size = static_cast<std::size_t>(logits::kLargeVocabulary);
  Row row(size);
  for (float& logit : row) logit = static_cast<float>(random.integer(-40, 40)) / 8;
  row[0] = row[size - 1] = kMinusInfinity;
  for (int i = 0; i < 50; ++i) row[static_cast<std::size_t>(random.integer(1, 128000))] = 6;
  expect_near({row, {.temperature = 0.7, .top_k = 20}}, {random.uniform(), kBelowOne});
  expect_near({row, {.temperature = 0}}, {0.5});
}

TEST(SampleErrors, BadTemperatures) {
  for (const double temperature :
       {-1.0, -1e-9, -kInfinity, kInfinity, std::numeric_limits<double>::quiet_NaN()}) {
    for (const std::int64_t k : {0, 1}) {
      expect_refused<std::invalid_argument>("a temperature of " + report::text(temperature),
                                            "std::invalid_argument",
                                            {{0, 1, 2}, {.temperature = temperature, .top_k = k}});
    }
  }
}

TEST(SampleErrors, LogitsWithoutADistribution) {
  Random random;
  for (const double temperature : {1.0, 0.0}) {
    for (const std::int64_t k : {0, 1}) {
      for (std::size_t place = 0; place < 4; ++place) {
        Row row = random.row(4, 2);
        row[place] = kNaN;
        expect_refused<std::domain_error>("a NaN among the logits", "std::domain_error",
                                          {row, {.temperature = temperature, .top_k = k}});
      }
      for (const float value : {kMinusInfinity, kNaN}) {
        expect_refused<std::domain_error>(
            "logits that are all " + report::text(value), "std::domain_error",
            {Row(4, value), {.temperature = temperature, .top_k = k}});
      }
    }
  }
}
