#pragma once

// The checks of level 1 that are about models that are replaced. Included by checks_level1.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "guarded_stage.h"
#include "script.h"
#include "stage.h"

namespace {

using guarded::play_throwing;
using kata::ModelError;
using script::after;
using script::Failure;
using script::overloaded;

/// As a provider's library throws it; it must come out as what it is, not as a copy of its base.
struct ProviderError : ModelError {
  using ModelError::ModelError;
};
constexpr const char* kProviderError = "the class derived from ModelError that the model threw,";

std::vector<Failure> times(int count, std::size_t model) {
  return std::vector<Failure>(static_cast<std::size_t>(count), overloaded(model));
}

std::vector<Failure> joined(std::vector<Failure> first, const std::vector<Failure>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

TEST(Fallback, EXAMPLE_TheSecondModelAnswers) {
  stage::Stage stage({script::user("Anybody there?")},
                     {after(times(2, 0), script::by(1, script::says("Here.")))});
  stage.model_count = 2;
  stage.thresholds.max_failures = 2;
  guarded::play(stage);
}

TEST(Fallback, AfterFailuresInARow) {
  const kata::ToolCall look = guarded::call("look");
  for (const int most : {1, 2, 5}) {
    stage::Stage stage({script::system_line("Be brief."), script::user("Look.")}, {});
    stage.model_count = 3;
    stage.thresholds = {.max_period = 0, .max_failures = most};
    // One less than it takes, three times; each reply ends the row.
    for (int i = 0; i < 3; ++i) {
      stage.append(after(times(most - 1, 0), script::asks({look})));
      stage.append(script::result(look, "dark"));
    }
    // The next has its own count, and stays.
    stage.append(after(joined(times(most, 0), times(most - 1, 1)),
                       script::by(1, script::asks({look}, "I look."))));
    stage.append(script::result(look, "dark"));
    stage.append(after(times(most - 1, 1), script::by(1, script::asks({look}))));
    stage.append(script::result(look, "dark"));
    stage.append(after(times(most, 1), script::by(2, script::says("Dark."))));
    guarded::play(stage);
  }
  stage::Stage several({script::user("Anybody there?")},
                       {after(joined(times(2, 0), joined(times(2, 1), times(1, 2))),
                              script::by(2, script::says("Here.")))});
  several.model_count = 4;
  several.thresholds.max_failures = 2;
  guarded::play(several);
  stage::Stage patient({script::user("Anybody there?")},
                       {after(times(300, 0), script::says("Yes."))});
  patient.model_count = 2;
  patient.thresholds.max_failures = std::numeric_limits<int>::max();
  guarded::play(patient);
}

TEST(Fallback, NoneIsLeftAndTheLastErrorComesOut) {
  const kata::ToolCall look = guarded::call("look");
  for (const std::size_t count : {1, 2, 3}) {
    stage::Stage stage({script::user("Look.")},
                       {script::asks({look}), script::result(look, "dark")});
    stage.model_count = count;
    stage.thresholds.max_failures = 2;
    for (std::size_t model = 0; model < count; ++model) {
      for (const char* what : {" first", " last"}) {
        const std::string text = std::to_string(model) + what;
        stage.last_failures.push_back(
            {model, text, [text] { throw ProviderError(text, /*may_be_retried=*/true); }});
      }
    }
    play_throwing<ProviderError>(kProviderError, std::to_string(count - 1) + " last", stage);
  }
}

/// Whatever a model throws that is not a failure comes out at once: of the first model, after a
/// failure, and of the fallback.
template <typename E>
void expect_comes_out(const std::string& type, const std::string& what,
                      const std::function<void()>& thrower) {
  const kata::ToolCall look = guarded::call("look");
  for (const int failures : {0, 1, 2, 3}) {
    const std::size_t model = failures >= 2 ? 1 : 0;
    stage::Stage stage({script::user("Look.")},
                       {script::asks({look}), script::result(look, "dark")});
    stage.model_count = 3;
    stage.thresholds.max_failures = 2;
    stage.last_failures = times(std::min(failures, 2), 0);
    if (failures == 3) stage.last_failures.push_back(overloaded(1));
    stage.last_failures.push_back({model, what, thrower});
    if (!play_throwing<E>(type, what, stage)) return;
  }
}

TEST(Fallback, OnlyForWhatMayBeRetried) {
  expect_comes_out<ProviderError>(kProviderError, "refused",
                                  [] { throw ProviderError("refused", /*may_be_retried=*/false); });
  expect_comes_out<std::runtime_error>("std::runtime_error", "lost",
                                       [] { throw std::runtime_error("lost"); });
  expect_comes_out<std::bad_alloc>("std::bad_alloc", "", [] { throw std::bad_alloc(); });
  expect_comes_out<int>("the int 7", "", [] { throw 7; });
}

TEST(Fallback, OfAModelThatGoesInCircles) {
  const kata::ToolCall a = guarded::call("a"), b = guarded::call("b");
  // The turns stay: what the first model did in vain, the second does not do again.
  stage::Stage stage({script::user("Find it.")}, {script::asks({a}),
                                                  script::result(a, "x"),
                                                  script::asks({a}),
                                                  script::result(a, "x"),
                                                  script::asks({a}),
                                                  script::stopped(a),
                                                  script::asks({b}),
                                                  script::result(b, "y"),
                                                  script::asks({b}),
                                                  script::result(b, "y"),
                                                  script::asks({b}),
                                                  script::stopped(b),
                                                  script::by(1, script::asks({b})),
                                                  script::stopped(b),
                                                  script::by(1, script::asks({a})),
                                                  script::result(a, "x"),
                                                  script::by(1, script::asks({a})),
                                                  script::result(a, "x"),
                                                  script::by(1, script::asks({a}, "And?")),
                                                  script::stopped(a)});
  stage.model_count = 2;
  stage.thresholds = {.repeats = 2, .max_period = 1, .max_stops = 2};
  stage.status = kata::Status::kLooping;
  guarded::play(stage);
}

TEST(Fallback, StartsWithNothingAgainstIt) {
  const kata::ToolCall a = guarded::call("a");
  const script::Line ran = script::result(a, "x"), not_run = script::stopped(a);
  // A stop, then failures: the second model has no stop yet, and the third no failure.
  stage::Stage stage({script::user("Find it.")},
                     {script::asks({a}), ran, script::asks({a}), not_run,
                      after(times(2, 0), script::by(1, script::asks({a}))), not_run,
                      after(times(1, 1), script::by(1, script::asks({a}))), not_run,
                      after(times(1, 2), script::by(2, script::asks({a}))), not_run,
                      after(times(1, 2), script::by(2, script::says("No.")))});
  stage.model_count = 3;
  stage.thresholds = {.repeats = 1, .max_stops = 2, .max_failures = 2};
  guarded::play(stage);
}

}  // namespace
