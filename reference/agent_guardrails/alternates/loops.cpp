// Plain loops. For each period p it is counted on how many turns in a row, up to the last, were
// alike the one p before: with (repeats - 1) * p of them the last repeats * p turns are a circle.
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

struct PastTurn {
  std::vector<ToolCall> calls;
  std::vector<json> arguments;
  std::vector<Message> results;
};

static std::vector<json> parse_all(const std::vector<ToolCall>& calls) {
  std::vector<json> arguments;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    arguments.push_back(json::parse(calls[i].arguments));
  }
  return arguments;
}

static bool same_request(const PastTurn& a, const std::vector<ToolCall>& calls,
                         const std::vector<json>& arguments) {
  if (a.calls.size() != calls.size()) return false;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (a.calls[i].name != calls[i].name) return false;
    if (a.arguments[i] != arguments[i]) return false;
  }
  return true;
}

static bool same_turn(const PastTurn& a, const PastTurn& b) {
  if (!same_request(a, b.calls, b.arguments)) return false;
  for (std::size_t i = 0; i < a.results.size(); ++i) {
    if (a.results[i].text != b.results[i].text) return false;
    if (a.results[i].is_error != b.results[i].is_error) return false;
  }
  return true;
}

struct Memory {
  std::vector<PastTurn> turns;
  std::vector<long long> alike;  // [p - 1]: turns in a row that were alike the one p before

  void remember(const PastTurn& turn) {
    turns.push_back(turn);
    alike.push_back(0);
    const std::size_t last = turns.size() - 1;
    for (std::size_t p = 1; p <= last; ++p) {
      alike[p - 1] = same_turn(turns[last], turns[last - p]) ? alike[p - 1] + 1 : 0;
    }
  }

  bool loop(const std::vector<ToolCall>& calls, const Thresholds& thresholds) const {
    const std::vector<json> arguments = parse_all(calls);
    for (std::size_t p = 1; p <= turns.size(); ++p) {
      if (static_cast<long long>(p) > thresholds.max_period) break;
      const long long needed = static_cast<long long>(p) * (thresholds.repeats - 1LL);
      if (alike[p - 1] < needed) continue;
      if (same_request(turns[turns.size() - p], calls, arguments)) return true;
    }
    return false;
  }
};

static Message new_result(const ToolCall& call, bool is_error, const std::string& text) {
  Message message;
  message.role = Role::kTool;
  message.text = text;
  message.call_id = call.id;
  message.name = call.name;
  message.is_error = is_error;
  return message;
}

static Message run_one(const std::vector<Tool>& tools, const ToolCall& call) {
  for (std::size_t i = 0; i < tools.size(); ++i) {
    if (tools[i].name != call.name) continue;
    try {
      return new_result(call, false, text_of(tools[i].run(json::parse(call.arguments))));
    } catch (const std::exception& error) {
      return new_result(call, true, std::string("Error. ") + error.what());
    }
  }
  return new_result(call, true, "Error. No tool is called " + call.name);
}

static Message new_reply(const Reply& reply) {
  Message message;
  message.role = Role::kAssistant;
  message.text = reply.text;
  message.calls = reply.calls;
  return message;
}

Outcome run_guarded_agent(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                          std::vector<Message>& history, const Thresholds& thresholds) {
  Memory memory;
  std::size_t model = 0;
  int stops = 0;
  int failures = 0;
  while (true) {
    Reply reply;
    try {
      reply = models[model]->complete(history, described(tools));
    } catch (const ModelError& error) {
      if (!error.retryable) throw;
      failures += 1;
      if (failures < thresholds.max_failures) continue;
      if (model + 1 == models.size()) throw;
      model += 1;
      failures = 0;
      stops = 0;
      continue;
    }
    failures = 0;
    history.push_back(new_reply(reply));
    Outcome outcome;
    outcome.text = reply.text;
    outcome.model = model;
    if (reply.calls.empty()) return outcome;
    if (memory.loop(reply.calls, thresholds)) {
      for (std::size_t i = 0; i < reply.calls.size(); ++i) {
        history.push_back(new_result(reply.calls[i], true, "Stopped."));
      }
      stops += 1;
      if (stops < thresholds.max_stops) continue;
      outcome.status = Status::kLooping;
      if (model + 1 == models.size()) return outcome;
      model += 1;
      stops = 0;
      continue;
    }
    PastTurn turn;
    turn.calls = reply.calls;
    turn.arguments = parse_all(reply.calls);
    for (std::size_t i = 0; i < reply.calls.size(); ++i) {
      turn.results.push_back(run_one(tools, reply.calls[i]));
      history.push_back(turn.results.back());
    }
    memory.remember(turn);
  }
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

static void write(std::vector<Event>& log, EventKind kind, std::size_t model,
                  const std::string& text) {
  Event event;
  event.kind = kind;
  event.model = model;
  event.text = text;
  log.push_back(event);
}

static void write_call(std::vector<Event>& log, EventKind kind, std::size_t model,
                       const ToolCall& call, const std::string& text) {
  write(log, kind, model, text);
  log.back().call_id = call.id;
  log.back().name = call.name;
}

static bool needs_approval(const std::vector<Tool>& tools, const std::string& name, int risk) {
  for (std::size_t i = 0; i < tools.size(); ++i) {
    if (tools[i].name == name) return tools[i].risk >= risk;
  }
  return false;
}

static bool is_tool(const std::vector<Tool>& tools, const std::string& name) {
  for (std::size_t i = 0; i < tools.size(); ++i) {
    if (tools[i].name == name) return true;
  }
  return false;
}

/// Asks if it must; true if the tool may run. Else `reason` says why not.
static bool may_run(const std::vector<Tool>& tools, const ToolCall& call, std::size_t model,
                    Reviewer& reviewer, const Oversight& oversight, std::vector<Event>& log,
                    std::string& reason) {
  if (!needs_approval(tools, call.name, oversight.approval_risk)) return true;
  write_call(log, EventKind::kReview, model, call, "");
  bool yes = false;
  try {
    const Decision decision = reviewer.review(call);
    yes = decision.approved;
    reason = decision.reason;
  } catch (const std::exception& error) {
    reason = error.what();
  }
  if (yes) {
    write_call(log, EventKind::kApproval, model, call, "");
  } else {
    write_call(log, EventKind::kRefusal, model, call, reason);
  }
  return yes;
}

/// Answers the calls of a reply that is not stopped; true if the human has refused too often.
static bool take_calls(const std::vector<Tool>& tools, const Reply& reply, std::size_t model,
                       Reviewer& reviewer, const Oversight& oversight, int& refusals,
                       std::vector<Message>& history, std::vector<Event>& log) {
  for (std::size_t i = 0; i < reply.calls.size(); ++i) {
    const ToolCall& call = reply.calls[i];
    std::string reason;
    if (refusals >= oversight.max_refusals) {
      history.push_back(new_result(call, true, "Not run any more."));
    } else if (may_run(tools, call, model, reviewer, oversight, log, reason)) {
      if (is_tool(tools, call.name)) write_call(log, EventKind::kRun, model, call, "");
      history.push_back(run_one(tools, call));
    } else {
      refusals += 1;
      history.push_back(new_result(call, true, "A human says no: " + reason));
    }
    write_call(log, EventKind::kResult, model, call, history.back().text);
  }
  return refusals >= oversight.max_refusals;
}

Outcome run_supervised_agent(const std::vector<Model*>& models, const std::vector<Tool>& tools,
                             std::vector<Message>& history, const Thresholds& thresholds,
                             Reviewer& reviewer, const Oversight& oversight,
                             std::vector<Event>& log) {
  Memory memory;
  Outcome outcome;
  std::size_t model = 0;
  int stops = 0, failures = 0, refusals = 0;
  bool ended = false;
  while (!ended) {
    Reply reply;
    bool replace = false;
    write(log, EventKind::kModelCall, model, "");
    try {
      reply = models[model]->complete(history, described(tools));
      write(log, EventKind::kReply, model, reply.text);
      failures = 0;
      history.push_back(new_reply(reply));
      outcome.text = reply.text;
      outcome.model = model;
    } catch (const ModelError& error) {
      write(log, EventKind::kModelError, model, error.what());
      failures += 1;
      replace = failures == thresholds.max_failures;
      if (!error.retryable || (replace && model + 1 == models.size())) throw;
      if (!replace) continue;
    }
    if (!replace && reply.calls.empty()) {
      ended = true;
    } else if (!replace && memory.loop(reply.calls, thresholds)) {
      write(log, EventKind::kLoop, model, "");
      for (std::size_t i = 0; i < reply.calls.size(); ++i) {
        history.push_back(new_result(reply.calls[i], true, "Stopped."));
        write_call(log, EventKind::kResult, model, reply.calls[i], "Stopped.");
      }
      stops += 1;
      replace = stops == thresholds.max_stops;
      if (replace && model + 1 == models.size()) {
        ended = true;
        outcome.status = Status::kLooping;
      }
    } else if (!replace) {
      const std::size_t before = history.size();
      ended = take_calls(tools, reply, model, reviewer, oversight, refusals, history, log);
      if (ended) outcome.status = Status::kRefused;
      PastTurn turn;
      turn.calls = reply.calls;
      turn.arguments = parse_all(reply.calls);
      for (std::size_t i = before; i < history.size(); ++i) turn.results.push_back(history[i]);
      memory.remember(turn);
    }
    if (replace && !ended) {
      model += 1;
      stops = 0;
      failures = 0;
      write(log, EventKind::kFallback, model, "");
    }
  }
  write(log, EventKind::kEnd, outcome.model, name_of(outcome.status));
  return outcome;
}

}  // namespace kata
