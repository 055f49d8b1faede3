#pragma once

// How the checks of level 3 hand rows to an attempt, as batches, and judge what it draws.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "draw_cases.h"
#include "level3.h"

namespace batches {

using draws::Case;
using draws::Draw;
using logits::Random;
using logits::Row;
using oracle::Distribution;
using oracle::Filters;
using oracle::Tokens;

inline kata::Sampling sampling_of(const Filters& f) {
  return {f.temperature, f.top_k, f.top_p, f.min_p, f.penalty};
}

inline report::Facts facts_of(const Case& c, double u, std::size_t row, std::size_t rows) {
  report::Facts facts = draws::facts_of(c, report::text(u));
  if (rows > 1) facts.push_back({"row", std::to_string(row) + " of " + std::to_string(rows)});
  return facts;
}

/// A batch: all cases have the same filters.
struct Batch {
  std::vector<Case> cases;
  std::vector<double> u;
  bool contiguous = true;

  void add(const Case& c, double number) {
    cases.push_back(c);
    u.push_back(number);
  }
};

/// The attempt's ids for a batch, or an empty list and a failure.
inline Tokens attempt(const Batch& batch) {
  std::vector<Row> rows;
  std::vector<Tokens> prompts, outputs;
  for (const Case& c : batch.cases) {
    rows.push_back(c.logits);
    prompts.push_back(c.prompt);
    outputs.push_back(c.output);
  }
  const Case& first = batch.cases.front();
  const auto vocabulary = static_cast<std::int64_t>(first.logits.size());
  const torch::Tensor tensor = logits::matrix_of(rows, vocabulary, batch.contiguous);
  const auto prompts_before = prompts, outputs_before = outputs;
  const report::Facts facts = facts_of(first, batch.u.front(), 0, rows.size());
  Tokens got;
  try {
    got = kata::sample_batch(tensor, prompts, outputs, sampling_of(first.filters), batch.u);
  } catch (const std::exception& e) {
    report::fail_with_exception("sample_batch", e, facts);
    return {};
  }
  if (!logits::holds(tensor, rows))
    report::fail("the caller's logits were changed, expected them to stay as they were", facts);
  if (prompts != prompts_before || outputs != outputs_before) {
    report::fail("the caller's prompts or outputs were changed, expected them to stay as they were",
                 facts);
  }
  if (got.size() == rows.size()) return got;
  report::fail("expected " + std::to_string(rows.size()) + " ids, one for each row, got " +
                   report::text(got),
               facts);
  return {};
}

/// Each row's id against its own distribution, by `complaint(distribution, row, got)`.
template <typename Complaint>
void expect_batch(const Batch& batch, const std::vector<Distribution>& distributions,
                  Complaint&& complaint) {
  const Tokens got = attempt(batch);
  for (std::size_t row = 0; row < got.size(); ++row) {
    const std::string text = complaint(distributions[row], row, got[row]);
    if (text.empty()) continue;
    return report::fail(text, facts_of(batch.cases[row], batch.u[row], row, got.size()));
  }
}

/// A batch of one and the same row, every draw in it.
inline void expect_draws(const Case& c, const std::vector<Draw>& draws, bool contiguous = true) {
  Batch batch{{}, {}, contiguous};
  for (const Draw& draw : draws) batch.add(c, draw.u);
  const std::vector<Distribution> same(draws.size(), c.distribution());
  expect_batch(batch, same, [&](const Distribution& d, std::size_t row, std::int64_t got) {
    return draws::complaint(d, draws[row], got);
  });
}

inline void expect_every_border(const Case& c, bool contiguous = true) {
  expect_draws(c, draws::at_every_border(c.distribution()), contiguous);
}

inline bool is_clear(const Case& c) {
  return c.distribution().margin >= draws::kInside;
}

/// For large vocabularies.
inline void expect_near(const Case& c, const std::vector<double>& numbers) {
  Batch batch;
  for (const double u : numbers) batch.add(c, u);
  const std::vector<Distribution> same(numbers.size(), c.distribution());
  expect_batch(batch, same, [&](const Distribution& d, std::size_t row, std::int64_t got) {
    return draws::complaint_if_far(d, numbers[row], got);
  });
}

/// Logits whose softmax these probabilities are.
inline Row logarithms(const std::vector<double>& probabilities) {
  Row row;
  for (const double p : probabilities) row.push_back(static_cast<float>(std::log(p)));
  return row;
}

/// Filters of all kinds at once. top_p keeps away from 1, where a row of which top-k leaves one id
/// is at the border whatever its logits.
inline Filters random_filters(Random& random, std::int64_t vocabulary) {
  return {.temperature = random.between(0.5, 2),
          .top_k = random.integer(1, vocabulary + 1),
          .top_p = random.between(0.5, 0.999),
          .min_p = random.between(0, 0.3),
          .penalty = random.between(0.6, 2.5)};
}

/// A row and its history; float32 and float64 agree on what stays.
inline Case random_case(Random& random, std::int64_t vocabulary, const Filters& filters) {
  while (true) {
    const Case c{random.coarse_row(vocabulary, 10), filters,
                 random.tokens(random.integer(0, 4), vocabulary),
                 random.tokens(random.integer(0, 4), vocabulary)};
    if (is_clear(c)) return c;
  }
}

template <typename E>
void expect_refused(const std::string& what, const std::string& type, const std::vector<Row>& rows,
                    const Filters& filters) {
  const auto n = rows.size();
  const std::vector<Tokens> none(n);
  const torch::Tensor tensor = logits::matrix_of(rows, 4);
  report::Facts facts = {{"rows", std::to_string(n)}};
  for (const Row& row : rows) facts.push_back({"logits", report::text(row)});
  facts.push_back({"temperature", report::text(filters.temperature)});
  report::expect_throws<E>(what, type, facts, [&] {
    kata::sample_batch(tensor, none, none, sampling_of(filters), std::vector<double>(n, 0.5));
  });
}

inline void expect_bad_filters(const std::string& what, Filters filters) {
  for (const bool greedy : {false, true}) {
    if (greedy) {
      if (what.find("temperature") != std::string::npos) continue;
      filters.temperature = 0;
    }
    expect_refused<std::invalid_argument>(what, "std::invalid_argument", {{0, 1, 2, 3}}, filters);
    expect_refused<std::invalid_argument>(what, "std::invalid_argument", {}, filters);
  }
}

}  // namespace batches
