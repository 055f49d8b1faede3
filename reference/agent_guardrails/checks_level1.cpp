#include "level1.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "conversation_checks_level1.h"
#include "fallback_checks_level1.h"
#include "guarded_stage.h"
#include "improviser.h"
#include "oracle.h"
#include "script.h"
#include "stage.h"

using guarded::call;
using guarded::play;
using kata::Status;
using kata::Thresholds;
using kata::ToolCall;
using script::asks;
using script::by;
using script::failed;
using script::Line;
using script::Lines;
using script::result;
using script::says;
using script::stopped;
using script::unknown;
using script::user;
using stage::Improviser;
using stage::Stage;

namespace {

constexpr int kMost = std::numeric_limits<int>::max();

/// A run of one call a turn: each word is a call of the tool of this name, with this result; the
/// last ones are to be stopped. Ids differ.
struct Step {
  std::string tool;
  std::string gives;  // "!" if the reply is to be stopped
};

Lines dialogue(const std::vector<Step>& steps) {
  Lines lines;
  for (const Step& step : steps) {
    const ToolCall next = {"call_" + std::to_string(lines.size()), step.tool, "{\"at\":[1]}"};
    lines.push_back(asks({next}));
    lines.push_back(step.gives == "!" ? stopped(next) : result(next, step.gives));
  }
  lines.push_back(says("Enough."));
  return lines;
}

/// Letters are calls of tools that give the same each time; after a `!` the reply is stopped.
Lines circle(const std::string& letters) {
  std::vector<Step> steps;
  for (const char letter : letters) {
    if (letter == '!') {
      steps.back().gives = "!";
    } else {
      steps.push_back({std::string("tool ") + letter, std::string("gives ") + letter});
    }
  }
  return dialogue(steps);
}

/// With stops enough that none of them ends the run.
Thresholds rule(int repeats, int max_period = 2) {
  return {.repeats = repeats, .max_period = max_period, .max_stops = 100};
}

void expect(const Thresholds& thresholds, const Lines& lines) {
  Stage stage({user("Find it.")}, lines);
  stage.thresholds = thresholds;
  play(stage);
}

}  // namespace

TEST(SameCall, EXAMPLE_TheThirdSearchIsStopped) {
  const ToolCall first = {"c1", "search", R"({"for": "it", "in": "all"})"};
  const ToolCall second = {"c2", "search", R"({"in": "all", "for": "it"})"};
  const ToolCall third = {"c3", "search", R"({"for": "it", "in": "all"})"};
  expect(rule(2),
         {asks({first}), result(first, "nothing"), asks({second}), result(second, "nothing"),
          asks({third}), stopped(third), says("It is not there.")});
}

TEST(SameCall, IsStoppedAfterRepeats) {
  expect(rule(1), circle("AA!BB!B!C"));
  expect(rule(2), circle("AAA!"));
  expect(rule(3), circle("AAAA!BA"));
  expect(rule(4, 1), circle("BAAAAA!"));
  expect(rule(5), circle("AAAAA"));
}

TEST(SameCall, HoweverItIsSpelled) {
  const std::string spellings[] = {R"({"a":"é/","b":{"c":[1,2],"d":true}})",
                                   R"({"b": {"d": true, "c": [1, 2]}, "a": "\u00e9\/"})",
                                   "{\n\t\"a\" : \"\\u00E9/\",\n\"b\":{\"c\":[1,2],\"d\":true}}"};
  Lines lines;
  for (int i = 0; i < 4; ++i) {
    const ToolCall next = {"id " + std::to_string(i), "look", spellings[i % 3]};
    lines.push_back(asks({next}, "Try " + std::to_string(i)));
    lines.push_back(i < 3 ? result(next, "dark") : stopped(next));
  }
  lines.push_back(says("Dark."));
  expect(rule(3, 1), lines);
}

TEST(SameCall, IsNotAnyOtherCall) {
  const std::string arguments[] = {
      R"({"a":1})",     R"({"a":2})",        R"({"a":"1"})",     R"({"a":[1,2]})",
      R"({"a":[2,1]})", R"({"b":1})",        R"({"a":1,"b":1})", "{}",
      R"({"a":null})",  R"({"a":{"b":[]}})", R"({"a":{"b":{}}})"};
  Lines lines;
  for (const std::string& text : arguments) {
    for (const char* name : {"look", "Look", "look "}) {
      const ToolCall next = {"same id", name, text};
      lines.push_back(asks({next}, "same text"));
      lines.push_back(result(next, "dark"));
    }
  }
  lines.push_back(says("Dark."));
  expect(rule(1, kMost), lines);
}

TEST(SameCall, OfAToolThatFailsOrIsNotThere) {
  // A stopped call of no tool looks like one that is not: the end of the run tells.
  const std::string way[] = {"fail", "fail", "fail!", "gone", "gone",
                             "fail", "gone", "gone",  "gone!"};
  Stage stage({user("Find it.")}, {});
  for (const std::string& step : way) {
    // The text of an error may tell neither the id nor how the arguments are spelled.
    const std::size_t i = stage.lines().size();
    const ToolCall next = {"id " + std::to_string(i), step.substr(0, 4), i % 4 == 1 ? "{}" : "{ }"};
    stage.append(asks({next}, step));
    stage.append(step.size() > 4  ? stopped(next)
                 : step == "gone" ? unknown(next)
                                  : failed(next, "out of order"));
  }
  stage.thresholds = {.repeats = 2, .max_period = 1, .max_stops = 2};
  stage.status = Status::kLooping;
  play(stage);
}

TEST(ParallelCalls, OfAReplyAreOneTurn) {
  const ToolCall a = call("a"), b = call("b");
  const Lines pair = {result(a, "x"), result(b, "y")};
  // Three alike in one reply: nobody could have known better.
  expect(rule(2), {asks({a, a, a}), result(a, "x"), result(a, "x"), result(a, "x"), asks({a, a, a}),
                   result(a, "x"), result(a, "x"), result(a, "x"), asks({a, a, a}), stopped(a),
                   stopped(a), stopped(a), says("Yes.")});
  // Another order, more or fewer calls: not the same.
  expect(rule(1, 1),
         {asks({a, b}), pair[0], pair[1],      asks({b, a}), pair[1],    pair[0],
          asks({b}),    pair[1], asks({b, a}), pair[1],      pair[0],    asks({b, a, a}),
          pair[1],      pair[0], pair[0],      asks({a}),    pair[0],    asks({a, a}),
          pair[0],      pair[0], asks({a, a}), stopped(a),   stopped(a), says("Yes.")});
  // Results alike, but given to other calls.
  expect(rule(2, 1), {asks({a, b}), pair[0], pair[1], asks({a, b}), result(a, "y"), result(b, "x"),
                      asks({a, b}), pair[0], pair[1], says("Yes.")});
}

TEST(Pattern, OfSeveralTurnsIsStopped) {
  expect(rule(2), circle("ABABA!"));
  expect(rule(3), circle("ABABABA!"));
  expect(rule(1), circle("ABA!C"));
  expect(rule(2, 3), circle("ABCABCA!"));
  expect(rule(2, 4), circle("AABCAABCA!D"));
  expect(rule(2, 7), circle("CABCDABCDA!"));
}

TEST(Pattern, NotLongerThanThePeriod) {
  expect(rule(2, 1), circle("ABABABABAB"));
  expect(rule(2, 2), circle("ABCABCABCABC"));
  expect(rule(2, 0), circle("AAAAABABABAB"));
  expect(rule(2, 3), circle("ABCABCA!"));
}

TEST(Pattern, IsWholeAndAtTheEnd) {
  expect(rule(2, 3), circle("CDABABA!"));
  expect(rule(2), circle("AABBABAB!A"));
  expect(rule(3), circle("ABABBABABAB!"));
  expect(rule(2), circle("ABACABACAB"));
  expect(rule(3, 2), circle("AABAABAAB"));
  expect(rule(2), circle("ABABBCC"));  // once more, but not what comes next
  expect(rule(3), circle("ABABACABAB"));
}

TEST(Pattern, OfHugeThresholds) {
  expect(rule(kMost, kMost), circle("AAAABABABAB"));
  expect(rule(kMost / 2 + 2, 4), circle("AAAABABABAB"));
  expect(rule(2, kMost), circle("ABCDEFGABCDEFGA!"));
  expect({.repeats = 3, .max_period = kMost, .max_stops = kMost}, circle("AAAA!A!A!A!A!A!"));
}

TEST(Polling, RunsOnUntilNothingChanges) {
  std::vector<Step> steps;
  for (int i = 0; i < 12; ++i) steps.push_back({"poll", std::to_string(i) + " %"});
  expect(rule(2), dialogue(steps));
  for (int i = 0; i < 12; ++i) steps[static_cast<std::size_t>(i)].gives = i / 2 % 2 ? "on" : "off";
  expect(rule(3, 1), dialogue(steps));
  expect(rule(3), dialogue({{"poll", "10 %"},
                            {"poll", "10 %"},
                            {"poll", "50 %"},
                            {"poll", "50 %"},
                            {"poll", "50 %"},
                            {"poll", "!"},
                            {"sleep", "slept"},
                            {"poll", "50 %"}}));
}

TEST(Polling, AmongOtherCallsIsNoPattern) {
  std::vector<Step> steps;
  for (int i = 0; i < 6; ++i) {
    steps.push_back({"sleep", "slept"});
    steps.push_back({"poll", std::to_string(i) + " %"});
  }
  expect(rule(2), dialogue(steps));
  const ToolCall poll = call("poll"), sleep = call("sleep");
  Lines lines;
  for (int i = 0; i < 5; ++i) {
    const Line slept = result(sleep, "slept"), polled = result(poll, std::to_string(i));
    lines.insert(lines.end(), {asks({sleep, poll}), slept, polled});
    if (i == 2) lines.insert(lines.end(), {asks({sleep}), slept});
  }
  lines.push_back(says("Done."));
  expect(rule(2), lines);
  // A failure is another result, whatever it says.
  const Line works = result(poll, "busy"), fails = failed(poll, "busy");
  expect(rule(2, 1), {asks({poll}), works, asks({poll}), fails, asks({poll}), works, asks({poll}),
                      fails, asks({poll}), fails, asks({poll}), stopped(poll), says("No.")});
}

TEST(Stops, AreNoTurns) {
  expect({.repeats = 3, .max_stops = 9}, circle("AAAA!A!BAAAA!"));
  expect({.repeats = 2, .max_stops = 9}, circle("ABABA!BA"));
  expect({.repeats = 2, .max_stops = 9}, circle("ABABA!A!CA"));
}

TEST(Stops, EndTheRunOfTheLastModel) {
  const ToolCall a = call("a"), b = call("b");
  for (const int most : {1, 2, 4}) {
    Stage stage({user("Find it.")}, {asks({a, b}), result(a, "x"), result(b, "y")});
    stage.thresholds = {.repeats = 1, .max_period = 1, .max_stops = most};
    for (int i = 1; i < most; ++i) {  // not in a row
      for (const Line& line : {asks({a, b}), stopped(a), stopped(b), asks({b}), result(b, "y"),
                               asks({a, b}), result(a, "x"), result(b, "y")}) {
        stage.append(line);
      }
    }
    stage.append(asks({a, b}, "Once more."));
    stage.append(stopped(a));
    stage.append(stopped(b));
    stage.status = Status::kLooping;
    play(stage);
  }
}

TEST(Stops, CountTurnsOfThisRunOnly) {
  const ToolCall a = call("a");
  Stage stage(
      {user("Look."), asks({a}), result(a, "x"), asks({a}), result(a, "x"), says("No."),
       user("Again.")},
      {asks({a}), result(a, "x"), asks({a}), result(a, "x"), asks({a}), stopped(a), says("No.")});
  stage.thresholds.repeats = 2;
  play(stage);
}

TEST(Guards, RandomDialogues) {
  Improviser random;
  for (int i = 0; i < 12; ++i) {
    Stage stage({user("Go.")}, {});
    stage.risks = {{"look", 0}, {"pay", 0}};
    stage.thresholds = random.thresholds();
    stage.model_count = 1 + random.index(3);
    random.fill(stage);
    if (!play(stage)) return;
  }
}
