#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "level4.h"
#include "oracle.h"
#include "stage.h"
#include "transcript.h"

// How checks of level 4 play.
namespace limits {

using kata::Limits;
using kata::RetryPolicy;
using kata::Status;
using stage::FakeClock;
using stage::Stage;
using transcript::Line;

inline std::string status_text(Status status) {
  constexpr const char* kNames[] = {"kAnswered", "kTokenLimit", "kCostLimit", "kStepLimit",
                                    "kContextLimit"};
  const auto i = static_cast<std::size_t>(status);
  return i < std::size(kNames) ? kNames[i] : "status " + std::to_string(i);
}

struct Setting {
  Limits limits = {};
  Status status = Status::kAnswered;  // expected
  RetryPolicy retry = {};
  std::vector<std::int64_t> waits = {};  // expected
};

/// Only what is limited, and the retries if they are not the default ones.
inline std::string setting_text(const Setting& setting) {
  std::string text;
  const auto add = [&](const std::string& name, std::int64_t limit) {
    if (limit == kata::kNoLimit) return;
    text += (text.empty() ? "" : ", ") + name + " " + std::to_string(limit);
  };
  add("max_steps", setting.limits.max_steps);
  add("max_tokens", setting.limits.max_tokens);
  add("max_cost", setting.limits.max_cost);
  add("max_context_tokens", setting.limits.max_context_tokens);
  if (text.empty()) text = "no limits";
  return setting.waits.empty() ? text : text + "; " + stage::retry_text(setting.retry);
}

inline void expect_outcome(const kata::Outcome& got, const Setting& setting, const Stage& stage) {
  const auto expect = [&](const std::string& what, const std::string& expected,
                          const std::string& is) {
    if (expected != is) {
      transcript::fail("the outcome's " + what + ": expected " + expected + ", got " + is,
                       stage.history);
    }
  };
  kata::Usage usage;
  std::int64_t steps = 0;
  for (const Line& line : stage.follows()) {
    if (line.message.role != kata::Role::kAssistant) continue;
    ++steps;
    usage.input_tokens += line.usage.input_tokens;
    usage.output_tokens += line.usage.output_tokens;
    usage.cost += line.usage.cost;
  }
  expect("status", status_text(setting.status), status_text(got.status));
  expect("steps", std::to_string(steps), std::to_string(got.steps));
  expect("input_tokens", std::to_string(usage.input_tokens),
         std::to_string(got.usage.input_tokens));
  expect("output_tokens", std::to_string(usage.output_tokens),
         std::to_string(got.usage.output_tokens));
  expect("cost", std::to_string(usage.cost), std::to_string(got.usage.cost));
}

/// What each model call must be sent, by the oracle. For scripts whose texts are all known.
inline void plan_trimming(Stage& stage, std::int64_t max_tokens) {
  std::vector<kata::Message> so_far = messages_of(stage.given());
  for (const Line& line : stage.follows()) {
    if (line.message.role == kata::Role::kAssistant) {
      stage.sent_lines.push_back(oracle::sent(so_far, max_tokens));
    }
    so_far.push_back(line.message);
  }
}

inline void play(Stage& stage, const Setting& setting, FakeClock& clock) {
  kata::Outcome outcome;
  bool returned = false;
  stage.setting = setting_text(setting) + stage.setting;
  stage.play([&] {
    outcome = kata::run_limited_agent(stage.model, stage.tools, stage.history, clock, setting.retry,
                                      setting.limits);
    returned = true;
    return outcome.text;
  });
  if (!returned) return;  // reported already
  expect_outcome(outcome, setting, stage);
  clock.expect_waits(setting.waits);
}

inline void play(Stage& stage, const Setting& setting = {}) {
  FakeClock clock;
  play(stage, setting, clock);
}

/// The loop must throw, and leave the history as it was given.
template <typename E>
void play_throwing(const std::string& type, const std::string& what, Stage& stage,
                   const Setting& setting = {}) {
  FakeClock clock;
  stage.setting = setting_text(setting);
  stage.play_throwing<E>(type, what, [&] {
    kata::run_limited_agent(stage.model, stage.tools, stage.history, clock, setting.retry,
                            setting.limits);
  });
  stage.expect_history_as_given();
  clock.expect_waits(setting.waits);
}

}  // namespace limits
