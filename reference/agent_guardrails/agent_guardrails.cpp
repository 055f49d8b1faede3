#include <algorithm>
#include <cstddef>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

// ---- calls and their results

Message assistant_message(const Reply& reply) {
  return {.role = Role::kAssistant, .text = reply.text, .calls = reply.calls};
}

/// The one place where a result is made: it cannot forget whom it answers.
Message result_message(const ToolCall& call, const std::string& text, bool is_error = false) {
  return {.role = Role::kTool,
          .text = text,
          .call_id = call.id,
          .name = call.name,
          .is_error = is_error};
}

Message error_message(const ToolCall& call, const std::string& text) {
  return result_message(call, text, /*is_error=*/true);
}

/// Null if there is none of this name.
const Tool* find_tool(const std::vector<Tool>& tools, const std::string& name) {
  const auto found =
      std::find_if(tools.begin(), tools.end(), [&](const Tool& tool) { return tool.name == name; });
  return found == tools.end() ? nullptr : &*found;
}

/// Errors name their cause and nothing that changes from try to try (no id, no count): the loop
/// detector below takes a text that changes for progress.
Message unknown_tool(const ToolCall& call) {
  return error_message(call, "There is no tool \"" + call.name + "\".");
}

Message run_tool(const Tool& tool, const ToolCall& call) {
  try {
    return result_message(call, text_of(tool.run(json::parse(call.arguments))));
  } catch (const std::exception& error) {
    return error_message(call, std::string("The tool failed: ") + error.what());
  }
}

void answer_with_errors(const std::vector<ToolCall>& calls, std::size_t first,
                        const std::string& why, std::vector<Message>& history) {
  for (std::size_t i = first; i < calls.size(); ++i) {
    history.push_back(error_message(calls[i], why));
  }
}

constexpr const char* kStopped =
    "Not run: you asked for this before and got the same result each time. Try something else.";

// ---- loops

/// What of a call counts. Arguments are parsed, so that equal ones compare equal however they are
/// spelled.
struct Request {
  std::string name;
  json arguments;

  bool operator==(const Request& other) const {
    return name == other.name && arguments == other.arguments;
  }
};

struct Answer {
  std::string text;
  bool is_error = false;

  bool operator==(const Answer& other) const {
    return text == other.text && is_error == other.is_error;
  }
};

struct Turn {
  std::vector<Request> requests;
  std::vector<Answer> answers;

  bool operator==(const Turn& other) const {
    return requests == other.requests && answers == other.answers;
  }
};

std::vector<Request> requests_of(const std::vector<ToolCall>& calls) {
  std::vector<Request> requests;
  for (const ToolCall& call : calls) {
    requests.push_back({call.name, json::parse(call.arguments)});
  }
  return requests;
}

/// The turns of one run. A turn is recorded when its results are known: whether a call was in vain
/// is not to be seen from the call alone.
class Record {
 public:
  /// The last messages of history are the results of these calls.
  void add(const std::vector<ToolCall>& calls, const std::vector<Message>& history) {
    Turn turn{requests_of(calls), {}};
    for (std::size_t i = history.size() - calls.size(); i < history.size(); ++i) {
      turn.answers.push_back({history[i].text, history[i].is_error});
    }
    turns_.push_back(std::move(turn));
  }

  bool would_loop(const std::vector<ToolCall>& calls, const Thresholds& thresholds) const {
    const std::vector<Request> requests = requests_of(calls);
    const std::size_t n = turns_.size();
    const auto repeats = static_cast<std::size_t>(thresholds.repeats);
    const auto max_period = static_cast<std::size_t>(thresholds.max_period);
    // repeats · p ≤ n, written so that nothing overflows and no period is tried in vain.
    for (std::size_t p = 1; p <= std::min(max_period, n / repeats); ++p) {
      if (turns_[n - p].requests == requests && is_periodic(p, repeats * p)) return true;
    }
    return false;
  }

 private:
  /// Whether in the last `length` turns each is alike the one p before it.
  bool is_periodic(std::size_t p, std::size_t length) const {
    const std::size_t n = turns_.size();
    for (std::size_t i = n - length + p; i < n; ++i) {
      if (!(turns_[i] == turns_[i - p])) return false;
    }
    return true;
  }

  std::vector<Turn> turns_;
};

// ---- models

/// Who is in charge, and what may still go wrong before the next one is.
class Lineup {
 public:
  explicit Lineup(const std::vector<Model*>& models) : models_(models) {}

  std::size_t in_charge() const { return in_charge_; }

  /// False if there is nobody left.
  bool replace() {
    if (in_charge_ + 1 == models_.size()) return false;
    ++in_charge_;
    stops_ = 0;
    return true;
  }

  /// Counts a stopped reply; true if it is one too many for the model in charge.
  bool stopped_too_often(int max_stops) { return ++stops_ >= max_stops; }

  /// The moments of a model call that somebody may want to note.
  enum class Moment { kCall, kError, kReply, kFallback };

  /// note(moment, text) is called for each. The try block holds the model call alone.
  template <typename Note>
  Reply complete(const std::vector<Message>& history, const json& description, int max_failures,
                 Note&& note) {
    int failures = 0;  // in a row: this function ends with the first reply
    while (true) {
      note(Moment::kCall, "");
      try {
        const Reply reply = models_[in_charge_]->complete(history, description);
        note(Moment::kReply, reply.text);
        return reply;
      } catch (const ModelError& error) {
        note(Moment::kError, error.what());
        if (!error.retryable) throw;
        if (++failures >= max_failures) {
          if (!replace()) throw;  // `throw error` would make a copy of the base class
          note(Moment::kFallback, "");
          failures = 0;
        }
      }
    }
  }

 private:
  const std::vector<Model*>& models_;
  std::size_t in_charge_ = 0;
  int stops_ = 0;  // of the model in charge
};

}  // namespace

Outcome run_guarded_agent(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                          std::vector<Message>& history, const Thresholds& thresholds) {
  const json description = described(tools);
  const auto note_nothing = [](Lineup::Moment, const std::string&) {};
  Lineup lineup(models);
  Record record;
  while (true) {
    const Reply reply =
        lineup.complete(history, description, thresholds.max_failures, note_nothing);
    const std::size_t speaker = lineup.in_charge();
    history.push_back(assistant_message(reply));
    if (reply.calls.empty()) return {Status::kAnswered, reply.text, speaker};
    if (record.would_loop(reply.calls, thresholds)) {
      answer_with_errors(reply.calls, 0, kStopped, history);
      if (!lineup.stopped_too_often(thresholds.max_stops)) continue;
      if (!lineup.replace()) return {Status::kLooping, reply.text, speaker};
      continue;
    }
    for (const ToolCall& call : reply.calls) {
      const Tool* tool = find_tool(tools, call.name);
      history.push_back(tool == nullptr ? unknown_tool(call) : run_tool(*tool, call));
    }
    record.add(reply.calls, history);
  }
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

/// Writes events; knows nothing of when.
class Journal {
 public:
  Journal(std::vector<Event>& log, const Lineup& lineup) : log_(log), lineup_(lineup) {}

  void note(EventKind kind, const std::string& text = "") {
    log_.push_back({.kind = kind, .model = lineup_.in_charge(), .text = text});
  }

  void note(EventKind kind, const ToolCall& call, const std::string& text = "") {
    log_.push_back({kind, lineup_.in_charge(), call.id, call.name, text});
  }

 private:
  std::vector<Event>& log_;
  const Lineup& lineup_;
};

/// Fails closed: whatever is not a yes is a no.
Decision decide(Reviewer& reviewer, const ToolCall& call) {
  try {
    return reviewer.review(call);
  } catch (const std::exception& error) {
    return {.approved = false, .reason = error.what()};
  }
}

class SupervisedRun {
 public:
  SupervisedRun(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                std::vector<Message>& history, const Thresholds& thresholds, Reviewer& reviewer,
                const Oversight& oversight, std::vector<Event>& log)
      : tools_(tools),
        history_(history),
        thresholds_(thresholds),
        reviewer_(reviewer),
        oversight_(oversight),
        description_(described(tools)),
        lineup_(models),
        journal_(log, lineup_) {}

  Outcome play() {
    while (true) {
      const Reply reply = next_reply();
      const std::size_t speaker = lineup_.in_charge();
      history_.push_back(assistant_message(reply));
      if (reply.calls.empty()) return end(Status::kAnswered, reply, speaker);
      if (record_.would_loop(reply.calls, thresholds_)) {
        if (!stop(reply)) return end(Status::kLooping, reply, speaker);
      } else {
        if (!take(reply)) return end(Status::kRefused, reply, speaker);
        record_.add(reply.calls, history_);
      }
    }
  }

 private:
  Reply next_reply() {
    constexpr EventKind kKinds[] = {EventKind::kModelCall, EventKind::kModelError,
                                    EventKind::kReply, EventKind::kFallback};
    return lineup_.complete(history_, description_, thresholds_.max_failures,
                            [&](Lineup::Moment moment, const std::string& text) {
                              journal_.note(kKinds[static_cast<std::size_t>(moment)], text);
                            });
  }

  /// False if there is no model left.
  bool stop(const Reply& reply) {
    journal_.note(EventKind::kLoop);
    for (const ToolCall& call : reply.calls) answer(call, error_message(call, kStopped));
    if (!lineup_.stopped_too_often(thresholds_.max_stops)) return true;
    if (!lineup_.replace()) return false;
    journal_.note(EventKind::kFallback);
    return true;
  }

  /// Answers all calls, in order; false if the human has refused too often.
  bool take(const Reply& reply) {
    bool ended = false;
    for (const ToolCall& call : reply.calls) {
      answer(call, ended ? error_message(call, "Not run: the run has ended.") : result_of(call));
      ended = refusals_ >= oversight_.max_refusals;
    }
    return !ended;
  }

  void answer(const ToolCall& call, const Message& result) {
    history_.push_back(result);
    journal_.note(EventKind::kResult, call, result.text);
  }

  Message result_of(const ToolCall& call) {
    const Tool* tool = find_tool(tools_, call.name);
    if (tool == nullptr) return unknown_tool(call);  // before a human is bothered with it
    if (tool->risk >= oversight_.approval_risk) {
      journal_.note(EventKind::kReview, call);
      const Decision decision = decide(reviewer_, call);
      if (!decision.approved) {
        ++refusals_;
        journal_.note(EventKind::kRefusal, call, decision.reason);
        return error_message(call, "Not run: a human refused it. " + decision.reason);
      }
      journal_.note(EventKind::kApproval, call);
    }
    journal_.note(EventKind::kRun, call);
    return run_tool(*tool, call);
  }

  Outcome end(Status status, const Reply& reply, std::size_t speaker) {
    journal_.note(EventKind::kEnd, name_of(status));
    return {status, reply.text, speaker};
  }

  const std::vector<Tool>& tools_;
  std::vector<Message>& history_;
  const Thresholds& thresholds_;
  Reviewer& reviewer_;
  const Oversight& oversight_;
  const json description_;
  Lineup lineup_;
  Journal journal_;
  Record record_;
  int refusals_ = 0;
};

}  // namespace

Outcome run_supervised_agent(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                             std::vector<Message>& history, const Thresholds& thresholds,
                             Reviewer& reviewer, const Oversight& oversight,
                             std::vector<Event>& log) {
  return SupervisedRun(models, tools, history, thresholds, reviewer, oversight, log).play();
}

}  // namespace kata
