#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "generation_cases.h"
#include "level4.h"

using generation::Case;
using generation::expect_generation;
using generation::expect_planned;
using generation::greedy_options;
using generation::hashed;
using generation::Model;
using generation::options_with;
using generation::Plan;
using generation::plan;
using generation::scripted;
using logits::kMinusInfinity;
using logits::kNaN;
using logits::Random;
using logits::Row;
using oracle::Tokens;

namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

/// The model of the statement.
Row after_last_token(std::int64_t /*row*/, const Tokens& history) {
  static const std::vector<Row> kTable = {
      {0, 2, 1, 0}, {1, 0, 3, 3}, {-2, -4, -3, -1}, {7, 1, 0, 0}};
  return kTable.at(static_cast<std::size_t>(history.back()));
}

std::vector<Tokens> random_prompts(Random& random, int rows, std::int64_t vocabulary) {
  std::vector<Tokens> prompts;
  for (int row = 0; row < rows; ++row) {
    prompts.push_back(random.tokens(random.integer(1, 9), vocabulary));
  }
  return prompts;
}

/// Rows that say exactly these scripts, from one-token prompts of 5.
Case scripted_case(const std::vector<Tokens>& scripts, const kata::GenerationOptions& options) {
  const std::vector<Tokens> prompts(scripts.size(), Tokens{5});
  return {scripted(scripts, prompts, 6), prompts, options};
}

/// A hashed model, prompts and a plan in which float32 and float64 agree on what stays.
struct Planned {
  Case c;
  Plan p;
};
Planned planned(Random& random, int rows, std::int64_t vocabulary,
                const kata::GenerationOptions& options) {
  while (true) {
    const auto key = static_cast<std::uint64_t>(random.integer(0, kLargest));
    Case c{hashed(key, vocabulary), random_prompts(random, rows, vocabulary), options};
    Plan p = plan(c, random);
    if (p.margin >= draws::kInside) return {std::move(c), std::move(p)};
  }
}

template <typename E>
void expect_refused(const std::string& what, const std::string& type, const Case& c,
                    std::size_t calls) {
  Model model(c.next, c.contiguous);
  const auto uniform = [](std::int64_t, std::int64_t) { return 0.5; };
  report::expect_throws<E>(what, type, generation::facts_of(c),
                           [&] { kata::generate(model, c.prompts, c.options, uniform); });
  if (model.calls().size() <= calls) return;
  report::fail(what + " was refused after " + std::to_string(model.calls().size()) +
                   " calls of the model, expected " + std::to_string(calls),
               generation::facts_of(c));
}

}  // namespace

TEST(BatchCalls, EXAMPLE_UnfinishedRowsOnly) {
  expect_generation({after_last_token, {{0}, {0, 2}}, greedy_options(10, 3)});
}

TEST(StopSequences, EXAMPLE_ThePromptPlaysNoPart) {
  expect_generation({after_last_token, {{0}, {1}}, greedy_options(10, 3, {{1, 2}})});
}

TEST(BatchCalls, PromptsOfUnequalLength) {
  Random random;
  const std::vector<Tokens> prompts = {random.tokens(1, 20), random.tokens(7, 20),
                                       random.tokens(2, 20), random.tokens(40, 20),
                                       random.tokens(3, 20)};
  expect_generation({hashed(support::seed(), 20), prompts, greedy_options(8)});
}

TEST(BatchCalls, OneRow) {
  Random random;
  expect_generation(
      {hashed(support::seed(), 20), random_prompts(random, 1, 20), greedy_options(60)});
}

TEST(BatchCalls, ManyRowsInAscendingOrder) {
  Random random;
  for (int round = 0; round < 3; ++round) {
    const auto key = support::seed() + static_cast<std::uint64_t>(round);
    expect_generation({hashed(key, 6), random_prompts(random, 24, 6), greedy_options(12, 2)});
  }
}

TEST(BatchCalls, EqualPromptsAreRowsOfTheirOwn) {
  Random random;
  const Tokens prompt = random.tokens(4, 9);
  const Case c{hashed(support::seed(), 9), {prompt, prompt, prompt}, options_with(8, {})};
  expect_planned(c, plan(c, random));
}

TEST(RowEos, EndsItsRowAlone) {
  // Rows end at steps 0, 3, 1, 5 and never.
  const std::vector<Tokens> scripts = {
      {4}, {1, 2, 3, 4, 1}, {3, 4, 4, 2}, {1, 1, 1, 1, 1, 4}, {2, 2, 2, 2, 2, 2, 2, 2}};
  expect_generation(scripted_case(scripts, greedy_options(7, 4)));
  expect_generation(scripted_case({scripts[0], scripts[0]}, greedy_options(7, 4)));
  expect_generation(scripted_case({scripts[4], scripts[1]}, greedy_options(7, 4)));
}

TEST(RowEos, ZeroAndIdsThatDoNotOccur) {
  const std::vector<Tokens> scripts = {{1, 0, 2, 3}, {2, 2, 2, 0, 1}, {0, 1, 1}};
  for (const std::int64_t eos : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{6}, kLargest}) {
    expect_generation(scripted_case(scripts, greedy_options(6, eos)));
  }
}

TEST(RowEos, InThePromptStopsNothing) {
  const std::vector<Tokens> prompts = {{4}, {4, 4, 1}, {1, 4}, {2, 4, 3}};
  const std::vector<Tokens> scripts = {{1, 1, 4}, {2, 3, 2}, {4}, {1, 2, 3, 4}};
  expect_generation({scripted(scripts, prompts, 6), prompts, greedy_options(5, 4)});
}

TEST(RowLimit, ZeroMakesNoCall) {
  Random random;
  expect_generation({hashed(support::seed(), 9), random_prompts(random, 3, 9), greedy_options(0)});
  expect_generation({after_last_token, {{1, 2}, {0}}, greedy_options(0, 3, {{1, 2}})});
}

TEST(RowLimit, IsKeptToTheToken) {
  Random random;
  for (std::int64_t limit = 1; limit <= 4; ++limit) {
    expect_generation(
        {hashed(support::seed(), 9), random_prompts(random, 3, 9), greedy_options(limit)});
  }
}

TEST(RowLimit, MayBeAsLargeAsItGets) {
  expect_generation({after_last_token, {{0}, {1}, {2}}, greedy_options(kLargest, 3)});
  expect_generation({after_last_token, {{0}, {1}}, greedy_options(kLargest / 8, -1, {{0, 1}})});
}

TEST(BatchCalls, NoPrompts) {
  expect_generation({after_last_token, {}, greedy_options(5)});
}

TEST(StopSequences, SpanStepsAndAreKept) {
  const std::vector<Tokens> scripts = {{1, 2, 3, 4, 1, 1}, {3, 3, 2, 3, 4, 1}, {2, 3}, {4, 2, 2}};
  expect_generation(scripted_case(scripts, greedy_options(9, -1, {{2, 3}})));
  expect_generation(scripted_case(scripts, greedy_options(9, -1, {{2, 3, 4}})));
  expect_generation(scripted_case(scripts, greedy_options(9, -1, {{3}})));
  // Within a scattered or reversed order it is no match.
  expect_generation(scripted_case({{2, 1, 3, 2}, {3, 2, 3, 2}}, greedy_options(6, -1, {{2, 3}})));
}

TEST(StopSequences, MatchNewTokensOnly) {
  // The prompts end with the sequence, with its beginning, and hold it in the middle.
  const std::vector<Tokens> prompts = {{1, 2, 3}, {5, 1, 2}, {1}, {1, 2, 3, 4}};
  const std::vector<Tokens> scripts = {
      {4, 4, 1, 2, 3, 4}, {3, 4, 1, 2, 3}, {2, 3, 1, 2, 3}, {4, 4}};
  expect_generation({scripted(scripts, prompts, 6), prompts, greedy_options(7, -1, {{1, 2, 3}})});
}

TEST(StopSequences, MayOverlapThemselves) {
  const std::vector<Tokens> scripts = {
      {1, 1, 1, 2, 3}, {1, 2, 1, 2, 1, 3, 4}, {1, 1, 2, 1, 1, 2}, {1, 2, 1, 1, 2, 1, 3}};
  for (const Tokens& stop : {Tokens{1, 1, 2}, Tokens{1, 2, 1, 3}, Tokens{1, 2, 1, 2, 1, 3}}) {
    expect_generation(scripted_case(scripts, greedy_options(8, -1, {stop})));
  }
}

TEST(StopSequences, LongOnesMatchAsAWhole) {
  Random random;
  const Tokens stop = random.tokens(24, 5);
  Tokens script = stop;  // first with another beginning, then whole, then something more
  script[0] = stop[0] == 1 ? 2 : 1;
  script.insert(script.end(), stop.begin(), stop.end());
  script.insert(script.end(), {1, 2, 3});
  expect_generation(scripted_case({script, {3, 3}}, greedy_options(60, -1, {stop})));
}

TEST(StopSequences, AnyOneOfSeveralIsEnough) {
  const std::vector<Tokens> scripts = {
      {1, 2, 3, 4, 1, 1}, {4, 4, 2, 3, 4, 1}, {3, 3, 3, 3, 1}, {2, 1, 4, 3}, {4, 3, 4, 1, 2, 2}};
  const std::vector<Tokens> stops = {{4, 1}, {2, 3}, {3, 3, 3}};
  expect_generation(scripted_case(scripts, greedy_options(7, -1, stops)));
  expect_generation(scripted_case(scripts, greedy_options(7, -1, {stops[2], stops[0]})));
  // One is the end of another, one is too long ever to match.
  expect_generation(scripted_case(
      scripts, greedy_options(7, -1, {{1, 2, 3}, {3, 4}, {2, 3}, Tokens(50, 3), {4, 4, 2, 3}})));
}

TEST(StopSequences, BesideEosAndLimit) {
  const std::vector<Tokens> scripts = {
      {1, 4, 2, 3}, {2, 3, 4, 1}, {2, 4, 3}, {1, 1, 1, 2, 3}, {1, 1, 2, 3, 1}};
  expect_generation(scripted_case(scripts, greedy_options(4, 4, {{2, 3}, {4, 2}, {3, 4}})));
  expect_generation(scripted_case(scripts, greedy_options(4, 1, {{1, 1}})));
}

TEST(RowDraws, TakeTheNumberOfRowAndStep) {
  Random random;
  for (int round = 0; round < 3; ++round) {
    const Planned run = planned(random, 5, 9, options_with(7, {}, /*eos=*/round == 0 ? -1 : 3));
    expect_planned(run.c, run.p);
  }
}

TEST(RowDraws, AllFilters) {
  Random random;
  for (int round = 0; round < 3; ++round) {
    const kata::Sampling sampling{random.between(0.5, 2), random.integer(3, 12),
                                  random.between(0.6, 1), random.between(0, 0.2),
                                  random.between(0.6, 2)};
    const Planned run = planned(random, 4, 11, options_with(8, sampling, /*eos=*/3));
    expect_planned(run.c, run.p);
  }
}

TEST(RowDraws, PenaliseTheRowsOwnTokens) {
  Random random;
  for (const double temperature : {0.0, 1.0}) {
    kata::Sampling sampling;
    sampling.temperature = temperature, sampling.repetition_penalty = random.between(2, 4);
    const Planned run = planned(random, 4, 12, options_with(9, sampling));
    expect_planned(run.c, run.p);
  }
}

TEST(RowDraws, ARowAloneSaysTheSame) {
  Random random;
  const kata::Sampling sampling{.temperature = 0.8, .top_k = 7, .repetition_penalty = 1.3};
  const Planned run = planned(random, 5, 10, options_with(8, sampling, /*eos=*/2));
  expect_planned(run.c, run.p);
  for (std::size_t row = 0; row < run.c.prompts.size(); ++row) {
    Case alone = run.c;
    alone.prompts = {run.c.prompts[row]};
    Plan its;
    its.outputs = {run.p.outputs[row]};
    for (const auto& [place, u] : run.p.numbers) {
      if (place.first == static_cast<std::int64_t>(row)) its.numbers[{0, place.second}] = u;
    }
    expect_planned(alone, its);
  }
}

TEST(RowDraws, LogitsMayLieApartInMemory) {
  Random random;
  Planned run = planned(random, 4, 9, options_with(6, {.top_k = 6}, /*eos=*/3));
  run.c.contiguous = false;
  expect_planned(run.c, run.p);
  run = planned(random, 4, 9, greedy_options(6, 3));
  run.c.contiguous = false;
  expect_planned(run.c, run.p);
}

TEST(GenerationErrors, BadArgumentsBeforeAnyCall) {
  const std::string type = "std::invalid_argument";
  const auto refused = [&](const std::string& what, const std::vector<Tokens>& prompts,
                           const kata::GenerationOptions& options) {
    expect_refused<std::invalid_argument>(what, type, {after_last_token, prompts, options}, 0);
  };
  for (const std::int64_t limit : {3, 0}) {
    refused("an empty prompt", {{}}, greedy_options(limit));
    refused("an empty prompt among others", {{0}, {1}, {}}, greedy_options(limit));
    refused("an empty stop sequence", {{0}}, greedy_options(limit, -1, {{}}));
    refused("an empty stop sequence", {}, greedy_options(limit, -1, {{1, 2}, {}}));
    for (const kata::Sampling& bad : {kata::Sampling{.temperature = -1},
                                      {.top_p = 0},
                                      {.top_p = 1.5},
                                      {.min_p = -0.1},
                                      {.repetition_penalty = 0}}) {
      refused("a bad sampling", {{0}, {1}}, options_with(limit, bad));
      refused("a bad sampling without prompts", {}, options_with(limit, bad));
    }
  }
  refused("a negative max_new_tokens", {{0}}, greedy_options(-1));
  refused("a negative max_new_tokens", {},
          greedy_options(std::numeric_limits<std::int64_t>::min()));
}

TEST(GenerationErrors, LogitsWithoutADistribution) {
  const std::vector<Tokens> prompts = {{0}, {1, 2}, {2}};
  for (const double temperature : {0.0, 1.0}) {
    for (const Row& bad : {Row{0, kNaN, 0, 9}, Row(4, kMinusInfinity)}) {
      for (const std::int64_t place : {0, 1, 2}) {
        for (const std::size_t step : {0, 2}) {
          const auto next = [=](std::int64_t row, const Tokens& history) {
            const std::size_t prompt = row == 1 ? 2 : 1;
            return row == place && history.size() == prompt + step ? bad : Row{9, 0, 0, 0};
          };
          kata::GenerationOptions options = greedy_options(5, 3);
          options.sampling.temperature = temperature;
          expect_refused<std::domain_error>(
              "row " + std::to_string(place) + " with the logits " + report::text(bad) +
                  " at step " + std::to_string(step),
              "std::domain_error", {next, prompts, options}, step + 1);
        }
      }
    }
  }
}
