#pragma once

// A stage on which an attempt plays: a model that replies by script and tools that take notes. The
// script is the conversation as it ought to become: its assistant lines are what the model says,
// and all of it is what the history must hold in the end. After every play the invariants are
// walked, in the history and in each request that the model got.

#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "transcript.h"

namespace stage {

using kata::json;
using transcript::expect_conversation;
using transcript::fail;
using transcript::first_breach;
using transcript::in_quotes;
using transcript::Line;
using transcript::Lines;

/// Keeps copies of what it was asked, and says or throws what comes next in its script.
class ScriptedModel : public kata::Model {
 public:
  std::vector<std::function<kata::Reply()>> script;
  std::vector<std::vector<kata::Message>> requests;
  std::vector<json> descriptions;
  std::function<void()> before_each = [] {};

  kata::Reply complete(const std::vector<kata::Message>& messages, const json& tools) override {
    constexpr std::size_t kExtraMax = 20;  // then even a loop that swallows errors should see sense
    const std::size_t i = requests.size();
    if (i < script.size() + kExtraMax) {
      requests.push_back(messages);
      descriptions.push_back(tools);
    }
    before_each();
    if (i < script.size()) return script[i]();
    if (requests.size() == script.size() + kExtraMax) {
      throw std::logic_error("the model was called again and again after the end");
    }
    return {.text = "(the model was not expected to be called again)"};
  }
};

inline const json& any_object() {
  static const json schema = {{"type", "object"}};
  return schema;
}

class Stage {
 public:
  Stage(Lines given, Lines follows)
      : history(messages_of(given)), given_(given), follows_(std::move(follows)) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  ScriptedModel model;
  std::vector<kata::Tool> tools;
  std::vector<kata::Message> history;
  std::vector<std::string> runs;  // add {"a":2,"b":3}

  using Run = std::function<json(const json& arguments)>;

  kata::Tool& add_tool(const std::string& name, Run run, const json& schema = any_object()) {
    const auto recorded = [this, name, run = std::move(run)](const json& arguments) {
      runs.push_back(name + " " + arguments.dump());
      return run(arguments);
    };
    tools.push_back({.name = name,
                     .description = "The tool " + name + ".",
                     .parameters = schema,
                     .run = recorded});
    return tools.back();
  }

  void append(const Line& line) { follows_.push_back(line); }

  /// Before it gives its n-th reply, from 0, the model throws. Several are thrown one by one.
  void throws_before(std::size_t reply, const std::function<void()>& thrower) {
    throwers_[reply].push_back(thrower);
  }

  const Lines& given() const { return given_; }
  const Lines& follows() const { return follows_; }

  /// What the requests hold, as numbers of lines; by default all lines so far.
  std::vector<std::vector<std::size_t>> sent_lines;

  /// Shown with each failure.
  std::string setting;

  /// Runs the attempt, which returns the loop's text, and expects all of the script.
  template <typename Loop>
  void play(Loop&& loop) {
    prepare();
    std::string text;
    const std::string thrown = caught([&] { text = loop(); });
    if (!thrown.empty()) return fail("the loop threw " + thrown, history);
    const bool right = expect_conversation("the history", history, all_lines());
    if (right && text != last_text()) {
      fail("the text returned is " + in_quotes(text) + ", expected " + in_quotes(last_text()),
           history);
    }
    const std::string breach = first_breach(history);
    if (!breach.empty()) fail("the history is not a legal conversation: " + breach, history);
    if (right) walk_requests();
  }

  /// The same for a loop that must end with an exception of type E with this text, if any is given.
  template <typename E, typename Loop>
  void play_throwing(const std::string& type, const std::string& what, Loop&& loop) {
    prepare();
    std::string got;
    try {
      got = caught<E>(loop, what);
    } catch (...) {
      got = "something that is not a std::exception";
    }
    if (!got.empty()) {
      fail("the loop was to throw " + type + (what.empty() ? "" : " " + in_quotes(what)) +
               ", got " + got,
           history);
    }
    walk_requests();
  }

  void expect_runs(const std::vector<std::string>& expected) const {
    for (std::size_t i = 0; i < std::max(runs.size(), expected.size()); ++i) {
      const std::string got = i < runs.size() ? in_quotes(runs[i]) : "none";
      const std::string want = i < expected.size() ? in_quotes(expected[i]) : "none";
      if (i < runs.size() && i < expected.size() && runs[i] == expected[i]) continue;
      fail("tool run " + std::to_string(i) + transcript::expected_got(want, got) + "; " +
               std::to_string(runs.size()) + " runs in all, expected " +
               std::to_string(expected.size()),
           history);
      return;
    }
  }

  void expect_history_as_given() const {
    expect_conversation("the history after the exception", history, given_);
  }

 private:
  Lines all_lines() const {
    Lines lines = given_;
    lines.insert(lines.end(), follows_.begin(), follows_.end());
    return lines;
  }

  std::string last_text() const {
    std::string text;
    for (const Line& line : follows_) {
      if (line.message.role == kata::Role::kAssistant) text = line.message.text;
    }
    return text;
  }

  /// Turns the lines into the model's script, and the requests that it should get.
  void prepare() {
    transcript::setting() = setting + script_text();
    if (setting.empty() && !transcript::setting().empty()) transcript::setting().erase(0, 2);
    std::size_t replies = 0;
    std::size_t seen = given_.size();
    const auto expect_call = [&](std::function<kata::Reply()> reply) {
      model.script.push_back(std::move(reply));
      seen_.push_back(seen);
    };
    const auto throw_first = [&](std::size_t reply) {
      for (const auto& thrower : throwers_[reply]) {
        expect_call([thrower]() -> kata::Reply {
          thrower();
          throw std::logic_error("a thrower that does not throw");
        });
      }
    };
    for (const Line& line : follows_) {
      if (line.message.role == kata::Role::kAssistant) {
        throw_first(replies++);
        expect_call([line]() -> kata::Reply {
          return {line.message.text, line.message.calls, line.finish, line.usage};
        });
      }
      ++seen;
    }
    throw_first(replies);
    for (const kata::Tool& tool : tools) {
      descriptions_.push_back({{"name", tool.name},
                               {"description", tool.description},
                               {"parameters", tool.parameters}});
    }
  }

  /// Empty, or what came out.
  template <typename Call>
  static std::string caught(Call&& call) {
    try {
      call();
      return "";
    } catch (const std::exception& error) {
      return std::string("an exception: ") + in_quotes(error.what());
    } catch (...) {
      return "something that is not a std::exception";
    }
  }

  template <typename E, typename Call>
  static std::string caught(Call&& call, const std::string& what) {
    try {
      call();
    } catch (const E& error) {
      if constexpr (std::is_base_of_v<std::exception, E>) {
        if (!what.empty() && error.what() != what) return in_quotes(error.what());
      }
      return "";
    } catch (const std::exception& error) {
      return std::string("another exception, ") + in_quotes(error.what());
    }
    return "no exception";
  }

  bool expect_request(const std::string& name, std::size_t i, const Lines& lines) const {
    if (sent_lines.empty()) {
      return expect_conversation(name, model.requests[i], std::span(lines).first(seen_[i]));
    }
    Lines chosen;
    for (const std::size_t line : sent_lines.at(i)) chosen.push_back(lines.at(line));
    return expect_conversation(name, model.requests[i], chosen);
  }

  /// The first tool that is described wrongly, or both as they are.
  std::string wrong_description(const json& got) const {
    const auto differ = [](const json& expected, const json& is) {
      return transcript::expected_got(expected.dump(), is.dump());
    };
    if (!got.is_array() || got.size() != descriptions_.size()) return differ(descriptions_, got);
    std::size_t i = 0;
    while (got[i].dump() == descriptions_[i].dump()) ++i;
    return ", tool " + std::to_string(i) + differ(descriptions_[i], got[i]);
  }

  /// What the history does not show of the script: "; reply 2 of the model finishing with kLength".
  std::string script_text() const {
    constexpr const char* kFinishes[] = {"kStop", "kToolCalls", "kLength"};
    std::string text;
    std::size_t replies = 0;
    const auto add_throwers = [&](const std::string& before) {
      const auto found = throwers_.find(replies);
      if (found == throwers_.end() || found->second.empty()) return;
      const std::size_t times = found->second.size();
      text += "; the model throwing " + (times == 1 ? "once" : std::to_string(times) + " times") +
              before;
    };
    for (const Line& line : follows_) {
      if (line.message.role != kata::Role::kAssistant) continue;
      add_throwers(" before its reply " + std::to_string(replies));
      const auto usual =
          line.message.calls.empty() ? kata::Finish::kStop : kata::Finish::kToolCalls;
      if (line.finish != usual) {
        text += "; reply " + std::to_string(replies) + " of the model finishing with " +
                kFinishes[static_cast<std::size_t>(line.finish)];
      }
      ++replies;
    }
    add_throwers(" after " + std::to_string(replies) + " replies");
    return text;
  }

  void walk_requests() const {
    const std::size_t count = model.requests.size();
    const Lines lines = all_lines();
    for (std::size_t i = 0; i < count && i < seen_.size(); ++i) {
      const std::string name = "what model call " + std::to_string(i) + " was sent";
      const std::string breach = first_breach(model.requests[i]);
      if (!breach.empty()) {
        return fail(name + " is not a legal conversation: " + breach, model.requests[i]);
      }
      if (!expect_request(name, i, lines)) return;
      if (model.descriptions[i].dump() != descriptions_.dump()) {
        return fail("the tools' description in model call " + std::to_string(i) +
                    wrong_description(model.descriptions[i]));
      }
    }
    if (count == seen_.size()) return;
    fail("the model was called " + std::to_string(count) + " times, expected " +
             std::to_string(seen_.size()),
         history);
  }

  Lines given_;
  Lines follows_;
  std::map<std::size_t, std::vector<std::function<void()>>> throwers_;
  std::vector<std::size_t> seen_;  // lines before each model call
  json descriptions_ = json::array();
};

}  // namespace stage
