#pragma once

// The checks of level 4 that are about what is sent when the conversation is too long. Included by
// checks_level4.cpp.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "limits_stage.h"
#include "oracle.h"
#include "random_dialogue.h"
#include "stage.h"
#include "transcript.h"

namespace {

using kata::json;
using kata::ToolCall;
using limits::plan_trimming;
using limits::play;
using limits::Status;
using stage::Improviser;
using stage::Stage;
using transcript::asks;
using transcript::Line;
using transcript::Lines;
using transcript::result;
using transcript::says;
using transcript::system_line;
using transcript::user;

std::int64_t tokens_of(const Lines& lines) {
  std::int64_t tokens = 0;
  for (const Line& line : lines) tokens += kata::count_tokens(line.message);
  return tokens;
}

/// Plays with a tool "look" that always returns "dark", and expects what the oracle says of each
/// request.
void play_trimmed(Stage& stage, std::int64_t max_tokens, Status status = Status::kAnswered) {
  stage.add_tool("look", [](const json&) { return "dark"; });
  plan_trimming(stage, max_tokens);
  play(stage, {.limits = {.max_context_tokens = max_tokens}, .status = status});
}

/// One call, its id and arguments long enough for some tokens.
ToolCall look(const std::string& id) {
  return {"call_" + id, "look", "{\"at\":\"" + id + "\"}"};
}

TEST(Context, EXAMPLE_OldestExchangesAreLeftOut) {
  const ToolCall sweden = {"c1", "news", "{\"of\":\"Sweden\"}"};
  const ToolCall gotland = {"c2", "news", "{\"of\":\"Gotland\"}"};
  Stage stage({system_line("Act."), user("What is new in Norway?"), says("Nothing that I know of."),
               user("And in Sweden, please?")},
              {asks({sweden}), result(sweden, "Snow in Stockholm"), asks({gotland}),
               result(gotland, "Sunny on Gotland"), says("Snow and sun.")});
  stage.add_tool("news", [](const json& x) -> json {
    return x.at("of") == "Sweden" ? "Snow in Stockholm" : "Sunny on Gotland";
  });
  stage.sent_lines = {{0, 1, 2, 3}, {0, 3, 4, 5}, {0, 3, 6, 7}};
  play(stage, {.limits = {.max_context_tokens = 35}});
}

TEST(Context, FewestExchangesAreLeftOut) {
  Lines given = {system_line("Be brief.")};
  for (int i = 0; i < 4; ++i) {
    if (i == 1) given.push_back(user("No answer came to this, and it goes alone."));
    given.push_back(user("Question " + std::to_string(i)));
    given.push_back(says("Answer " + std::to_string(i)));
  }
  given.push_back(user("The last question."));
  const std::int64_t all = tokens_of(given);
  const std::int64_t least = tokens_of({given.front(), given.back()});
  for (std::int64_t max = least; max <= all; ++max) {
    Stage stage(given, {says("The last answer.")});
    play_trimmed(stage, max);
  }
}

TEST(Context, OldestGoFirstHoweverSmall) {
  const Lines given = {
      user("A"), says("B"), user(std::string(400, 'c')), says(std::string(400, 'd')), user("E"),
      says("F"), user("G")};
  Stage stage(given, {says("H")});
  play_trimmed(stage, tokens_of({given[0], given[1], given[4], given[5], given[6]}));
}

TEST(Context, ExchangesWithCallsGoWhole) {
  const ToolCall a = look("a"), b = look("b"), c = look("c");
  const Lines given = {system_line("Be brief."), user("First."),    asks({a, b}, "I look."),
                       result(a, "dark"),        result(b, "dark"), asks({c}),
                       result(c, "dark"),        says("Dark."),     user("More."),
                       user("Second.")};
  for (std::int64_t left_out = 1; left_out < tokens_of(given) - 20; left_out += 3) {
    Stage stage(given, {asks({b, a}), result(b, "dark"), result(a, "dark"), says("Dark.")});
    play_trimmed(stage, tokens_of(given) - left_out);
  }
}

TEST(Context, CallsAndResultsAreNotParted) {
  const Lines given = {system_line("Be brief."), user("Look around.")};
  for (int room = 30; room <= 120; room += 5) {
    Stage stage(given, {});
    for (int turn = 0; turn < 5; ++turn) {
      const ToolCall a = look("a" + std::to_string(turn)), b = look("b" + std::to_string(turn));
      stage.append(asks({a, b}, turn % 2 == 0 ? "" : "I look at two places."));
      stage.append(result(a, "dark"));
      stage.append(result(b, "dark"));
    }
    stage.append(says("Dark."));
    play_trimmed(stage, tokens_of(given) + room);
  }
}

TEST(Context, SystemAndLastUserMessageAreAlwaysSent) {
  const ToolCall call = look("1");
  const Lines given = {system_line(std::string(300, 's')), user("Old."), says("Old."),
                       user(std::string(500, 'u'))};
  Stage stage(given, {asks({call}), result(call, "dark"), says("Dark.")});
  play_trimmed(stage, tokens_of({given[0], given[3]}));
  const Lines no_system(given.begin() + 1, given.end());
  Stage without(no_system, {asks({call}), result(call, "dark"), says("Dark.")});
  play_trimmed(without, tokens_of({given[3]}));
  Stage too_much(given, {});
  play_trimmed(too_much, tokens_of({given[0], given[3]}) - 1, Status::kContextLimit);
  too_much.expect_runs({});
  Stage nothing(given, {});
  play_trimmed(nothing, 0, Status::kContextLimit);
}

TEST(Context, AfterAnEndedLoop) {
  const ToolCall a = look("a"), b = look("b");
  const Lines given = {user("Old."),      says("Old."),        user("New."),     asks({a}),
                       result(a, "dark"), asks({b}, "Again."), result(b, "dark")};
  for (std::int64_t max = tokens_of({given[2]}); max <= tokens_of(given); ++max) {
    Stage stage(given, {says("Dark.")});
    play_trimmed(stage, max);
  }
}

TEST(Context, RetriesSendTheSame) {
  const Lines given = {user("Old."), says("Old."), user("New.")};
  Stage stage(given, {says("Dark.")});
  const auto busy = [] { throw kata::ModelError("busy", /*may_be_retried=*/true); };
  stage.throws_before(0, busy);
  stage.throws_before(0, busy);
  stage.sent_lines = {{2}, {2}, {2}};
  play(stage, {.limits = {.max_context_tokens = tokens_of(given) - 1}, .waits = {500, 1000}});
}

/// An old part and a new one, with calls or without.
Lines random_exchanges(Improviser& random, int count, bool with_questions) {
  Lines lines;
  for (int i = 0; i < count; ++i) {
    if (with_questions) lines.push_back(user(random.text(20)));
    if (with_questions && random.integer(0, 4) == 0) continue;  // no answer came
    for (int calls = random.integer(with_questions ? 0 : 1, 2); calls > 0; --calls) {
      const ToolCall a = look(random.text(3).empty() ? "a" : "abc"), b = look("b");
      const std::vector<ToolCall> all =
          random.integer(0, 1) == 0 ? std::vector<ToolCall>{a} : std::vector<ToolCall>{a, b};
      lines.push_back(asks(all, random.text(20)));
      for (const ToolCall& call : all) lines.push_back(result(call, "dark"));
    }
    if (with_questions) lines.push_back(says(random.text(20)));
  }
  return lines;
}

TEST(Context, RandomConversations) {
  Improviser random;
  for (int i = 0; i < 12; ++i) {
    Lines given;
    if (random.integer(0, 1) == 0) given.push_back(system_line(random.text(20)));
    for (const Line& line : random_exchanges(random, random.integer(0, 4), true)) {
      given.push_back(line);
    }
    given.push_back(user(random.text(20)));
    Lines follows = random_exchanges(random, random.integer(0, 4), false);
    follows.push_back(says(random.text(4)));
    Lines kept = {given.back()};
    if (given.front().message.role == kata::Role::kSystem) kept.push_back(given.front());
    const auto least = static_cast<int>(tokens_of(kept));
    const auto most = static_cast<int>(tokens_of(given) + tokens_of(follows));
    Stage stage(given, follows);
    play_trimmed(stage, random.integer(least, most));
  }
}

}  // namespace
