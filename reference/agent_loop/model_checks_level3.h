#pragma once

// The checks of level 3 that are about the model: what is retried, what is not. Included by
// checks_level3.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "oracle.h"
#include "random_dialogue.h"
#include "recovery_stage.h"
#include "transcript.h"

namespace {

using kata::json;
using kata::ToolCall;
using recovery::ModelError;
using recovery::overloaded;
using recovery::play;
using recovery::play_throwing;
using recovery::refused;
using recovery::RetryPolicy;
using stage::Improviser;
using stage::Stage;
using transcript::asks;
using transcript::Lines;
using transcript::result;
using transcript::says;
using transcript::user;

/// As a provider's library throws it; it must come out as what it is, not as a copy of its base.
struct ProviderError : ModelError {
  using ModelError::ModelError;
};
constexpr const char* kProviderError = "the class derived from ModelError that the model threw,";

TEST(Retry, EXAMPLE_ThreeAndFourTimesOverloaded) {
  const RetryPolicy retry = {.max_retries = 3, .base_ms = 100, .cap_ms = 150};
  for (const bool fourth : {false, true}) {
    Stage stage({user("Anybody there?")}, {});
    for (const char* what : {"first", "second", "third"}) {
      stage.throws_before(0, overloaded(what));
    }
    if (fourth) {
      stage.throws_before(0, overloaded("fourth"));
      play_throwing<ModelError>("ModelError", "fourth", stage, retry, {100, 150, 150});
    } else {
      stage.append(says("Here."));
      play(stage, retry, {100, 150, 150});
    }
  }
}

TEST(Retry, WaitsDoubleUpToTheCap) {
  Improviser random;
  for (int i = 0; i < 4; ++i) {
    RetryPolicy retry;
    retry.max_retries = random.integer(1, 12);
    retry.base_ms = random.integer(1, 1000);
    retry.cap_ms = random.integer(1, 30) * retry.base_ms + random.integer(-1, 1);
    if (retry.cap_ms < 1) retry.cap_ms = 1;
    const int failures = random.integer(1, retry.max_retries);
    Stage stage({user("Anybody there?")}, {says("Here.")});
    for (int n = 0; n < failures; ++n) stage.throws_before(0, overloaded("busy"));
    play(stage, retry, oracle::waits(retry, failures));
  }
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const std::vector<RetryPolicy> policies = {{100, 1, kMax},
                                             {80, 3, 8000},
                                             {std::numeric_limits<int>::max(), kMax, kMax},
                                             {70, kMax / 2 + 1, kMax},
                                             {5, kMax, 10}};
  for (const RetryPolicy& retry : policies) {
    const int failures = std::min(retry.max_retries, 70);
    Stage stage({user("Anybody there?")}, {says("Here.")});
    for (int n = 0; n < failures; ++n) stage.throws_before(0, overloaded("busy"));
    play(stage, retry, oracle::waits(retry, failures));
  }
}

TEST(Retry, EachModelCallHasItsOwn) {
  const RetryPolicy retry = {.max_retries = 2, .base_ms = 10, .cap_ms = 1000};
  const ToolCall call = {"c", "look", "{}"};
  Stage stage({user("Look.")}, {asks({call}), result(call, "dark"), asks({call}),
                                result(call, "dark"), says("Dark.")});
  stage.add_tool("look", [](const json&) { return "dark"; });
  for (const std::size_t reply : {0, 0, 1, 2, 2}) stage.throws_before(reply, overloaded("busy"));
  play(stage, retry, {10, 20, 10, 10, 20});
  stage.expect_runs({"look {}", "look {}"});
}

TEST(Retry, EndsWithTheLastError) {
  for (const int retries : {0, 1, 4}) {
    const RetryPolicy retry = {.max_retries = retries, .base_ms = 7, .cap_ms = 1'000'000};
    Stage stage({user("Anybody there?")}, {});
    for (int n = 0; n <= retries; ++n) {
      stage.throws_before(0, [n] { throw ProviderError("busy " + std::to_string(n), true); });
    }
    play_throwing<ProviderError>(kProviderError, "busy " + std::to_string(retries), stage, retry,
                                 oracle::waits(retry, retries));
  }
}

TEST(FatalError, PropagatesAtOnce) {
  Stage first({user("Hello")}, {});
  first.throws_before(0, refused("no such model"));
  play_throwing<ModelError>("ModelError", "no such model", first);
  Stage after_retry({user("Hello")}, {});
  after_retry.throws_before(0, overloaded("busy"));
  after_retry.throws_before(0, [] { throw ProviderError("key expired", false); });
  play_throwing<ProviderError>(kProviderError, "key expired", after_retry, {}, {500});
}

TEST(FatalError, IsAnythingElseThatTheModelThrows) {
  const ToolCall call = {"c", "look", "{}"};
  const auto start = [&](Stage& stage, std::function<void()> thrower) {
    stage.add_tool("look", [](const json&) { return "dark"; });
    stage.throws_before(1, std::move(thrower));
  };
  const Lines given = {user("Look.")}, follows = {asks({call}), result(call, "dark")};
  Stage runtime(given, follows), number(given, follows), memory(given, follows);
  start(runtime, [] { throw std::runtime_error("connection reset"); });
  play_throwing<std::runtime_error>("std::runtime_error", "connection reset", runtime);
  start(number, [] { throw 7; });
  play_throwing<int>("an int", "", number);
  start(memory, [] { throw std::bad_alloc(); });
  play_throwing<std::bad_alloc>("std::bad_alloc", "", memory);
}

}  // namespace
