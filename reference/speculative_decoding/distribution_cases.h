#pragma once

// The statistical checks of level 2: what comes out of many runs against the target's distribution,
// by chi-square at a level that right answers miss once in a million runs.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "sampling_cases.h"
#include "support/chi_square.h"

namespace sampling {

/// Ids that came out of many draws against their probabilities.
inline void expect_distribution(const std::string& what, const std::vector<std::int64_t>& counts,
                                const Probabilities& p, const Facts& facts) {
  const support::ChiSquare test = support::chi_square(counts, p);
  if (test.statistic <= test.critical) return;
  report::fail(what + " came with the counts " + report::text(counts) +
                   ", the target's probabilities are " + report::text(p) + ": chi-square is " +
                   support::number(test.statistic) + ", right answers stay below " +
                   support::number(test.critical),
               facts);
}

/// Two proposals a run, drawn from q; every token that comes out against its row of p.
inline void expect_tokens_like_target() {
  Random random;
  const std::vector<Probabilities> p = {
      {0.1, 0.2, 0.3, 0.4}, {0.4, 0.3, 0.2, 0.1}, {0.25, 0.4, 0.1, 0.25}};
  const std::vector<Probabilities> q = {{0.4, 0.15, 0.15, 0.3}, {0.2, 0.2, 0.2, 0.4}};
  const torch::Tensor p_rows = logits::matrix_of(p, 4), q_rows = logits::matrix_of(q, 4);
  std::vector<std::vector<std::int64_t>> counts(3, std::vector<std::int64_t>(4, 0));
  for (int run = 0; run < 600; ++run) {
    Tokens proposals;
    for (const Probabilities& row : q) proposals.push_back(oracle::draw(row, random.uniform()));
    const Tokens tokens =
        kata::verify(p_rows, q_rows, proposals, /*eos=*/-1, [&] { return random.uniform(); });
    for (std::size_t i = 0; i < std::min<std::size_t>(tokens.size(), 3); ++i) {
      if (tokens[i] < 0 || tokens[i] > 3) {
        return report::fail("verify returned the id " + report::text(tokens[i]) + " with V = 4",
                            {});
      }
      ++counts[i][static_cast<std::size_t>(tokens[i])];
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    // A later token is there only if all proposals before it were accepted. That says nothing about
    // it: here the rows of p and q do not depend on the tokens before. Right answers accept 0.7 of
    // both.
    if (std::accumulate(counts[i].begin(), counts[i].end(), std::int64_t{0}) < 100) {
      report::fail("too few runs of 600 gave token " + std::to_string(i),
                   {{"counts", report::text(counts[i])}});
      continue;
    }
    expect_distribution("token " + std::to_string(i) + " of 600 runs of verify", counts[i], p[i],
                        {{"q[0]", report::text(q[0])}, {"q[1]", report::text(q[1])}});
  }
}

/// Outputs of three tokens, V = 3, against their probabilities in the target.
inline void expect_outputs_like_target() {
  Random random;
  const Next target = logits::random_model(random.key(), 3, 0.5);
  const Next draft = logits::random_model(random.key(), 3, 2);
  const Generation g{target, draft, {1}, 2, 3, -1};
  Probabilities p;
  for (std::int64_t cell = 0; cell < 27; ++cell) {
    Tokens history = g.prompt;
    double probability = 1;
    for (const std::int64_t token : {cell / 9, cell / 3 % 3, cell % 3}) {
      probability *= oracle::softmax(target(history))[static_cast<std::size_t>(token)];
      history.push_back(token);
    }
    p.push_back(probability);
  }
  std::vector<std::int64_t> counts(27, 0);
  for (int run = 0; run < 1500; ++run) {
    scripted::Model of_target("target", target), of_draft("draft", draft);
    const Tokens tokens =
        kata::speculative_sample(of_target, of_draft, g.prompt, g.draft_length, g.max_new_tokens,
                                 g.eos, [&] { return random.uniform(); });
    std::size_t cell = 0;
    for (const std::int64_t token : tokens) cell = 3 * cell + static_cast<std::size_t>(token);
    if (tokens.size() != 3 || cell >= 27) {
      return report::fail("expected 3 ids below 3, got " + report::text(tokens),
                          scripted::facts_of(g));
    }
    ++counts[cell];
  }
  expect_distribution("the 27 outputs, {0, 0, 0} to {2, 2, 2}, in 1500 runs", counts, p,
                      scripted::facts_of(g));
}

}  // namespace sampling
