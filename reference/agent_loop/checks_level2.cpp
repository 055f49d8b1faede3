#include "level2.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "random_dialogue.h"
#include "stage.h"
#include "transcript.h"

using kata::json;
using kata::ToolCall;
using stage::Improviser;
using stage::Kind;
using stage::Stage;
using transcript::asks;
using transcript::error;
using transcript::finishing;
using transcript::Lines;
using transcript::result;
using transcript::says;
using transcript::system_line;
using transcript::user;

namespace {

void play(Stage& stage) {
  stage.play([&] { return kata::run_parallel_agent(stage.model, stage.tools, stage.history); });
}

/// "look" returns where it looked, "fail" throws what it is told to.
void add_look_and_fail(Stage& stage) {
  stage.add_tool("look", [](const json& x) -> json { return x.at("at"); });
  stage.add_tool("fail", [](const json& x) -> json {
    throw std::runtime_error(x.at("why").get<std::string>());
  });
}

ToolCall look(const std::string& id, const std::string& at) {
  return {id, "look", "{\"at\":\"" + at + "\"}"};
}

ToolCall failing(const std::string& id, const std::string& why) {
  return {id, "fail", "{\"why\":\"" + why + "\"}"};
}

std::string run_of(const ToolCall& call) {
  return call.name + " " + call.arguments;
}

/// Plays one reply with these calls, each of `look`, and expects their results in order.
void expect_all_answered(const std::vector<ToolCall>& calls, const std::string& text = "") {
  Stage stage({user("Look around.")}, {asks(calls, text)});
  add_look_and_fail(stage);
  std::vector<std::string> runs;
  for (const ToolCall& call : calls) {
    stage.append(result(call, json::parse(call.arguments).at("at")));
    runs.push_back(run_of(call));
  }
  stage.append(says("Seen."));
  play(stage);
  stage.expect_runs(runs);
}

}  // namespace

TEST(ParallelCalls, EXAMPLE_RomeAndOslo) {
  const ToolCall rome = {"call_2", "weather", "{\"city\": \"Rome\"}"};
  const ToolCall oslo = {"call_10", "weather", "{\"city\": \"Oslo\"}"};
  Stage stage({user("Weather in Rome and in Oslo?")},
              {asks({rome, oslo}, "I look both up."), result(rome, "{\"celsius\":31}"),
               result(oslo, "{\"celsius\":12}"), says("31 and 12 degrees.")});
  stage.add_tool("weather", [](const json& x) -> json {
    return {{"celsius", x.at("city") == "Rome" ? 31 : 12}};
  });
  play(stage);
}

TEST(Failure, EXAMPLE_AtlantisAndOslo) {
  const ToolCall atlantis = {"a", "weather", "{\"city\": \"Atlantis\"}"};
  const ToolCall oslo = {"b", "weather", "{\"city\": \"Oslo\"}"};
  Stage stage({user("Weather in Atlantis and in Oslo?")},
              {asks({atlantis, oslo}), error(atlantis, {"no such city"}),
               result(oslo, "{\"celsius\":12}"), says("12 degrees in Oslo.")});
  stage.add_tool("weather", [](const json& x) -> json {
    if (x.at("city") == "Atlantis") throw std::runtime_error("no such city");
    return {{"celsius", 12}};
  });
  play(stage);
  stage.expect_runs({"weather {\"city\":\"Atlantis\"}", "weather {\"city\":\"Oslo\"}"});
}

TEST(ParallelCalls, AreAllAnsweredInOrder) {
  Improviser random;
  std::vector<ToolCall> calls;
  for (int i = random.integer(3, 20); i > 0; --i) {
    calls.push_back(look("call_" + std::to_string(i), "place " + std::to_string(i * 7 % 5)));
  }
  expect_all_answered(calls);
}

TEST(ParallelCalls, RunOneAfterAnother) {
  const ToolCall set = {"s", "set", "{\"to\":7}"}, get = {"g", "get", "{}"};
  const ToolCall set_again = {"s", "set", "{\"to\":9}"};
  Stage stage({user("Set and get.")},
              {asks({get, set, get, set_again, get}), result(get, "0"), result(set, "ok"),
               result(get, "7"), result(set_again, "ok"), result(get, "9"), says("9")});
  int value = 0;
  stage.add_tool("set", [&value](const json& x) -> json {
    value = x.at("to");
    return "ok";
  });
  stage.add_tool("get", [&value](const json&) -> json { return value; });
  play(stage);
}

TEST(ParallelCalls, AlikeAreAllRun) {
  const ToolCall call = {"c", "roll", "{}"};
  Stage stage({user("Roll three dice.")}, {asks({call, call, call}), result(call, "1"),
                                           result(call, "2"), result(call, "3"), says("6")});
  int rolls = 0;
  stage.add_tool("roll", [&rolls](const json&) -> json { return ++rolls; });
  play(stage);
  stage.expect_runs({"roll {}", "roll {}", "roll {}"});
}

TEST(ParallelCalls, OfManyTurns) {
  Stage stage({user("Look around.")}, {});
  add_look_and_fail(stage);
  for (int turn = 0; turn < 4; ++turn) {
    std::vector<ToolCall> calls;
    for (int i = 0; i <= (turn * 2) % 3; ++i) {
      calls.push_back(look("call_" + std::to_string(i), std::to_string(turn) + std::to_string(i)));
    }
    constexpr kata::Finish kEnds[] = {kata::Finish::kToolCalls, kata::Finish::kLength,
                                      kata::Finish::kStop};
    stage.append(finishing(asks(calls), kEnds[turn % 3]));
    for (const ToolCall& call : calls) {
      stage.append(result(call, json::parse(call.arguments).at("at")));
    }
  }
  stage.append(says("Seen."));
  play(stage);
}

TEST(ParallelCalls, OneOrNoneAreAsOnLevel1) {
  expect_all_answered({look("c", "é \\\"quoted\\\"")});
  Stage stage({system_line("Be brief."), user("Hello")}, {says("Hi.")});
  play(stage);
}

TEST(ParallelCalls, TwoHundred) {
  std::vector<ToolCall> calls;
  for (int i = 0; i < 200; ++i) calls.push_back(look(std::to_string(i), std::to_string(i * i)));
  expect_all_answered(calls);
}

TEST(Ids, AreNotSorted) {
  expect_all_answered({look("call_2", "two"), look("call_10", "ten"), look("call_1", "one")});
  expect_all_answered({look("10", "ten"), look("9", "nine"), look("", "none"), look("a", "a")});
}

TEST(Ids, MayRepeatInAReply) {
  expect_all_answered({look("call_1", "here"), look("call_1", "there"), look("call_2", "up"),
                       look("call_1", "down")});
  const ToolCall seen = look("0", "up"), failed = failing("0", "no");
  Stage stage({user("Look.")}, {asks({seen, failed, seen}), result(seen, "up"),
                                error(failed, {"no"}), result(seen, "up"), says("Seen.")});
  add_look_and_fail(stage);
  play(stage);
}

TEST(Ids, MayRepeatInLaterReplies) {
  const ToolCall old = look("call_1", "before"), first = look("call_1", "here");
  const ToolCall second = look("call_1", "there"), third = look("call_2", "up");
  Stage stage({user("Look."), asks({old}), result(old, "before"), says("Seen."), user("Again.")},
              {asks({first, third}), result(first, "here"), result(third, "up"),
               asks({third, second}), result(third, "up"), result(second, "there"), says("Seen.")});
  add_look_and_fail(stage);
  play(stage);
  stage.expect_runs({run_of(first), run_of(third), run_of(third), run_of(second)});
}

TEST(TextBesideCalls, IsKeptWithThem) {
  expect_all_answered({look("1", "a"), look("2", "b")}, "I look in two places.\nFirst: \"a\".");
  expect_all_answered({look("1", "a")}, " ");
}

TEST(Failure, AnywhereLosesNoOtherCall) {
  for (std::size_t at = 0; at < 4; ++at) {
    std::vector<ToolCall> calls;
    Lines results;
    std::vector<std::string> runs;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::string id = std::to_string(i);
      calls.push_back(i == at ? failing(id, "lost " + id) : look(id, "place " + id));
      results.push_back(i == at ? error(calls[i], {"lost " + id})
                                : result(calls[i], "place " + id));
      runs.push_back(run_of(calls[i]));
    }
    Stage stage({user("Look.")}, {asks(calls, "I try.")});
    add_look_and_fail(stage);
    for (const auto& line : results) stage.append(line);
    stage.append(says("Seen."));
    play(stage);
    stage.expect_runs(runs);
  }
}

TEST(Failure, OfAllCallsDoesNotEndTheLoop) {
  const ToolCall first = failing("1", "no road"), second = failing("2", "no map");
  const ToolCall third = look("3", "home");
  Stage stage({user("Look.")}, {asks({first, second}), error(first, {"no road"}),
                                error(second, {"no map"}), asks({first}), error(first, {"no road"}),
                                asks({third}), result(third, "home"), says("Home.")});
  add_look_and_fail(stage);
  play(stage);
}

TEST(Failure, IsOverWithTheNextRun) {
  const ToolCall call = {"c", "flaky", "{}"};
  Stage stage({user("Try.")},
              {asks({call, call, call}), error(call, {"busy"}), result(call, "ok"),
               result(call, "ok"), asks({call}), result(call, "ok"), says("Tried.")});
  int runs = 0;
  stage.add_tool("flaky", [&runs](const json&) -> json {
    if (++runs == 1) throw std::runtime_error("busy");
    return "ok";
  });
  play(stage);
  stage.expect_runs({"flaky {}", "flaky {}", "flaky {}", "flaky {}"});
}

TEST(Failure, OfEveryStandardKind) {
  const std::vector<ToolCall> calls = {{"1", "throws", "{\"i\":1}"},
                                       {"2", "throws", "{\"i\":2}"},
                                       {"3", "throws", "{\"i\":3}"},
                                       {"4", "throws", "{\"i\":4}"}};
  const std::string lines = "exit code 1\n\tat \"main\", naïve → 😀\n\nlast line";
  Stage stage({user("Try.")}, {asks(calls), error(calls[0], {"a logic_error"}),
                               error(calls[1], {"an out_of_range"}), error(calls[2], {lines}),
                               error(calls[3], {"no key"}), says("Tried.")});
  stage.add_tool("throws", [&lines](const json& x) -> json {
    if (x.at("i") == 1) throw std::logic_error("a logic_error");
    if (x.at("i") == 2) throw std::out_of_range("an out_of_range");
    if (x.at("i") == 3) throw std::runtime_error(lines);
    throw json::other_error::create(500, "no key", nullptr);
  });
  play(stage);
}

TEST(Failure, WithoutWordsStillHasAText) {
  const ToolCall call = failing("c", "");
  Stage stage({user("Try.")}, {asks({call}), error(call), says("Tried.")});
  add_look_and_fail(stage);
  play(stage);
}

TEST(Failure, IsNotWhatAResultSays) {
  const ToolCall call = look("c", "Error: The tool failed: nothing"), empty = look("d", "");
  const ToolCall find = {"f", "find", "{}"};
  Stage stage(
      {user("Look.")},
      {asks({call, empty, find}), result(call, "Error: The tool failed: nothing"),
       result(empty, ""), result(find, R"({"error":"not found","is_error":true})"), says("Seen.")});
  add_look_and_fail(stage);
  stage.add_tool("find", [](const json&) -> json {
    return {{"error", "not found"}, {"is_error", true}};
  });
  play(stage);
}

TEST(ParallelCalls, RandomDialogues) {
  Improviser random;
  for (int i = 0; i < 5; ++i) {
    Stage stage({system_line(random.text(4)), user(random.text(4))}, {});
    random.runs.clear();
    random.add_tools(stage);
    const int turns = random.integer(1, 4);
    for (int t = 0; t < turns; ++t) {
      random.add_turn(stage, random.kinds(random.integer(1, 6), Kind::kFails));
    }
    stage.append(says(random.text(4)));
    play(stage);
    stage.expect_runs(random.runs);
  }
}
