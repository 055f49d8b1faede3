#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

/// Turns equal keys into equal small numbers, so that turns are cheap to compare.
template <typename Key>
class Interner {
 public:
  int number_of(const Key& key) {
    return numbers_.emplace(key, static_cast<int>(numbers_.size())).first->second;
  }

 private:
  std::map<Key, int> numbers_;
};

/// The turns of one run, and whether a reply would only begin their last round once more.
class LoopDetector {
 public:
  explicit LoopDetector(const Thresholds& thresholds)
      : repeats_(thresholds.repeats), max_period_(thresholds.max_period) {}

  /// A number for what the calls ask for: equal for replies that ask for the same.
  int request_of(const std::vector<ToolCall>& calls) {
    std::vector<std::pair<std::string, std::string>> key;
    for (const ToolCall& call : calls) {
      // dump() sorts the keys and normalises spaces and escapes.
      key.emplace_back(call.name, json::parse(call.arguments).dump());
    }
    return requests_.number_of(key);
  }

  void add_turn(int request, std::vector<std::pair<std::string, bool>> results) {
    turns_.push_back({request, outcomes_.number_of({request, std::move(results)})});
  }

  bool would_loop(int request) const {
    const std::size_t count = turns_.size();
    const auto repeats = static_cast<std::uint64_t>(repeats_);
    for (std::size_t p = 1; p <= static_cast<std::size_t>(std::max(max_period_, 0)); ++p) {
      const std::uint64_t stretch = repeats * p;  // at most 2^62
      if (stretch > count) return false;          // and no longer period fits either
      if (turns_[count - p].request == request && is_periodic(count - stretch, p)) return true;
    }
    return false;
  }

 private:
  struct Turn {
    int request;  // what was asked for
    int outcome;  // that, and what came back
  };

  bool is_periodic(std::size_t begin, std::size_t p) const {
    for (std::size_t i = begin + p; i < turns_.size(); ++i) {
      if (turns_[i].outcome != turns_[i - p].outcome) return false;
    }
    return true;
  }

  int repeats_;
  int max_period_;
  std::vector<Turn> turns_;
  Interner<std::vector<std::pair<std::string, std::string>>> requests_;
  Interner<std::pair<int, std::vector<std::pair<std::string, bool>>>> outcomes_;
};

/// What someone who looks on is told, and may decide. Does nothing here; level 2 derives from it.
class Supervisor {
 public:
  enum class Verdict { kRun, kRefuse, kRefuseAndEnd };
  struct Ruling {
    Verdict verdict = Verdict::kRun;
    std::string reason;
  };

  virtual ~Supervisor() = default;
  virtual void before_model_call(std::size_t /*model*/) {}
  virtual void on_model_error(std::size_t /*model*/, const ModelError& /*error*/) {}
  virtual void on_reply(std::size_t /*model*/, const Reply& /*reply*/) {}
  virtual void on_fallback(std::size_t /*model*/) {}
  virtual void on_loop(std::size_t /*model*/) {}
  virtual Ruling rule_on(std::size_t /*model*/, const ToolCall& /*call*/, const Tool& /*tool*/) {
    return {};
  }
  virtual void before_run(std::size_t /*model*/, const ToolCall& /*call*/) {}
  virtual void on_result(std::size_t /*model*/, const Message& /*result*/) {}
  virtual void on_end(std::size_t /*model*/, Status /*status*/) {}
};

class GuardedRun {
 public:
  GuardedRun(const std::vector<Model*>& models, const std::vector<Tool>& tools,
             std::vector<Message>& history, const Thresholds& thresholds, Supervisor& supervisor)
      : models_(models),
        tools_(tools),
        history_(history),
        thresholds_(thresholds),
        supervisor_(supervisor),
        descriptions_(described(tools)),
        detector_(thresholds) {}

  Outcome run() {
    for (;;) {
      const Reply reply = next_reply();
      history_.push_back({Role::kAssistant, reply.text, reply.calls, "", "", false});
      if (reply.calls.empty()) return end(Status::kAnswered, reply);

      const int request = detector_.request_of(reply.calls);
      if (detector_.would_loop(request)) {
        stop(reply);
        if (++stops_ >= thresholds_.max_stops) {
          if (is_last_model()) return end(Status::kLooping, reply);
          fall_back();
        }
      } else if (!take_turn(reply, request)) {
        return end(Status::kRefused, reply);
      }
    }
  }

 private:
  /// From the model in charge, or, if that fails too often, from one that replaces it.
  Reply next_reply() {
    int failures = 0;
    for (;;) {
      try {
        supervisor_.before_model_call(model_);
        Reply reply = models_[model_]->complete(history_, descriptions_);
        supervisor_.on_reply(model_, reply);
        return reply;
      } catch (const ModelError& error) {
        supervisor_.on_model_error(model_, error);
        if (!error.retryable) throw;
        if (++failures < thresholds_.max_failures) continue;
        if (is_last_model()) throw;
      }
      fall_back();
      failures = 0;
    }
  }

  void stop(const Reply& reply) {
    supervisor_.on_loop(model_);
    for (const ToolCall& call : reply.calls) {
      answer(call,
             "stopped: these calls were made before, again and again, with the same results. "
             "Try something else.",
             true);
    }
  }

  /// Answers each call. False if the run is to end after it.
  bool take_turn(const Reply& reply, int request) {
    bool ended = false;
    std::vector<std::pair<std::string, bool>> results;
    for (const ToolCall& call : reply.calls) {
      if (ended) {
        answer(call, "not run: the run has ended", true);
      } else {
        ended = !take_call(call);
      }
      results.emplace_back(history_.back().text, history_.back().is_error);
    }
    detector_.add_turn(request, std::move(results));
    return !ended;
  }

  bool take_call(const ToolCall& call) {
    const auto tool = std::find_if(tools_.begin(), tools_.end(),
                                   [&](const Tool& t) { return t.name == call.name; });
    if (tool == tools_.end()) {
      answer(call, "there is no tool named '" + call.name + "'", true);
      return true;
    }
    const Supervisor::Ruling ruling = supervisor_.rule_on(model_, call, *tool);
    if (ruling.verdict != Supervisor::Verdict::kRun) {
      answer(call, "refused by the human: " + ruling.reason, true);
      return ruling.verdict != Supervisor::Verdict::kRefuseAndEnd;
    }
    supervisor_.before_run(model_, call);
    std::string text;
    bool is_error = false;
    try {
      text = text_of(tool->run(json::parse(call.arguments)));
    } catch (const std::exception& error) {
      text = std::string("the tool failed: ") + error.what();
      is_error = true;
    }
    answer(call, std::move(text), is_error);
    return true;
  }

  void answer(const ToolCall& call, std::string text, bool is_error) {
    history_.push_back({Role::kTool, std::move(text), {}, call.id, call.name, is_error});
    supervisor_.on_result(model_, history_.back());
  }

  bool is_last_model() const { return model_ + 1 == models_.size(); }

  void fall_back() {
    ++model_;
    stops_ = 0;
    supervisor_.on_fallback(model_);
  }

  Outcome end(Status status, const Reply& reply) {
    supervisor_.on_end(model_, status);
    return {status, reply.text, model_};
  }

  const std::vector<Model*>& models_;
  const std::vector<Tool>& tools_;
  std::vector<Message>& history_;
  const Thresholds& thresholds_;
  Supervisor& supervisor_;
  const json descriptions_;
  LoopDetector detector_;
  std::size_t model_ = 0;  // in charge
  int stops_ = 0;          // of the model in charge
};

}  // namespace

Outcome run_guarded_agent(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                          std::vector<Message>& history, const Thresholds& thresholds) {
  Supervisor nobody;
  return GuardedRun(models, tools, history, thresholds, nobody).run();
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

/// Asks the human and keeps the log.
class HumanSupervisor : public Supervisor {
 public:
  HumanSupervisor(Reviewer& reviewer, const Oversight& oversight, std::vector<Event>& log)
      : reviewer_(reviewer), oversight_(oversight), log_(log) {}

  void before_model_call(std::size_t model) override { write(EventKind::kModelCall, model); }
  void on_model_error(std::size_t model, const ModelError& error) override {
    write(EventKind::kModelError, model, error.what());
  }
  void on_reply(std::size_t model, const Reply& reply) override {
    write(EventKind::kReply, model, reply.text);
  }
  void on_fallback(std::size_t model) override { write(EventKind::kFallback, model); }
  void on_loop(std::size_t model) override { write(EventKind::kLoop, model); }

  Ruling rule_on(std::size_t model, const ToolCall& call, const Tool& tool) override {
    if (tool.risk < oversight_.approval_risk) return {};
    write(EventKind::kReview, model, call);
    const Decision decision = ask(call);
    if (decision.approved) {
      write(EventKind::kApproval, model, call);
      return {};
    }
    write(EventKind::kRefusal, model, call, decision.reason);
    const bool last = ++refusals_ >= oversight_.max_refusals;
    return {last ? Verdict::kRefuseAndEnd : Verdict::kRefuse, decision.reason};
  }

  void before_run(std::size_t model, const ToolCall& call) override {
    write(EventKind::kRun, model, call);
  }
  void on_result(std::size_t model, const Message& result) override {
    log_.push_back({EventKind::kResult, model, result.call_id, result.name, result.text});
  }
  void on_end(std::size_t model, Status status) override {
    write(EventKind::kEnd, model, name_of(status));
  }

 private:
  /// No answer is no.
  Decision ask(const ToolCall& call) {
    try {
      return reviewer_.review(call);
    } catch (const std::exception& error) {
      return {false, error.what()};
    }
  }

  void write(EventKind kind, std::size_t model, std::string text = "") {
    log_.push_back({kind, model, "", "", std::move(text)});
  }
  void write(EventKind kind, std::size_t model, const ToolCall& call, std::string text = "") {
    log_.push_back({kind, model, call.id, call.name, std::move(text)});
  }

  Reviewer& reviewer_;
  const Oversight& oversight_;
  std::vector<Event>& log_;
  int refusals_ = 0;
};

}  // namespace

Outcome run_supervised_agent(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                             std::vector<Message>& history, const Thresholds& thresholds,
                             Reviewer& reviewer, const Oversight& oversight,
                             std::vector<Event>& log) {
  HumanSupervisor human(reviewer, oversight, log);
  return GuardedRun(models, tools, history, thresholds, human).run();
}

}  // namespace kata
