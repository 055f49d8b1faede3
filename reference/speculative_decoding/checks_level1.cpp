#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "error_cases.h"
#include "greedy_cases.h"
#include "level1.h"
#include "oracle.h"
#include "scripted_logits.h"
#include "scripted_model.h"
#include "support/report.h"

using greedy::alternating;
using greedy::always_wrong;
using greedy::expect_greedy;
using greedy::expect_target_calls;
using greedy::expect_with_all_drafts;
using greedy::kLargest;
using greedy::kNoEos;
using greedy::right_by_chance;
using greedy::script;
using logits::after_last_token;
using logits::kMinusInfinity;
using logits::Next;
using logits::Random;
using logits::random_model;
using logits::Row;
using logits::statement_target;
using oracle::Generation;
using oracle::Tokens;

namespace {

void generate(kata::CachedModel& target, kata::CachedModel& draft, const Generation& g) {
  kata::speculative_greedy(target, draft, g.prompt, g.draft_length, g.max_new_tokens, g.eos);
}

}  // namespace

TEST(SpeculativeGreedy, EXAMPLE_OneCallForThreeTokens) {
  expect_greedy({statement_target(), statement_target(), {0}, 2, 10, 3}, "the target's logits");
}

TEST(SpeculativeGreedy, EXAMPLE_ARejectedProposal) {
  const Next draft = after_last_token({{0, 2, 1, 0}, {0, 1, 0, 5}, {0, 0, 0, 1}, {0, 0, 1, 0}});
  expect_greedy({statement_target(), draft, {0}, 3, 4, kNoEos}, "0 to 1, 1 to 3, 2 to 3, 3 to 2");
}

TEST(Verification, AnAlwaysRightDraft) {
  Random random;
  for (std::int64_t draft_length = 1; draft_length <= 6; ++draft_length) {
    const Next model = random_model(random.key(), 23);
    const std::int64_t tokens = random.integer(1, 25);
    const Generation g{model, model, random.tokens(3, 23), draft_length, tokens, kNoEos};
    expect_target_calls(g, (tokens + draft_length) / (draft_length + 1));
    expect_greedy(g, "always right");
  }
}

TEST(Verification, AnAlwaysWrongDraft) {
  Random random;
  for (std::int64_t draft_length = 1; draft_length <= 6; ++draft_length) {
    const Next model = random_model(random.key(), 23);
    const std::int64_t tokens = random.integer(1, 12);
    const Generation g{model, always_wrong(model), random.tokens(3, 23), draft_length, tokens,
                       kNoEos};
    expect_target_calls(g, tokens);
    expect_greedy(g, "always wrong");
  }
}

TEST(Verification, AnAlternatingDraft) {
  Random random;
  for (std::int64_t draft_length = 1; draft_length <= 6; ++draft_length) {
    const Next model = random_model(random.key(), 23);
    const Tokens prompt = random.tokens(random.integer(1, 4), 23);
    for (const std::size_t odd : {0U, 1U}) {
      expect_greedy({model, alternating(model, odd), prompt, draft_length, 13, kNoEos},
                    "right after every other token");
    }
  }
}

TEST(Verification, DraftsOfAllKinds) {
  Random random;
  for (int round = 0; round < 8; ++round) {
    const std::int64_t vocabulary = random.integer(2, 7);
    const Next model = random_model(random.key(), vocabulary);
    // A stranger that agrees by accident, now and then after a disagreement too.
    expect_greedy({model, random_model(random.key(), vocabulary),
                   random.tokens(random.integer(1, 5), vocabulary), random.integer(1, 5), 16,
                   random.integer(-1, 1)},
                  "another model");
    expect_greedy(
        {model, right_by_chance(model, random.key()),
         random.tokens(random.integer(1, 5), vocabulary), random.integer(2, 8), 24, kNoEos},
        "right three times in four");
  }
  const Next single = after_last_token({{-3}});  // a vocabulary of one
  expect_greedy({single, single, {0, 0}, 2, 5, kNoEos}, "always right");
}

TEST(Verification, TiesLeadsAndMinusInfinity) {
  const auto next = [](const Tokens& history) {
    static const float kUp = std::nextafter(9999.0f, 1e30f);
    constexpr float kLowest = std::numeric_limits<float>::lowest();
    static const std::vector<Row> kRows = {
        {-1, 2, 2, 2, 0},
        {9999, 9999, kUp, 9999, kUp},
        {kMinusInfinity, kMinusInfinity, kMinusInfinity, kLowest, kMinusInfinity},
        {0, 0, 1e-9f, 0, 1e-9f},
        {0, 0, 0, 0, 0},
        {-9, -8, -7, -6, -7},
        {1e4f, 3e38f, 3e38f, -3e38f, 3e38f}};
    return kRows[history.size() % kRows.size()];
  };
  for (std::int64_t draft_length = 0; draft_length <= 4; ++draft_length) {
    expect_with_all_drafts({next, {}, {0}, draft_length, 13, kNoEos}, /*contiguous=*/true,
                           "; logits are equal, or lead by 1e-9 or one ulp, or are up to 3.4e38");
  }
}

TEST(DraftLength, ZeroIsPlainGreedy) {
  Random random;
  for (const std::int64_t eos : {kNoEos, std::int64_t{2}}) {
    expect_with_all_drafts({random_model(random.key(), 6), {}, random.tokens(3, 6), 0, 9, eos});
  }
}

TEST(DraftLength, LongerThanWhatIsLeft) {
  Random random;
  const Next model = random_model(random.key(), 9);
  for (const std::int64_t draft_length : {std::int64_t{5}, std::int64_t{40}, kLargest}) {
    for (const std::int64_t limit : {1, 2, 6, 9}) {
      expect_with_all_drafts({model, {}, {1, 2}, draft_length, limit, kNoEos});
    }
  }
}

TEST(EndOfOutput, AnAcceptedEosHasNoBonus) {
  // EOS is 5, at every place of the first and the second round.
  for (std::size_t before = 0; before <= 7; ++before) {
    Tokens said(before, 3);
    said.push_back(5);
    said.push_back(2);
    const Next model = script(said, 2, 7);
    for (const std::int64_t draft_length : {1, 2, 3, 7, 12}) {
      expect_greedy({model, model, {1, 4}, draft_length, 20, 5}, "always right");
    }
  }
}

TEST(EndOfOutput, EosInPlaceOfAProposal) {
  for (std::size_t before = 0; before <= 4; ++before) {
    Tokens said(before, 3);
    said.push_back(5);
    const Next target = script(said, 1, 7), never = script({3}, 1, 7);
    for (const std::int64_t draft_length : {1, 3, 6}) {
      expect_greedy({target, never, {1}, draft_length, 20, 5}, "says 3 for ever");
    }
  }
}

TEST(EndOfOutput, AProposedEosThatIsRejected) {
  const Next target = script({3, 3, 4, 3, 3, 4, 3, 2, 5}, 1, 7);
  for (const Tokens& proposed : {Tokens{5}, Tokens{3, 5}, Tokens{3, 3, 4, 5, 3, 5}}) {
    for (const std::int64_t draft_length : {1, 2, 4, 8}) {
      expect_greedy({target, script(proposed, 1, 7), {1}, draft_length, 20, 5}, "EOS too early");
    }
  }
}

TEST(EndOfOutput, EosInThePromptOrNoId) {
  Random random;
  const Next model = random_model(random.key(), 40);
  for (const Tokens& prompt : {Tokens{3}, Tokens{3, 3, 3}, Tokens{1, 3, 2, 3}}) {
    expect_with_all_drafts({model, {}, prompt, 3, 7, 3});
  }
  for (const std::int64_t eos : {std::int64_t{-1}, std::int64_t{4}, std::int64_t{-4}, kLargest}) {
    expect_with_all_drafts({script({3, 0, 2, 1, 0}, 1, 4), {}, {0}, 2, 7, eos});
  }
  expect_with_all_drafts({script({2, 1, 2, 0, 1}, 1, 3), {}, {1}, 2, 9, 0});  // 0 is an id
}

TEST(EndOfOutput, TheLimitIsKeptToTheToken) {
  Random random;
  const Next model = random_model(random.key(), 30);
  for (std::int64_t limit = 0; limit <= 6; ++limit) {
    for (const std::int64_t draft_length : {1, 3}) {
      expect_with_all_drafts({model, {}, {3, 1}, draft_length, limit, kNoEos});
    }
  }
  const Next ends = script({1, 1, 0, 1, 2}, 1, 3);
  for (const std::int64_t limit : {std::int64_t{5}, kLargest}) {
    expect_with_all_drafts({ends, {}, {1}, 3, limit, 2});
  }
}

TEST(Caches, LongPromptsAndManyRounds) {
  Random random;
  for (const std::int64_t length : {1, 50}) {
    const Next model = random_model(random.key(), 12);
    expect_with_all_drafts({model, {}, random.tokens(length, 12), 4, 45, kNoEos});
  }
}

TEST(Caches, LogitsThatLieApartInMemory) {
  Random random;
  const Next model = random_model(random.key(), 17);
  expect_with_all_drafts({model, {}, random.tokens(3, 17), 3, 12, kNoEos}, /*contiguous=*/false);
}

TEST(GreedyErrors, BadArgumentsBeforeAnyCall) {
  errors::expect_bad_arguments_refused(generate);
}

TEST(GreedyErrors, RowsThatDecideWithoutALargest) {
  errors::expect_bad_rows_refused(generate);
}
