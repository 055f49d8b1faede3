#include "level4.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "context_checks_level4.h"
#include "fake_clock.h"
#include "late_tool_checks_level4.h"
#include "limits_stage.h"
#include "random_dialogue.h"
#include "stage.h"
#include "transcript.h"

using kata::Finish;
using kata::json;
using kata::ModelError;
using kata::ToolCall;
using kata::Usage;
using limits::play;
using limits::play_throwing;
using limits::Status;
using stage::Improviser;
using stage::Kind;
using stage::Stage;
using transcript::asks;
using transcript::error;
using transcript::finishing;
using transcript::Lines;
using transcript::result;
using transcript::says;
using transcript::user;
using transcript::using_up;

namespace {

const ToolCall kLook = {"c", "look", "{}"};

void add_look(Stage& stage) {
  stage.add_tool("look", [](const json&) { return "dark"; });
}

std::function<void()> overloaded(const std::string& what) {
  return [what] { throw ModelError(what, /*may_be_retried=*/true); };
}

std::vector<std::string> looks(std::size_t count) {
  return std::vector<std::string>(count, "look {}");
}

/// A model that asks to look each time, each reply with this usage; the last one is not obeyed.
void expect_ends_after(std::size_t replies, const Usage& usage, const limits::Setting& setting) {
  Stage stage({user("Look.")}, {});
  add_look(stage);
  for (std::size_t i = 1; i <= replies; ++i) {
    stage.append(using_up(asks({kLook}, "Look " + std::to_string(i)), usage));
    stage.append(i < replies ? result(kLook, "dark") : error(kLook));
  }
  play(stage, setting);
  stage.expect_runs(looks(replies - 1));
}

}  // namespace

TEST(Steps, EXAMPLE_TwoAreAllowed) {
  const ToolCall first = {"c1", "search", "{}"}, second = {"c2", "search", "{}"};
  Stage stage({user("Find it.")}, {asks({first}, "Trying."), result(first, "nothing"),
                                   asks({second}, "Again."), error(second)});
  stage.add_tool("search", [](const json&) { return "nothing"; });
  play(stage, {.limits = {.max_steps = 2}, .status = Status::kStepLimit});
  stage.expect_runs({"search {}"});
}

TEST(Steps, NoneAreAllowed) {
  Stage stage({transcript::system_line("Be brief."), user("Hello")}, {});
  add_look(stage);
  play(stage, {.limits = {.max_steps = 0, .max_context_tokens = 0}, .status = Status::kStepLimit});
}

TEST(Steps, ExactlySoManyModelCalls) {
  Improviser random;
  for (const int steps : {1, 2, random.integer(3, 9)}) {
    expect_ends_after(static_cast<std::size_t>(steps), {},
                      {.limits = {.max_steps = steps}, .status = Status::kStepLimit});
  }
  Stage one({user("Hello")}, {finishing(says("Hi th"), Finish::kLength)});
  play(one, {.limits = {.max_steps = 1}});
  Stage three({user("Look.")}, {asks({kLook}), result(kLook, "dark"), asks({kLook}),
                                result(kLook, "dark"), says("Dark.")});
  add_look(three);
  play(three, {.limits = {.max_steps = 3}});
}

TEST(Steps, AreRepliesNotMessagesCallsOrRetries) {
  Stage stage({user("Look.")}, {asks({kLook, kLook, kLook, kLook, kLook}), result(kLook, "dark"),
                                result(kLook, "dark"), result(kLook, "dark"), result(kLook, "dark"),
                                result(kLook, "dark"), says("Dark.")});
  add_look(stage);
  for (const std::size_t reply : {0, 0, 0, 1, 1, 1}) stage.throws_before(reply, overloaded("busy"));
  play(stage, {.limits = {.max_steps = 2}, .waits = {500, 1000, 2000, 500, 1000, 2000}});
}

TEST(Steps, ARefusedReplyIsAnsweredWhole) {
  const std::vector<ToolCall> calls = {{"call_2", "look", "{}"},
                                       {"call_10", "look", "{}"},
                                       {"call_2", "nowhere", "{}"},
                                       {"", "look", "{\"a\":"}};
  Stage stage({user("Look.")}, {asks(calls, "I look.")});
  add_look(stage);
  for (const ToolCall& call : calls) stage.append(error(call));
  play(stage, {.limits = {.max_steps = 1}, .status = Status::kStepLimit});
  stage.expect_runs({});
  const auto cut_off = finishing(asks({kLook}), Finish::kLength);
  Stage twice({user("Look.")}, {cut_off, error(kLook), cut_off, error(kLook)});
  add_look(twice);
  play(twice, {.limits = {.max_steps = 2}, .status = Status::kStepLimit});
  twice.expect_runs({});
}

TEST(Steps, AnEndedHistoryGoesOn) {
  Stage stage({user("Look."), asks({kLook}), result(kLook, "light")},
              {asks({kLook}), result(kLook, "dark"), says("Dark.")});
  add_look(stage);
  play(stage, {.limits = {.max_steps = 2, .max_context_tokens = 1000}});
}

TEST(Budget, EndsTheLoopOnceItIsExceeded) {
  Improviser random;
  const Usage usage = {random.integer(10, 99), random.integer(10, 99), 0};
  const std::int64_t each = usage.input_tokens + usage.output_tokens;
  const std::int64_t replies = random.integer(1, 5);
  for (const std::int64_t short_by : {std::int64_t{1}, each}) {
    expect_ends_after(
        static_cast<std::size_t>(replies), usage,
        {.limits = {.max_tokens = replies * each - short_by}, .status = Status::kTokenLimit});
  }
  expect_ends_after(1, {1, 0, 0}, {.limits = {.max_tokens = 0}, .status = Status::kTokenLimit});
  expect_ends_after(1, {0, 1, 0}, {.limits = {.max_tokens = 0}, .status = Status::kTokenLimit});
  expect_ends_after(1, {0, 0, 1}, {.limits = {.max_cost = 0}, .status = Status::kCostLimit});
  const Usage costly = {3, 4, random.integer(10, 99)};
  for (const std::int64_t short_by : {std::int64_t{1}, costly.cost}) {
    expect_ends_after(
        static_cast<std::size_t>(replies), costly,
        {.limits = {.max_cost = replies * costly.cost - short_by}, .status = Status::kCostLimit});
  }
}

TEST(Budget, DoesNotRefuseAnAnswer) {
  Stage stage({user("Look.")}, {using_up(asks({kLook}), {10, 10, 10}), result(kLook, "dark"),
                                using_up(says("Dark."), {1000, 1000, 1000})});
  add_look(stage);
  play(stage, {.limits = {.max_steps = 2, .max_tokens = 20, .max_cost = 10}});
}

TEST(Budget, FirstReasonIsNamed) {
  const Usage usage = {10, 10, 10};
  expect_ends_after(2, usage,
                    {.limits = {.max_steps = 2, .max_tokens = 39, .max_cost = 19},
                     .status = Status::kTokenLimit});
  expect_ends_after(
      2, usage,
      {.limits = {.max_steps = 2, .max_tokens = 40, .max_cost = 19}, .status = Status::kCostLimit});
  expect_ends_after(
      2, usage,
      {.limits = {.max_steps = 2, .max_tokens = 40, .max_cost = 20}, .status = Status::kStepLimit});
}

TEST(Outcome, SumsTheUsageOfAllReplies) {
  Stage stage({user("Look.")}, {using_up(asks({kLook}), {1, 20, 300}), result(kLook, "dark"),
                                using_up(asks({kLook}), {4000000000, 50000000000, 600000000000}),
                                result(kLook, "dark"), using_up(says("Dark."), {7, 80, 900})});
  add_look(stage);
  stage.throws_before(1, overloaded("busy"));
  play(stage, {.waits = {500}});
}

TEST(Exceptions, LeaveTheHistoryAsItWas) {
  const Lines given = {transcript::system_line("Be brief."), user("Hello"), says("Hi."),
                       user("Look.")};
  const Lines follows = {asks({kLook}), result(kLook, "dark")};
  Stage at_once(given, {}), later(given, follows), odd(given, follows), exhausted(given, follows);
  at_once.throws_before(0, [] { throw ModelError("no such model", false); });
  play_throwing<ModelError>("ModelError", "no such model", at_once);
  later.throws_before(1, [] { throw std::runtime_error("connection reset"); });
  odd.throws_before(1, [] { throw 7; });
  for (Stage* stage : {&later, &odd, &exhausted}) add_look(*stage);
  play_throwing<std::runtime_error>("std::runtime_error", "connection reset", later);
  play_throwing<int>("an int", "", odd);
  exhausted.throws_before(1, overloaded("busy 1"));
  exhausted.throws_before(1, overloaded("busy 2"));
  play_throwing<ModelError>(
      "ModelError", "busy 2", exhausted,
      {.retry = {.max_retries = 1, .base_ms = 30, .cap_ms = 40}, .waits = {30}});
}

TEST(Exceptions, OfToolsThatHaveNoMemory) {
  const ToolCall hungry = {"h", "hungry", "{}"};
  Stage stage({user("Look.")},
              {asks({kLook}), result(kLook, "dark"), asks({kLook, hungry, kLook}, "And eat.")});
  add_look(stage);
  stage.add_tool("hungry", [](const json&) -> json { throw std::bad_alloc(); });
  play_throwing<std::bad_alloc>("std::bad_alloc", "", stage);
  stage.expect_runs({"look {}", "look {}", "hungry {}"});
}

TEST(Recovery, IsThatOfLevel3) {
  Improviser random;
  for (int i = 0; i < 4; ++i) {
    Stage stage({user(random.text(4))}, {});
    random.runs.clear();
    random.add_tools(stage);
    std::vector<std::int64_t> waits;
    const int turns = random.integer(1, 4);
    for (int t = 0; t < turns; ++t) {
      if (random.integer(0, 1) == 1) {
        stage.throws_before(static_cast<std::size_t>(t), overloaded("busy"));
        waits.push_back(500);
      }
      random.add_turn(stage, random.kinds(random.integer(1, 6), Kind::kNotFitting));
    }
    stage.append(says(random.text(4)));
    play(stage, {.limits = {.max_steps = turns + 1}, .waits = waits});
    stage.expect_runs(random.runs);
  }
}

TEST(Recovery, OfOddThrowsLongResultsAndDeepArguments) {
  const ToolCall odd = {"1", "odd", "{}"}, lengthy = {"2", "long", "{}"};
  const ToolCall deep = {"3", "long",
                         "{\"a\":" + std::string(99, '[') + std::string(99, ']') + "}"};
  const std::string text = "x" + std::string(10'000, '-');
  Stage stage({user("Go.")}, {asks({odd, lengthy, deep}), error(odd),
                              result(lengthy, oracle::cut(text)), error(deep), says("Gone.")});
  stage.add_tool("odd", [](const json&) -> json { throw 3; });
  stage.add_tool("long", [&text](const json&) -> json { return text; });
  play(stage);
}
