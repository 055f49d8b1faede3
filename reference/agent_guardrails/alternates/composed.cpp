// One engine for both levels, put together from small functions and standard algorithms. Turns are
// interned: each is a number, and a loop is a range of numbers that equals itself, shifted.
#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace engine {

/// What may be done besides: nothing, by default.
struct Hooks {
  std::function<void()> calling = [] {};
  std::function<void(const ModelError&)> failed = [](const ModelError&) {};
  std::function<void(const Reply&)> replied = [](const Reply&) {};
  std::function<void()> replaced = [] {};
  std::function<void()> stopped = [] {};
  std::function<void(const Message&)> answered = [](const Message&) {};
  /// An error instead of a run, if there is one.
  std::function<std::optional<std::string>(const ToolCall&, const Tool&)> before_run =
      [](const ToolCall&, const Tool&) { return std::nullopt; };
  std::function<bool()> is_over = [] { return false; };
};

Message answer_to(const ToolCall& call, std::string text, bool is_error) {
  Message message;
  message.role = Role::kTool;
  message.call_id = call.id;
  message.name = call.name;
  message.text = std::move(text);
  message.is_error = is_error;
  return message;
}

/// Numbers for things that are equal if their JSON is.
class Numbers {
 public:
  int of(const json& thing) {
    return known_.emplace(thing.dump(), static_cast<int>(known_.size())).first->second;
  }

 private:
  std::map<std::string, int> known_;
};

class Circle {
 public:
  int question(const std::vector<ToolCall>& calls) {
    json list = json::array();
    std::transform(calls.begin(), calls.end(), std::back_inserter(list), [](const ToolCall& call) {
      return json::array({call.name, json::parse(call.arguments)});
    });
    return questions_.of(list);
  }

  void turn(int question, const std::vector<Message>& results) {
    json list = json::array({question});
    for (const Message& result : results) {
      list.push_back(result.text);
      list.push_back(result.is_error);
    }
    asked_.push_back(question);
    seen_.push_back(turns_.of(list));
  }

  bool closes(int question, const Thresholds& limits) const {
    std::vector<long> periods(static_cast<std::size_t>(
        std::min<long>(limits.max_period, static_cast<long>(seen_.size()))));
    std::iota(periods.begin(), periods.end(), 1L);
    return std::any_of(periods.begin(), periods.end(), [&](long p) {
      const long length = p * limits.repeats;
      if (length > static_cast<long>(seen_.size())) return false;
      return *(asked_.end() - p) == question &&
             std::equal(seen_.end() - length + p, seen_.end(), seen_.end() - length);
    });
  }

 private:
  Numbers questions_, turns_;
  std::vector<int> asked_, seen_;
};

struct Cast {
  std::vector<Model*>::const_iterator now, end;
  int stops = 0;

  bool next(const Hooks& hooks) {
    if (std::next(now) == end) return false;
    ++now;
    stops = 0;
    hooks.replaced();
    return true;
  }
};

Reply ask(Cast& cast, const std::vector<Message>& history, const json& tools,
          const Thresholds& limits, const Hooks& hooks, int patience) {
  hooks.calling();
  try {
    Reply reply = (*cast.now)->complete(history, tools);
    hooks.replied(reply);
    return reply;
  } catch (const ModelError& error) {
    hooks.failed(error);
    if (!error.retryable) throw;
    const bool fed_up = patience == 1;
    if (fed_up && !cast.next(hooks)) throw;
    patience = fed_up ? limits.max_failures : patience - 1;
  }
  return ask(cast, history, tools, limits, hooks, patience);
}

Message run(const std::vector<Tool>& tools, const ToolCall& call, const Hooks& hooks) {
  const auto tool = std::find_if(tools.begin(), tools.end(),
                                 [&](const Tool& known) { return known.name == call.name; });
  if (tool == tools.end()) return answer_to(call, "unknown tool: " + call.name, true);
  if (const auto objection = hooks.before_run(call, *tool)) {
    return answer_to(call, *objection, true);
  }
  try {
    return answer_to(call, text_of(tool->run(json::parse(call.arguments))), false);
  } catch (const std::exception& error) {
    return answer_to(call, call.name + " failed: " + error.what(), true);
  }
}

Outcome play(const std::vector<Model*>& models, const std::vector<Tool>& tools,
             std::vector<Message>& history, const Thresholds& limits, const Hooks& hooks) {
  const json description = described(tools);
  Cast cast = {models.begin(), models.end()};
  Circle circle;
  const auto outcome = [&](Status status, const Reply& reply) {
    return Outcome{status, reply.text, static_cast<std::size_t>(cast.now - models.begin())};
  };
  while (true) {
    const Reply reply = ask(cast, history, description, limits, hooks, limits.max_failures);
    Message message;
    message.role = Role::kAssistant;
    message.text = reply.text;
    message.calls = reply.calls;
    history.push_back(message);
    if (reply.calls.empty()) return outcome(Status::kAnswered, reply);

    const int question = circle.question(reply.calls);
    const bool in_vain = circle.closes(question, limits);
    if (in_vain) hooks.stopped();
    std::vector<Message> results;
    for (const ToolCall& call : reply.calls) {
      results.push_back(in_vain           ? answer_to(call, "you are going in circles", true)
                        : hooks.is_over() ? answer_to(call, "the conversation is over", true)
                                          : run(tools, call, hooks));
      history.push_back(results.back());
      hooks.answered(results.back());
    }
    if (hooks.is_over()) return outcome(Status::kRefused, reply);
    if (!in_vain) circle.turn(question, results);
    if (in_vain && ++cast.stops >= limits.max_stops && !cast.next(hooks)) {
      return outcome(Status::kLooping, reply);
    }
  }
}

}  // namespace engine

Outcome run_guarded_agent(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                          std::vector<Message>& history, const Thresholds& thresholds) {
  return engine::play(models, tools, history, thresholds, {});
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

Outcome run_supervised_agent(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                             std::vector<Message>& history, const Thresholds& thresholds,
                             Reviewer& reviewer, const Oversight& oversight,
                             std::vector<Event>& log) {
  std::size_t model = 0;
  int refusals = 0;
  const auto write = [&](EventKind kind, std::string id, std::string name, std::string text) {
    log.push_back({kind, model, std::move(id), std::move(name), std::move(text)});
  };
  const auto ask_human = [&](const ToolCall& call) {
    write(EventKind::kReview, call.id, call.name, "");
    Decision decision;
    try {
      decision = reviewer.review(call);
    } catch (const std::exception& error) {
      decision = {false, error.what()};
    }
    write(decision.approved ? EventKind::kApproval : EventKind::kRefusal, call.id, call.name,
          decision.approved ? "" : decision.reason);
    refusals += decision.approved ? 0 : 1;
    return decision;
  };

  engine::Hooks hooks;
  hooks.calling = [&] { write(EventKind::kModelCall, "", "", ""); };
  hooks.failed = [&](const ModelError& e) { write(EventKind::kModelError, "", "", e.what()); };
  hooks.replied = [&](const Reply& reply) { write(EventKind::kReply, "", "", reply.text); };
  hooks.stopped = [&] { write(EventKind::kLoop, "", "", ""); };
  hooks.replaced = [&] {
    ++model;
    write(EventKind::kFallback, "", "", "");
  };
  hooks.answered = [&](const Message& result) {
    write(EventKind::kResult, result.call_id, result.name, result.text);
  };
  hooks.before_run = [&](const ToolCall& call, const Tool& tool) -> std::optional<std::string> {
    if (tool.risk >= oversight.approval_risk) {
      const Decision decision = ask_human(call);
      if (!decision.approved) return "refused: " + decision.reason;
    }
    write(EventKind::kRun, call.id, call.name, "");
    return std::nullopt;
  };
  hooks.is_over = [&] { return refusals >= oversight.max_refusals; };

  const Outcome outcome = engine::play(models, tools, history, thresholds, hooks);
  write(EventKind::kEnd, "", "", name_of(outcome.status));
  return outcome;
}

}  // namespace kata
