#pragma once

// A stage on which an attempt plays: models that reply by script and tools that take notes. What
// they do is read from the script's lines; all of it is what the history must hold in the end.
// After every play the invariants are walked, in the history and in each request.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "script.h"
#include "support/caught.h"

namespace stage {

using conversation::fail;
using conversation::first_breach;
using conversation::in_quotes;
using kata::json;
using kata::Message;
using kata::Outcome;
using kata::Status;
using kata::Thresholds;
using script::Failure;
using script::Line;
using script::Lines;
using script::Way;

inline std::string model_text(std::size_t i) {
  return "models[" + std::to_string(i) + "]";
}

/// One model call of the script.
struct Beat {
  std::size_t model = 0;  // that is to be called
  std::size_t seen = 0;   // lines of the conversation that it is sent
  const Failure* failure = nullptr;
  const Line* reply = nullptr;
};

/// One call of the script and the line that answers it.
struct Take {
  const Line* answer = nullptr;
  const kata::ToolCall* call = nullptr;
  std::size_t seen = 0;  // lines of the conversation before the answer
};

inline std::string run_text(const kata::ToolCall& call) {
  return call.name + " " + json::parse(call.arguments).dump();
}

/// What the attempt asks of the stage, at the moment before it happens.
enum class Cue { kModel, kTool };

class Stage {
 public:
  Stage(Lines given, Lines follows) : given_(std::move(given)), lines_(given_) {
    for (Line& line : follows) lines_.push_back(std::move(line));
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  Thresholds thresholds;
  Status status = Status::kAnswered;  // expected
  std::size_t model_count = 1;
  std::vector<Failure> last_failures;  // after all lines; the last of them propagates
  std::string more_setting;            // shown with each failure
  std::map<std::string, int> risks;    // of tools; else 0
  std::function<void(Cue, std::size_t)> on_cue = [](Cue, std::size_t) {};

  std::vector<kata::Model*> models;
  std::vector<kata::Tool> tools;
  std::vector<Message> history;
  std::vector<Take> expected_reviews;  // known when the play has begun

  void append(const Line& line) { lines_.push_back(line); }
  const Lines& lines() const { return lines_; }
  std::size_t given_count() const { return given_.size(); }
  const std::vector<Take>& expected_runs() const { return expected_runs_; }

  /// Runs the attempt and expects all of the script. True if nothing was wrong.
  template <typename Loop>
  bool play(Loop&& loop) {
    prepare();
    Outcome outcome;
    const std::string thrown = support::thrown_by([&] { outcome = loop(); });
    if (!thrown.empty()) return failed("the run threw " + thrown);
    return walk() && expect_outcome(outcome);
  }

  /// The same for a run that must end with an exception of type E with this text, if any is given.
  template <typename E, typename Loop>
  bool play_throwing(const std::string& type, const std::string& what, Loop&& loop) {
    prepare();
    const std::string got = support::done_instead_of_throwing<E>(loop, what);
    if (!got.empty()) {
      return failed("the run was to throw " + type + (what.empty() ? "" : " " + in_quotes(what)) +
                    ", got " + got);
    }
    return walk();
  }

 private:
  class ScriptedModel : public kata::Model {
   public:
    ScriptedModel(Stage& stage, std::size_t index) : stage_(stage), index_(index) {}
    kata::Reply complete(const std::vector<Message>& messages, const json& tools) override {
      return stage_.model_called(index_, messages, tools);
    }

   private:
    Stage& stage_;
    std::size_t index_;
  };

  struct Request {
    std::size_t model = 0;
    std::vector<Message> messages;
    std::string tools;
  };

  bool failed(const std::string& what) const {
    fail(what, history);
    return false;
  }

  std::string setting() const {
    return "repeats " + std::to_string(thresholds.repeats) + ", max_period " +
           std::to_string(thresholds.max_period) + ", max_stops " +
           std::to_string(thresholds.max_stops) + ", max_failures " +
           std::to_string(thresholds.max_failures) + "; models: " + std::to_string(model_count) +
           more_setting;
  }

  // ---- before

  void prepare() {
    conversation::setting() = setting();
    history = messages_of(given_);
    for (std::size_t i = 0; i < model_count; ++i) {
      actors_.push_back(std::make_unique<ScriptedModel>(*this, i));
      models.push_back(actors_.back().get());
    }
    auto call = given_.front().message.calls.cbegin();  // the next to be answered
    for (std::size_t i = given_.size(); i < lines_.size(); ++i) {
      const Line& line = lines_[i];
      if (line.message.role == kata::Role::kTool) add_take(line, {&line, &*call++, i});
      if (line.message.role != kata::Role::kAssistant) continue;
      add_beats(line.failures, &line, i);
      call = line.message.calls.cbegin();
    }
    add_beats(last_failures, nullptr, lines_.size());
    described_ = kata::described(tools).dump();
  }

  void add_beats(const std::vector<Failure>& failures, const Line* reply, std::size_t seen) {
    for (const Failure& failure : failures) beats_.push_back({failure.model, seen, &failure});
    if (reply != nullptr) beats_.push_back({reply->model, seen, nullptr, reply});
  }

  /// Each tool that a script runs or refuses is there, and no other.
  void add_take(const Line& line, const Take& take) {
    if (line.way == Way::kNotRun || line.way == Way::kStopped) return;
    const auto is_it = [&](const kata::Tool& tool) { return tool.name == take.call->name; };
    if (std::none_of(tools.begin(), tools.end(), is_it)) add_tool(take.call->name);
    const bool asked = line.approved || line.way == Way::kRefused || line.way == Way::kUnanswered;
    if (asked) expected_reviews.push_back(take);
    if (line.way == Way::kReturns || line.way == Way::kThrows) expected_runs_.push_back(take);
  }

  void add_tool(const std::string& name) {
    const auto risk = risks.find(name);
    tools.push_back({.name = name,
                     .description = "The tool " + name + ".",
                     .parameters = {{"type", "object"}},
                     .run = [this, name](const json& x) { return tool_run(name, x); },
                     .risk = risk == risks.end() ? 0 : risk->second});
  }

  // ---- during

  kata::Reply model_called(std::size_t model, const std::vector<Message>& messages,
                           const json& described) {
    constexpr std::size_t kExtraMax = 20;  // then even a loop that swallows errors should see sense
    const std::size_t i = requests_.size();
    if (i >= beats_.size() + kExtraMax) {
      throw std::logic_error("a model was called again and again after the end");
    }
    requests_.push_back({model, messages, described.dump()});
    if (i >= beats_.size()) return {.text = "(no model was expected to be called again)"};
    on_cue(Cue::kModel, i);
    if (beats_[i].failure != nullptr) {
      beats_[i].failure->thrower();
      throw std::logic_error("a thrower that does not throw");
    }
    return {beats_[i].reply->message.text, beats_[i].reply->message.calls};
  }

  json tool_run(const std::string& name, const json& arguments) {
    const std::size_t i = runs_.size();
    runs_.push_back(name + " " + arguments.dump());
    if (i >= expected_runs_.size()) return "(this tool was not expected to be run)";
    on_cue(Cue::kTool, i);
    const Line& line = *expected_runs_[i].answer;
    if (line.way == Way::kThrows) line.thrower();
    return line.value;
  }

  // ---- after

  bool walk() const {
    if (!expect_right_models()) return false;
    if (!expect_conversation("the history", history, lines_)) return false;
    const std::string breach = first_breach(history);
    if (!breach.empty()) return failed("the history is not a legal conversation: " + breach);
    return expect_requests() && expect_runs();
  }

  bool expect_right_models() const {
    for (std::size_t i = 0; i < std::min(requests_.size(), beats_.size()); ++i) {
      if (requests_[i].model == beats_[i].model) continue;
      return failed("model call " + std::to_string(i) + ": expected " +
                    model_text(beats_[i].model) + ", got " + model_text(requests_[i].model));
    }
    return true;
  }

  bool expect_requests() const {
    for (std::size_t i = 0; i < std::min(requests_.size(), beats_.size()); ++i) {
      const std::string name = "what model call " + std::to_string(i) + " was sent";
      const Request& request = requests_[i];
      const std::string breach = first_breach(request.messages);
      if (!breach.empty()) {
        fail(name + " is not a legal conversation: " + breach, request.messages);
        return false;
      }
      const auto lines = std::span(lines_).first(beats_[i].seen);
      if (!expect_conversation(name, request.messages, lines)) return false;
      if (request.tools == described_) continue;
      return failed("the tools' description in model call " + std::to_string(i) + ": expected " +
                    described_ + ", got " + request.tools);
    }
    if (requests_.size() == beats_.size()) return true;
    return failed("models were called " + std::to_string(requests_.size()) + " times, expected " +
                  std::to_string(beats_.size()));
  }

  bool expect_runs() const {
    for (std::size_t i = 0; i < std::max(runs_.size(), expected_runs_.size()); ++i) {
      const std::string got = i < runs_.size() ? in_quotes(runs_[i]) : "none";
      const std::string want =
          i < expected_runs_.size() ? in_quotes(run_text(*expected_runs_[i].call)) : "none";
      if (got == want) continue;
      return failed("tool run " + std::to_string(i) + ": expected " + want + ", got " + got + "; " +
                    std::to_string(runs_.size()) + " runs in all, expected " +
                    std::to_string(expected_runs_.size()));
    }
    return true;
  }

  bool expect_outcome(const Outcome& got) const {
    constexpr const char* kNames[] = {"kAnswered", "kLooping", "kRefused"};
    const auto status_text = [&](Status value) -> std::string {
      const auto i = static_cast<std::size_t>(value);
      return i < std::size(kNames) ? kNames[i] : "status " + std::to_string(i);
    };
    const Line& last = *beats_.back().reply;
    const std::pair<std::string, std::string> pairs[] = {
        {status_text(status), status_text(got.status)},
        {in_quotes(last.message.text), in_quotes(got.text)},
        {std::to_string(last.model), std::to_string(got.model)},
    };
    constexpr const char* kFields[] = {"status", "text", "model"};
    for (std::size_t i = 0; i < std::size(pairs); ++i) {
      const auto& [want, is] = pairs[i];
      if (want == is) continue;
      return failed(std::string("the outcome's ") + kFields[i] + ": expected " + want + ", got " +
                    is);
    }
    return true;
  }

  Lines given_;
  Lines lines_;  // given and following
  std::vector<std::unique_ptr<ScriptedModel>> actors_;
  std::vector<Beat> beats_;
  std::vector<Request> requests_;
  std::vector<Take> expected_runs_;
  std::vector<std::string> runs_;
  std::string described_;
};

}  // namespace stage
