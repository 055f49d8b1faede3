#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "level2.h"
#include "stage.h"

// How checks of level 2 play: a stage with a human who decides by script. The log is held against
// the script at the end and at each moment at which a model, the human or a tool starts; the
// history too when the human or a tool starts (what a model sees is what it is sent).
namespace supervised {

using conversation::fail;
using conversation::in_quotes;
using kata::Event;
using kata::EventKind;
using kata::ToolCall;
using script::Line;
using script::Way;
using stage::Stage;

inline std::string kind_text(EventKind kind) {
  constexpr const char* kNames[] = {"kModelCall", "kModelError", "kReply",    "kFallback",
                                    "kLoop",      "kReview",     "kApproval", "kRefusal",
                                    "kRun",       "kResult",     "kEnd"};
  const auto i = static_cast<std::size_t>(kind);
  return i < std::size(kNames) ? kNames[i] : "event kind " + std::to_string(i);
}

inline std::string shown(const Event& event) {
  std::string text = kind_text(event.kind) + ", model " + std::to_string(event.model);
  if (!event.call_id.empty() || !event.name.empty()) {
    text += ", call id " + in_quotes(event.call_id) + ", name " + in_quotes(event.name);
  }
  return event.text.empty() ? text : text + ", text " + in_quotes(event.text);
}

inline bool same(const Event& a, const Event& b) {
  return a.kind == b.kind && a.model == b.model && a.call_id == b.call_id && a.name == b.name &&
         a.text == b.text;
}

/// The log that the script must give. Texts of errors are those in the history.
class ExpectedLog {
 public:
  explicit ExpectedLog(const Stage& stage) : stage_(stage) {
    auto call = stage.lines().front().message.calls.cbegin();
    for (std::size_t i = stage.given_count(); i < stage.lines().size(); ++i) {
      const Line& line = stage.lines()[i];
      if (line.message.role == kata::Role::kTool) add_call(line, *call++, stage.history[i].text);
      if (line.message.role != kata::Role::kAssistant) continue;
      add_failures(line.failures);
      add_model_call(line.model);
      add(EventKind::kReply, line.message.text);
      call = line.message.calls.cbegin();
      const bool is_stopped = i + 1 < stage.lines().size() && !line.message.calls.empty() &&
                              stage.lines()[i + 1].way == Way::kStopped;
      if (is_stopped) add(EventKind::kLoop);
    }
    add_failures(stage.last_failures);
    if (stage.last_failures.empty()) add(EventKind::kEnd, kata::name_of(stage.status));
  }

  std::vector<Event> events;

 private:
  void add(EventKind kind, const std::string& text = "") {
    events.push_back({.kind = kind, .model = model_, .text = text});
  }

  void add_model_call(std::size_t model) {
    while (model_ < model) {
      ++model_;
      add(EventKind::kFallback);
    }
    add(EventKind::kModelCall);
  }

  void add_failures(const std::vector<script::Failure>& failures) {
    for (const script::Failure& failure : failures) {
      add_model_call(failure.model);
      add(EventKind::kModelError, failure.what);
    }
  }

  void add_call(const Line& line, const ToolCall& call, const std::string& text) {
    const auto note = [&](EventKind kind, const std::string& what = "") {
      events.push_back({kind, model_, call.id, call.name, what});
    };
    const bool refused = line.way == Way::kRefused || line.way == Way::kUnanswered;
    if (refused || line.approved) note(EventKind::kReview);
    if (refused) note(EventKind::kRefusal, line.value.get<std::string>());
    if (line.approved) note(EventKind::kApproval);
    if (line.way == Way::kReturns || line.way == Way::kThrows) note(EventKind::kRun);
    note(EventKind::kResult, text);
  }

  const Stage& stage_;
  std::size_t model_ = 0;
};

/// The human, who decides as the script's lines say.
class ScriptedReviewer : public kata::Reviewer {
 public:
  std::function<void(std::size_t)> on_review = [](std::size_t) {};
  std::vector<ToolCall> asked;

  explicit ScriptedReviewer(const Stage& stage) : stage_(stage) {}

  kata::Decision review(const ToolCall& call) override {
    const std::size_t i = asked.size();
    asked.push_back(call);
    if (i >= stage_.expected_reviews.size()) return {false, "(this review was not expected)"};
    on_review(i);
    const Line& line = *stage_.expected_reviews[i].answer;
    if (line.approved) return {.approved = true};
    const std::string reason = line.value.get<std::string>();
    if (line.way == Way::kUnanswered) throw std::logic_error(reason);
    return {.approved = false, .reason = reason};
  }

  bool expect_asked() const {
    const auto text = [](const ToolCall* call) {
      return call == nullptr ? "none" : conversation::shown(*call);
    };
    const auto& expected = stage_.expected_reviews;
    for (std::size_t i = 0; i < std::max(asked.size(), expected.size()); ++i) {
      const std::string got = text(i < asked.size() ? &asked[i] : nullptr);
      const std::string want = text(i < expected.size() ? expected[i].call : nullptr);
      if (got == want) continue;
      fail("review " + std::to_string(i) + ": expected " + want + ", got " + got, stage_.history);
      return false;
    }
    return true;
  }

 private:
  const Stage& stage_;
};

/// One play of a stage under supervision.
class Supervision {
 public:
  Supervision(Stage& stage, const kata::Oversight& oversight)
      : stage_(stage), oversight_(oversight), reviewer_(stage) {
    stage.more_setting = "; approval_risk " + std::to_string(oversight.approval_risk) +
                         ", max_refusals " + std::to_string(oversight.max_refusals);
    for (const auto& [tool, risk] : stage.risks) {
      stage.more_setting += ", " + tool + " has risk " + std::to_string(risk);
    }
    stage.on_cue = [this](stage::Cue cue, std::size_t i) {
      const bool is_model = cue == stage::Cue::kModel;
      note_moment(is_model ? EventKind::kModelCall : EventKind::kRun, i);
    };
    reviewer_.on_review = [this](std::size_t i) { note_moment(EventKind::kReview, i); };
  }

  std::vector<Event> log;  // may hold something before

  bool play() {
    const std::vector<Event> before = log;
    const bool right = stage_.play([&] { return run(); }) && reviewer_.expect_asked();
    return right && expect_log(before);
  }

  template <typename E>
  bool play_throwing(const std::string& type, const std::string& what) {
    const std::vector<Event> before = log;
    const bool right = stage_.template play_throwing<E>(type, what, [&] { run(); });
    return right && expect_log(before);
  }

 private:
  /// The log and the history as they were when the i-th of these started.
  struct Moment {
    EventKind kind;
    std::size_t i;
    std::vector<Event> log;
    std::vector<kata::Message> history;

    std::string name() const {
      const std::string what = kind == EventKind::kModelCall ? "model call "
                               : kind == EventKind::kReview  ? "review "
                                                             : "tool run ";
      return what + std::to_string(i) + " starts";
    }
  };

  void note_moment(EventKind kind, std::size_t i) {
    moments_.push_back({kind, i, log, stage_.history});
  }

  kata::Outcome run() {
    return kata::run_supervised_agent(stage_.models, stage_.tools, stage_.history,
                                      stage_.thresholds, reviewer_, oversight_, log);
  }

  bool expect_log(std::vector<Event> expected) const {
    const std::vector<Event> follows = ExpectedLog(stage_).events;
    expected.insert(expected.end(), follows.begin(), follows.end());
    if (!expect_events("the log", log, expected)) return false;
    for (const Moment& moment : moments_) {
      std::size_t end = expected.size() - follows.size();
      for (std::size_t seen = 0; end < expected.size(); ++end) {
        if (expected[end].kind == moment.kind && seen++ == moment.i) break;
      }
      const std::vector<Event> start(expected.begin(),
                                     expected.begin() + static_cast<std::ptrdiff_t>(end) + 1);
      if (!expect_events("the log when " + moment.name(), moment.log, start)) return false;
      if (!expect_history(moment)) return false;
    }
    return true;
  }

  /// Each result is in the history before the next call is looked at.
  bool expect_history(const Moment& moment) const {
    if (moment.kind == EventKind::kModelCall) return true;
    const bool is_review = moment.kind == EventKind::kReview;
    const auto& takes = is_review ? stage_.expected_reviews : stage_.expected_runs();
    const auto lines = std::span(stage_.lines()).first(takes[moment.i].seen);
    return script::expect_conversation("the history when " + moment.name(), moment.history, lines);
  }

  bool expect_events(const std::string& name, const std::vector<Event>& got,
                     const std::vector<Event>& expected) const {
    for (std::size_t i = 0; i < std::max(got.size(), expected.size()); ++i) {
      const std::string is = i < got.size() ? shown(got[i]) : "none";
      const std::string want = i < expected.size() ? shown(expected[i]) : "none";
      const bool both = i < got.size() && i < expected.size();
      if (both && same(got[i], expected[i])) continue;
      fail(name + ", event " + std::to_string(i) + ": expected " + want + ", got " + is +
               (i > 0 ? "; before it came " + shown(expected[i - 1]) : ""),
           stage_.history);
      return false;
    }
    return true;
  }

  Stage& stage_;
  kata::Oversight oversight_;
  ScriptedReviewer reviewer_;
  std::vector<Moment> moments_;
};

}  // namespace supervised
