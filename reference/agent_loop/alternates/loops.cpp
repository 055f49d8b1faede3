// Plain loops and nothing shared between the levels but a few helpers.
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

static json tool_list(const std::vector<Tool>& tools) {
  json list = json::array();
  for (std::size_t i = 0; i < tools.size(); i++) {
    list[i]["name"] = tools[i].name;
    list[i]["description"] = tools[i].description;
    list[i]["parameters"] = tools[i].parameters;
  }
  return list;
}

static void push_reply(std::vector<Message>& history, const Reply& reply) {
  history.emplace_back();
  history.back().role = Role::kAssistant;
  history.back().text = reply.text;
  history.back().calls = reply.calls;
}

static void push_result(std::vector<Message>& history, const ToolCall& call,
                        const std::string& text, bool failed) {
  history.emplace_back();
  history.back().role = Role::kTool;
  history.back().text = text;
  history.back().call_id = call.id;
  history.back().name = call.name;
  history.back().is_error = failed;
}

static std::string to_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

std::string run_agent(Model& model, const std::vector<Tool>& tools, std::vector<Message>& history) {
  for (;;) {
    Reply reply = model.complete(history, tool_list(tools));
    push_reply(history, reply);
    if (reply.calls.size() == 0) return reply.text;
    const ToolCall& call = reply.calls[0];
    for (std::size_t i = 0; i < tools.size(); i++) {
      if (tools[i].name != call.name) continue;
      push_result(history, call, to_text(tools[i].run(json::parse(call.arguments))), false);
      break;
    }
  }
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

std::string run_parallel_agent(Model& model, const std::vector<Tool>& tools,
                               std::vector<Message>& history) {
  for (;;) {
    Reply reply = model.complete(history, tool_list(tools));
    push_reply(history, reply);
    if (reply.calls.size() == 0) return reply.text;
    for (std::size_t c = 0; c < reply.calls.size(); c++) {
      std::string text;
      bool failed = false;
      for (std::size_t i = 0; i < tools.size(); i++) {
        if (tools[i].name != reply.calls[c].name) continue;
        try {
          text = to_text(tools[i].run(json::parse(reply.calls[c].arguments)));
        } catch (std::exception& e) {
          failed = true;
          text = "error: ";
          text += e.what();
        }
        break;
      }
      push_result(history, reply.calls[c], text, failed);
    }
  }
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

static Reply call_model(Model& model, const std::vector<Message>& messages, const json& list,
                        Clock& clock, const RetryPolicy& retry) {
  std::int64_t pause = retry.base_ms;
  int left = retry.max_retries;
  while (true) {
    bool again = false;
    try {
      return model.complete(messages, list);
    } catch (ModelError& e) {
      if (!e.retryable) throw;
      if (left == 0) throw;
      again = true;
    }
    if (again) {
      left--;
      if (pause > retry.cap_ms) pause = retry.cap_ms;
      clock.wait_ms(pause);
      if (pause <= retry.cap_ms - pause) {
        pause += pause;
      } else {
        pause = retry.cap_ms;
      }
    }
  }
}

static int depth_of(const json& value) {
  // Breadth first: a list of the containers of one level, then of those in them.
  std::vector<const json*> level;
  if (value.is_structured()) level.push_back(&value);
  int depth = 0;
  while (!level.empty()) {
    depth++;
    std::vector<const json*> next;
    for (std::size_t i = 0; i < level.size(); i++) {
      for (const json& part : *level[i]) {
        if (part.is_structured()) next.push_back(&part);
      }
    }
    level.swap(next);
  }
  return depth;
}

/// The text is empty where there is nothing to complain of.
static std::string complaint_about(const std::string& text, const json& schema, json& arguments) {
  if (text.size() > kArgumentBytesMax) return "the arguments are too large";
  for (std::size_t i = 0; i < text.size(); i++) {
    if (text[i] == 0) return "the arguments are no JSON, see the NUL at byte " + std::to_string(i);
  }
  try {
    arguments = json::parse(text);
  } catch (json::parse_error& e) {
    return "the arguments are no JSON, see byte " + std::to_string(e.byte);
  }
  if (!arguments.is_object()) return "the arguments must be an object";
  if (depth_of(arguments) > kArgumentDepthMax) return "the arguments are too deep";
  return validate(schema, arguments);
}

static std::string limited(const std::string& text) {
  if (text.size() <= kResultBytesMax) return text;
  std::size_t end = 0;
  for (std::size_t i = 1; i <= kResultBytesMax; i++) {
    const bool starts_character = (text[i] & 0xC0) != 0x80;
    if (starts_character) end = i;
  }
  std::string kept(text, 0, end);
  kept += kCutMarker;
  return kept;
}

/// Null and a complaint, or the tool and its arguments.
static const Tool* prepare(const std::vector<Tool>& tools, const ToolCall& call, json& arguments,
                           std::string& complaint) {
  const Tool* tool = nullptr;
  std::string names;
  for (std::size_t i = 0; i < tools.size(); i++) {
    if (tools[i].name == call.name) tool = &tools[i];
    names += "\n- " + tools[i].name;
  }
  if (tool == nullptr) {
    complaint = "unknown tool " + call.name + ", use one of" + names;
    return nullptr;
  }
  complaint = complaint_about(call.arguments, tool->parameters, arguments);
  if (!complaint.empty()) return nullptr;
  return tool;
}

std::string run_recovering_agent(Model& model, const std::vector<Tool>& tools,
                                 std::vector<Message>& history, Clock& clock,
                                 const RetryPolicy& retry) {
  const json list = tool_list(tools);
  while (true) {
    Reply reply = call_model(model, history, list, clock, retry);
    push_reply(history, reply);
    if (reply.calls.empty()) return reply.text;
    for (std::size_t c = 0; c < reply.calls.size(); c++) {
      const ToolCall& call = reply.calls[c];
      if (reply.finish == Finish::kLength) {
        push_result(history, call, "your reply was cut", true);
        continue;
      }
      json arguments;
      std::string text;
      const Tool* tool = prepare(tools, call, arguments, text);
      bool failed = tool == nullptr;
      if (!failed) {
        try {
          text = to_text(tool->run(arguments));
        } catch (std::bad_alloc&) {
          throw;
        } catch (std::exception& e) {
          failed = true;
          text = std::string("exception: ") + e.what();
        } catch (...) {
          failed = true;
          text = "exception of an unknown type";
        }
      }
      push_result(history, call, limited(text), failed);
    }
  }
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

/// Marks what is left out, one exchange after the other, until the rest fits. False if it cannot.
static bool choose(const std::vector<Message>& all, std::int64_t max, std::vector<bool>& out) {
  const int n = static_cast<int>(all.size());
  int last_user = 0;
  std::int64_t sum = 0;
  for (int i = 0; i < n; i++) {
    if (all[i].role == Role::kUser) last_user = i;
    sum += count_tokens(all[i]);
  }
  out.assign(all.size(), false);
  int i = 0;
  while (sum > max && i < n) {
    if (all[i].role == Role::kSystem || i == last_user) {
      i++;
      continue;
    }
    // Everything of this exchange.
    do {
      out[i] = true;
      sum -= count_tokens(all[i]);
      i++;
      if (i >= n || i == last_user) break;
    } while (i < last_user ? all[i].role != Role::kUser : all[i].role == Role::kTool);
  }
  return sum <= max;
}

/// Runs the tool as often as its lateness allows; text and failed are the answer.
static void run_on_time(const Tool& tool, const json& arguments, Clock& clock, std::string& text,
                        bool& failed) {
  const int runs = tool.has_side_effects ? 1 : 2;
  failed = true;
  for (int r = 0; r < runs; r++) {
    const std::int64_t before = clock.now_ms();
    json value;
    try {
      value = tool.run(arguments);
    } catch (std::bad_alloc&) {
      throw;
    } catch (std::exception& e) {
      text = std::string("exception: ") + e.what();
      return;
    } catch (...) {
      text = "exception of an unknown type";
      return;
    }
    const std::int64_t taken = clock.now_ms() - before;
    if (taken <= tool.time_limit_ms) {
      text = to_text(value);
      failed = false;
      return;
    }
    text = "timed out after " + std::to_string(taken) + " ms";
  }
}

static void run_call(const std::vector<Tool>& tools, const ToolCall& call, Clock& clock,
                     std::vector<Message>& history) {
  json arguments;
  std::string text;
  bool failed = true;
  const Tool* tool = prepare(tools, call, arguments, text);
  if (tool != nullptr) run_on_time(*tool, arguments, clock, text, failed);
  push_result(history, call, limited(text), failed);
}

static Outcome loop_with_limits(Model& model, const std::vector<Tool>& tools,
                                std::vector<Message>& history, Clock& clock,
                                const RetryPolicy& retry, const Limits& limits) {
  Outcome outcome;
  const json list = tool_list(tools);
  while (outcome.steps < limits.max_steps) {
    std::vector<bool> out;
    if (!choose(history, limits.max_context_tokens, out)) {
      outcome.status = Status::kContextLimit;
      return outcome;
    }
    std::vector<Message> sent;
    for (std::size_t i = 0; i < history.size(); i++) {
      if (!out[i]) sent.push_back(history[i]);
    }
    Reply reply = call_model(model, sent, list, clock, retry);
    outcome.steps++;
    outcome.text = reply.text;
    outcome.usage.input_tokens += reply.usage.input_tokens;
    outcome.usage.output_tokens += reply.usage.output_tokens;
    outcome.usage.cost += reply.usage.cost;
    push_reply(history, reply);
    if (reply.calls.empty()) {
      outcome.status = Status::kAnswered;
      return outcome;
    }
    const std::int64_t tokens = outcome.usage.input_tokens + outcome.usage.output_tokens;
    const bool tokens_gone = tokens > limits.max_tokens;
    const bool money_gone = outcome.usage.cost > limits.max_cost;
    const bool steps_gone = outcome.steps == limits.max_steps;
    for (std::size_t c = 0; c < reply.calls.size(); c++) {
      if (tokens_gone || money_gone || steps_gone) {
        push_result(history, reply.calls[c], "limit reached", true);
      } else if (reply.finish == Finish::kLength) {
        push_result(history, reply.calls[c], "your reply was cut", true);
      } else {
        run_call(tools, reply.calls[c], clock, history);
      }
    }
    if (tokens_gone || money_gone) {
      outcome.status = tokens_gone ? Status::kTokenLimit : Status::kCostLimit;
      return outcome;
    }
  }
  outcome.status = Status::kStepLimit;
  return outcome;
}

Outcome run_limited_agent(Model& model, const std::vector<Tool>& tools,
                          std::vector<Message>& history, Clock& clock, const RetryPolicy& retry,
                          const Limits& limits) {
  const std::size_t before = history.size();
  try {
    return loop_with_limits(model, tools, history, clock, retry, limits);
  } catch (...) {
    history.erase(history.begin() + static_cast<std::ptrdiff_t>(before), history.end());
    throw;
  }
}

}  // namespace kata
