#include "level2.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "improviser.h"
#include "script.h"
#include "stage.h"
#include "supervised_stage.h"

using kata::EventKind;
using kata::Oversight;
using kata::Status;
using kata::ToolCall;
using script::after;
using script::approved;
using script::asks;
using script::by;
using script::failed;
using script::left_over;
using script::Line;
using script::Lines;
using script::overloaded;
using script::refused;
using script::result;
using script::says;
using script::stopped;
using script::unanswered;
using script::unknown;
using script::user;
using stage::Improviser;
using stage::Stage;
using supervised::Supervision;

namespace {

const Oversight kFromFive = {.approval_risk = 5, .max_refusals = 3};
const ToolCall kLook = {"l", "look", R"({"at": "bill"})"};
const ToolCall kPay = {"p", "pay", R"({"euro": 9})"};
const ToolCall kWipe = {"w", "wipe", R"({ "all" : "\u00e9" })"};

/// As a provider's library throws it.
struct ProviderError : kata::ModelError {
  using ModelError::ModelError;
};

struct Case {
  Lines follows;
  Oversight oversight = kFromFive;
  kata::Thresholds thresholds = {};
  Status status = Status::kAnswered;
  std::size_t model_count = 1;
  std::map<std::string, int> risks = {{"look", 0}, {"pay", 5}, {"wipe", 9}};
};

bool expect(const Case& example) {
  Stage stage({user("Settle the bill.")}, example.follows);
  stage.thresholds = example.thresholds;
  stage.status = example.status;
  stage.model_count = example.model_count;
  stage.risks = example.risks;
  return Supervision(stage, example.oversight).play();
}

}  // namespace

TEST(Approval, EXAMPLE_NotBeforeMonday) {
  const ToolCall search = {"c1", "search", R"({"for": "bill"})"};
  const ToolCall pay = {"c2", "pay", R"({"euro": 900})"};
  expect({.follows = {asks({search, pay}), result(search, "900 euro"),
                      refused(pay, "not before Monday"), says("I will ask again on Monday.")}});
}

TEST(EventLog, EXAMPLE_TheFallbackPays) {
  const ToolCall pay = {"c1", "pay", R"({"euro": 5})"};
  expect({.follows = {after({overloaded(0)}, by(1, asks({pay}))), approved(result(pay, "paid")),
                      by(1, says("Done."))},
          .thresholds = {.max_failures = 1},
          .model_count = 2});
}

TEST(Approval, FromTheRiskOn) {
  constexpr int kLeast = std::numeric_limits<int>::min(), kMost = std::numeric_limits<int>::max();
  for (const int from : {kLeast, -3, 0, 1, 7, kMost}) {
    Case example = {.oversight = {.approval_risk = from}, .risks = {}};
    std::vector<ToolCall> calls;
    Lines results;
    for (const int risk : {kLeast, -4, -3, -1, 0, 1, 6, 7, 8, kMost}) {
      calls.push_back({"id", "tool of risk " + std::to_string(risk), "{}"});
      example.risks[calls.back().name] = risk;
      const Line line = result(calls.back(), risk);
      results.push_back(risk >= from ? approved(line) : line);
    }
    example.follows = {asks(calls)};
    example.follows.insert(example.follows.end(), results.begin(), results.end());
    example.follows.push_back(says("Done."));
    if (!expect(example)) return;
  }
}

TEST(Approval, IsForOneCallAndRightBeforeIt) {
  const Line paid = approved(result(kPay, "paid")), wiped = approved(result(kWipe, "gone"));
  expect({.follows = {asks({kPay, kLook, kPay, kWipe}, "All of it."), paid, result(kLook, "0"),
                      paid, wiped, asks({kPay}), paid, says("Done.")}});
  const Line broken = approved(failed(kWipe, "disk is \"full\""));
  expect({.follows = {asks({kWipe, kPay}), broken, paid, says("Not all.")}});
}

TEST(Refusal, IsAResult) {
  const Line no = refused(kPay, "too much: \"9\"\né"), gone = refused(kWipe, "never");
  const Line seen = result(kLook, "9 euro"), paid = approved(result(kPay, "paid"));
  expect(
      {.follows = {asks({kLook, kPay, kLook}), seen, no, seen, asks({kPay}), paid, says("Paid.")}});
  expect({.follows = {asks({kWipe, kPay, kLook}, "I wipe."), gone, paid, seen, says("Paid.")}});
  expect({.follows = {asks({kPay}), refused(kPay, ""), says("Why?")}});
}

TEST(Refusal, IsNoAnswer) {
  const Line seen = result(kLook, "9 euro");
  expect({.follows = {asks({kPay, kLook, kPay}), unanswered(kPay, "nobody there"), seen,
                      approved(result(kPay, "paid")), says("Paid.")}});
  expect({.follows = {asks({kPay, kLook}), unanswered(kPay, "nobody there"), left_over(kLook)},
          .oversight = {.approval_risk = 1, .max_refusals = 1},
          .status = Status::kRefused});
}

TEST(Refusal, TooOftenEndsTheRun) {
  const Line no = refused(kPay, "no"), never = refused(kWipe, "never");
  const Line paid = approved(result(kPay, "paid")), seen = result(kLook, "9 euro");
  const ToolCall fly = {"f", "fly", "{}"};
  expect({.follows = {asks({kPay}), no, asks({kWipe}), never, asks({kPay}), no},
          .status = Status::kRefused});
  // Not in a row; what comes after the last one is left over, also what needs no approval.
  expect({.follows = {asks({kPay, kPay, kLook}), no, paid, seen, asks({kPay}), paid,
                      asks({kLook, kWipe, kLook, kPay, fly, kWipe}, "And now?"), seen, never,
                      left_over(kLook), left_over(kPay), left_over(fly), left_over(kWipe)},
          .oversight = {.approval_risk = 5, .max_refusals = 2},
          .status = Status::kRefused});
  // Of the run, not of one model.
  expect({.follows = {asks({kPay}), no, after({overloaded(0)}, by(1, asks({kWipe}))), never},
          .oversight = {.approval_risk = 5, .max_refusals = 2},
          .thresholds = {.max_failures = 1},
          .status = Status::kRefused,
          .model_count = 2});
  // One less than too often.
  expect({.follows = {asks({kPay, kWipe, kLook}), no, never, seen, says("Well.")}});
  expect({.follows = {asks({kLook, kPay}), seen, no},
          .oversight = {.approval_risk = 5, .max_refusals = 1},
          .status = Status::kRefused});
}

TEST(Refusal, AlwaysTheSameIsALoop) {
  const kata::Thresholds thresholds = {.repeats = 2, .max_period = 2, .max_stops = 2};
  Lines lines;
  for (int i = 0; i < 4; ++i) {
    const ToolCall pay = {"try " + std::to_string(i), "pay", "{}"};
    lines.push_back(asks({pay}));
    // A human who says no and one who is not there are one to the model, if the reason is the same.
    lines.push_back(i >= 2 ? stopped(pay) : i == 1 ? unanswered(pay, "no") : refused(pay, "no"));
  }
  expect({.follows = lines, .thresholds = thresholds, .status = Status::kLooping});
  // Another reason, or another decision, is another result.
  const Line no = refused(kPay, "no"), not_now = refused(kPay, "not now");
  const Line paid = approved(result(kPay, "paid"));
  expect({.follows = {asks({kPay}), no, asks({kPay}), not_now, asks({kPay}), no, asks({kPay}), paid,
                      asks({kPay}), paid, asks({kPay}), stopped(kPay), says("Paid.")},
          .oversight = {.approval_risk = 5, .max_refusals = 100},
          .thresholds = {.repeats = 2, .max_period = 1}});
}

TEST(Approval, IsNotAskedForInVain) {
  const ToolCall unknown_call = {"u", "pay ", "{}"};
  const Line paid = approved(result(kPay, "paid"));
  expect(
      {.follows = {asks({unknown_call, kPay}), unknown(unknown_call), paid,
                   asks({unknown_call, kPay}), stopped(unknown_call), stopped(kPay), says("Paid.")},
       .oversight = {.approval_risk = std::numeric_limits<int>::min()},
       .thresholds = {.repeats = 1}});
}

TEST(EventLog, OfEveryKindOfResult) {
  const auto tired = [] { throw kata::ModelError("dark", /*may_be_retried=*/true); };
  const ToolCall same_id = {"l", "look", "{\"at\":[]}"}, fly = {"", "fly", "{}"};
  expect(
      {.follows = {asks({kLook, same_id, fly, kPay, kWipe}, "é"), result(kLook, {{"b", 1}}),
                   failed(same_id, "dark", tired), unknown(fly), approved(failed(kPay, "no money")),
                   refused(kWipe, "no"), asks({kLook}, ""), result(kLook, ""), says("")}});
  expect({.follows = {asks({kLook}, "I look."), result(kLook, "9 euro"), says("9 euro.")}});
  expect({.follows = {says("Hello.")}});
}

TEST(EventLog, OfFallbacks) {
  const Line seen = result(kLook, "9 euro"), not_run = stopped(kLook);
  expect({.follows = {after({overloaded(0, "first")}, asks({kLook})), seen, asks({kLook}, "Hm."),
                      not_run, by(1, asks({kLook})), not_run,
                      after({overloaded(2, "x"), overloaded(2, "y"), overloaded(3, "z")},
                            by(3, asks({kPay}))),
                      approved(result(kPay, "paid")), by(3, asks({kPay}, "So?")), stopped(kPay)},
          .thresholds = {.repeats = 1, .max_stops = 1, .max_failures = 2},
          .status = Status::kLooping,
          .model_count = 4});
}

TEST(EventLog, HasNoEndIfTheRunThrows) {
  for (const bool retryable : {true, false}) {
    Stage stage({user("Look.")},
                {after({overloaded(0, "busy")}, asks({kLook})), result(kLook, "9 euro")});
    stage.model_count = 2;
    stage.thresholds.max_failures = 2;
    const auto thrower = [retryable] { throw ProviderError("last words", retryable); };
    if (retryable) {
      stage.last_failures = {overloaded(0, "a"), overloaded(0, "b"), overloaded(1, "c")};
    }
    stage.last_failures.push_back({retryable ? 1u : 0u, "last words", thrower});
    Supervision(stage, kFromFive)
        .play_throwing<ProviderError>("the class derived from ModelError", "last words");
  }
}

TEST(EventLog, KeepsWhatWasInIt) {
  Stage stage({user("Look."), asks({kLook}), result(kLook, "9 euro"), says("9."), user("Pay.")},
              {asks({kPay}), refused(kPay, "no"), says("No.")});
  stage.risks = {{"pay", 5}};
  Supervision supervision(stage, kFromFive);
  supervision.log = {{EventKind::kModelCall, 3, "", "", ""},
                     {EventKind::kRefusal, 3, "p", "pay", "earlier"},
                     {EventKind::kEnd, 3, "", "", "refused"}};
  supervision.play();
}

TEST(EventLog, OfRandomDialogues) {
  Improviser random({.approval_risk = 5, .max_refusals = 3});
  for (int i = 0; i < 12; ++i) {
    Stage stage({user("Go.")}, {});
    stage.risks = {{"look", random.integer(0, 6)}, {"pay", random.integer(3, 9)}};
    stage.thresholds = random.thresholds();
    stage.model_count = 1 + random.index(3);
    random.fill(stage);
    if (!Supervision(stage, {.approval_risk = 5, .max_refusals = 3}).play()) return;
  }
}
