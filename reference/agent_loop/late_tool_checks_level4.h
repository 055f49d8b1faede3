#pragma once

// The checks of level 4 that are about tools that take too long. Included by checks_level4.cpp.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "limits_stage.h"
#include "random_dialogue.h"
#include "stage.h"
#include "transcript.h"

namespace {

using kata::json;
using kata::ToolCall;
using limits::play;
using stage::FakeClock;
using stage::Improviser;
using stage::Stage;
using transcript::asks;
using transcript::error;
using transcript::result;
using transcript::says;
using transcript::user;

/// What the n-th run of a slow tool returns; no error's text would say this by itself.
std::string receipt(std::size_t n) {
  return "RECEIPT-7f3a91-" + std::to_string(n);
}

/// Adds a tool whose n-th run takes durations[n] (the last one again and again) and returns
/// receipt(n).
kata::Tool& add_slow_tool(Stage& stage, FakeClock& clock, const std::string& name,
                          const std::vector<std::int64_t>& durations, std::int64_t limit) {
  const auto run = [&clock, durations, n = std::size_t{0}](const json&) mutable -> json {
    clock.advance(durations[std::min(n, durations.size() - 1)]);
    return receipt(n++);
  };
  stage.setting += "; " + name + " may take " +
                   (limit == kata::kNoLimit ? "any time" : std::to_string(limit) + " ms") +
                   " and takes";
  for (const std::int64_t duration : durations) stage.setting += " " + std::to_string(duration);
  kata::Tool& tool = stage.add_tool(name, run);
  tool.time_limit_ms = limit;
  return tool;
}

/// No result of a slow tool may show in this message.
void expect_dropped(const Stage& stage, std::size_t message) {
  if (message >= stage.history.size()) return;  // reported already
  if (stage.history[message].text.find("RECEIPT-7f3a91") == std::string::npos) return;
  transcript::fail("message " + std::to_string(message) +
                       " holds what the tool returned too late, expected an error without it",
                   stage.history);
}

TEST(LateTool, ResultIsReplacedByAnError) {
  FakeClock clock;
  Improviser random;
  const std::int64_t limit = random.integer(1, 1000);
  const ToolCall pay = {"p", "pay", "{\"to\":\"me\"}"}, look = {"l", "look", "{}"};
  Stage stage({user("Pay.")}, {asks({look, pay, look}, "I pay."), result(look, "dark"), error(pay),
                               result(look, "dark"), says("Paid, perhaps.")});
  add_slow_tool(stage, clock, "pay", {limit + 1}, limit);
  stage.add_tool("look", [](const json&) { return "dark"; });
  play(stage, {}, clock);
  stage.expect_runs({"look {}", "pay {\"to\":\"me\"}", "look {}"});
  expect_dropped(stage, 3);
}

TEST(LateTool, LimitIsTheToolsOwn) {
  FakeClock clock;
  const ToolCall at_limit = {"1", "at_limit", "{}"}, instant = {"2", "instant", "{}"};
  const ToolCall quick = {"3", "quick", "{}"}, endless = {"4", "endless", "{}"};
  const ToolCall ages = {"5", "ages", "{}"};
  Stage stage({user("Go.")},
              {asks({at_limit, quick, instant, endless, ages}), result(at_limit, receipt(0)),
               error(quick), result(instant, receipt(0)), result(endless, receipt(0)),
               result(ages, receipt(0)), says("Gone.")});
  add_slow_tool(stage, clock, "quick", {50}, 10);
  add_slow_tool(stage, clock, "at_limit", {250}, 250);
  add_slow_tool(stage, clock, "instant", {0}, 0).has_side_effects = false;
  add_slow_tool(stage, clock, "endless", {1'000'000'000'000}, kata::kNoLimit);
  add_slow_tool(stage, clock, "ages", {1000}, kata::kNoLimit - 1);
  play(stage, {}, clock);
  stage.expect_runs({"at_limit {}", "quick {}", "instant {}", "endless {}", "ages {}"});
}

TEST(LateTool, WithoutSideEffectsRunsOnceMore) {
  FakeClock clock;
  const ToolCall call = {"s", "search", "{\"for\":\"é\"}"};
  Stage stage({user("Search.")},
              {asks({call, call, call, call}), result(call, receipt(1)), result(call, receipt(2)),
               error(call), result(call, receipt(5)), says("Found.")});
  add_slow_tool(stage, clock, "search", {101, 100, 0, 500, 101, 3}, 100).has_side_effects = false;
  play(stage, {}, clock);
  stage.expect_runs(std::vector<std::string>(6, "search {\"for\":\"é\"}"));
  expect_dropped(stage, 4);
}

TEST(LateTool, TimeIsThatOfOneRun) {
  FakeClock clock;
  const ToolCall call = {"s", "slow", "{}"}, pure = {"p", "pure", "{}"};
  Stage stage({user("Go.")},
              {asks({call, pure, call, call}), result(call, receipt(0)), result(pure, receipt(1)),
               result(call, receipt(1)), result(call, receipt(2)), asks({call}),
               result(call, receipt(3)), says("Gone.")});
  stage.model.before_each = [&clock] { clock.advance(100'000); };
  add_slow_tool(stage, clock, "slow", {90}, 100);
  add_slow_tool(stage, clock, "pure", {180, 90}, 100).has_side_effects = false;
  play(stage, {}, clock);
}

TEST(LateTool, ThatThrowsIsNotRunAgain) {
  FakeClock clock;
  const ToolCall at_once = {"1", "at_once", "{}"}, again = {"2", "again", "{}"};
  const ToolCall broken = {"3", "broken", "{}"};
  Stage stage({user("Go.")},
              {asks({at_once, again, broken}), error(at_once, {"broken at once"}),
               error(again, {"broken again"}), error(broken, {"no index"}), says("Gone.")});
  const auto add = [&](const std::string& name, int throwing_run, const std::string& what) {
    const auto run = [&clock, throwing_run, what, n = 0](const json&) mutable -> json {
      clock.advance(200);
      if (n++ == throwing_run) throw std::runtime_error(what);
      return "late";
    };
    stage.setting += "; " + name + " may take 100 ms and takes 200";
    kata::Tool& tool = stage.add_tool(name, run);
    tool.time_limit_ms = 100;
    tool.has_side_effects = false;
  };
  add("at_once", 0, "broken at once");
  add("again", 1, "broken again");
  stage.add_tool("broken", [](const json&) -> json { throw std::runtime_error("no index"); })
      .has_side_effects = false;
  play(stage, {}, clock);
  stage.expect_runs({"at_once {}", "again {}", "again {}", "broken {}"});
}

}  // namespace
