#include <algorithm>
#include <cstdint>
#include <exception>
#include <new>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

/// What the model is told about the tools.
json described(const std::vector<Tool>& tools) {
  json list = json::array();  // a json() that nothing is added to would be null, not []
  for (const Tool& tool : tools) {
    list.push_back(
        {{"name", tool.name}, {"description", tool.description}, {"parameters", tool.parameters}});
  }
  return list;
}

Message assistant_message(const Reply& reply) {
  return {.role = Role::kAssistant, .text = reply.text, .calls = reply.calls};
}

/// The one place where a tool message is made: it cannot forget whom it answers.
Message result_message(const ToolCall& call, const std::string& text) {
  return {.role = Role::kTool, .text = text, .call_id = call.id, .name = call.name};
}

/// Null if there is none of this name.
const Tool* find_tool(const std::vector<Tool>& tools, const std::string& name) {
  const auto found =
      std::find_if(tools.begin(), tools.end(), [&](const Tool& tool) { return tool.name == name; });
  return found == tools.end() ? nullptr : &*found;
}

/// dump() would put a string in quotes and escape what is in it.
std::string text_of(const json& result) {
  return result.is_string() ? result.get<std::string>() : result.dump();
}

}  // namespace

std::string run_agent(Model& model, const std::vector<Tool>& tools, std::vector<Message>& history) {
  const json description = described(tools);
  while (true) {
    const Reply reply = model.complete(history, description);
    history.push_back(assistant_message(reply));
    if (reply.calls.empty()) return reply.text;
    const ToolCall& call = reply.calls.front();
    const json result = find_tool(tools, call.name)->run(json::parse(call.arguments));
    history.push_back(result_message(call, text_of(result)));
  }
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

Message error_message(const ToolCall& call, const std::string& text) {
  Message message = result_message(call, text);
  message.is_error = true;
  return message;
}

/// A failure is a result too: it becomes a message here, where it is still known whose it is, and
/// nothing that the caller does with the other calls depends on it.
Message answer(const std::vector<Tool>& tools, const ToolCall& call) {
  try {
    const json result = find_tool(tools, call.name)->run(json::parse(call.arguments));
    return result_message(call, text_of(result));
  } catch (const std::exception& error) {
    return error_message(call, std::string("The tool failed: ") + error.what());
  }
}

}  // namespace

std::string run_parallel_agent(Model& model, const std::vector<Tool>& tools,
                               std::vector<Message>& history) {
  const json description = described(tools);
  while (true) {
    const Reply reply = model.complete(history, description);
    history.push_back(assistant_message(reply));
    if (reply.calls.empty()) return reply.text;
    for (const ToolCall& call : reply.calls) history.push_back(answer(tools, call));
  }
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {
namespace {

/// A call that cannot be run, or was run in vain; what() is for the model.
struct CallError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string names_of(const std::vector<Tool>& tools) {
  std::string names;
  for (const Tool& tool : tools) names += (names.empty() ? "" : ", ") + tool.name;
  return names.empty() ? "none" : names;
}

const Tool& known_tool(const std::vector<Tool>& tools, const std::string& name) {
  const Tool* tool = find_tool(tools, name);
  if (tool != nullptr) return *tool;
  throw CallError("There is no tool \"" + name + "\". The tools are: " + names_of(tools) + ".");
}

/// Size and depth are bounded before anything recursive (a copy, dump) sees the value: a text of
/// 10,000 brackets is small, but 10,000 nested calls are not. The parser itself does not recurse.
json parsed_arguments(const std::string& text) {
  if (text.size() > kArgumentBytesMax) throw CallError("The arguments are too long.");
  const bool has_nul = text.find('\0') != std::string::npos;  // the parser would stop there
  if (has_nul) throw CallError("The arguments are not valid JSON: they hold a NUL byte.");
  int deepest = 0;
  const auto measure = [&deepest](int depth, json::parse_event_t event, const json&) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens) deepest = std::max(deepest, depth + 1);
    return true;
  };
  json arguments = json::parse(text, measure, /*allow_exceptions=*/false);
  if (arguments.is_discarded()) throw CallError("The arguments are not valid JSON.");
  if (!arguments.is_object()) throw CallError("The arguments are not a JSON object.");
  if (deepest > kArgumentDepthMax) throw CallError("The arguments are nested too deep.");
  return arguments;
}

json checked_arguments(const Tool& tool, const ToolCall& call) {
  json arguments = parsed_arguments(call.arguments);
  const std::string problem = validate(tool.parameters, arguments);
  if (!problem.empty()) throw CallError("The arguments do not fit: " + problem + ".");
  return arguments;
}

/// In UTF-8 the bytes 10xxxxxx continue a character: a cut before any other byte is between two.
std::string bounded(const std::string& text) {
  if (text.size() <= kResultBytesMax) return text;
  std::size_t end = kResultBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + std::string(kCutMarker);
}

/// `run` gives a call's result or throws; what comes out is an answer in either case.
template <typename Run>
Message answer_of(const ToolCall& call, Run&& run) {
  try {
    return result_message(call, bounded(text_of(run())));
  } catch (const std::bad_alloc&) {
    throw;  // the process is in trouble, and telling the model would not help
  } catch (const CallError& error) {
    return error_message(call, bounded(error.what()));
  } catch (const std::exception& error) {
    return error_message(call, bounded(std::string("The tool failed: ") + error.what()));
  } catch (...) {
    return error_message(call, "The tool failed in an unknown way.");
  }
}

Message recovered_answer(const std::vector<Tool>& tools, const ToolCall& call) {
  return answer_of(call, [&] {
    const Tool& tool = known_tool(tools, call.name);
    return tool.run(checked_arguments(tool, call));
  });
}

void refuse_all(const std::vector<ToolCall>& calls, const std::string& why,
                std::vector<Message>& history) {
  for (const ToolCall& call : calls) history.push_back(error_message(call, why));
}

/// Doubles without overflow, however large `wait` and cap are.
std::int64_t doubled(std::int64_t wait, std::int64_t cap) {
  return wait > cap / 2 ? cap : wait * 2;
}

/// The try block holds the model call alone: an error of a tool that is itself an agent must not be
/// taken for one of this model.
Reply complete_with_retries(Model& model, const std::vector<Message>& messages,
                            const json& description, Clock& clock, const RetryPolicy& retry) {
  std::int64_t wait = std::min(retry.base_ms, retry.cap_ms);
  for (int retries = 0;; ++retries) {
    try {
      return model.complete(messages, description);
    } catch (const ModelError& error) {
      if (!error.retryable || retries == retry.max_retries) throw;
    }
    clock.wait_ms(wait);
    wait = doubled(wait, retry.cap_ms);
  }
}

constexpr const char* kCutOff = "Not run: the reply was cut off, and this call perhaps with it.";

}  // namespace

std::string run_recovering_agent(Model& model, const std::vector<Tool>& tools,
                                 std::vector<Message>& history, Clock& clock,
                                 const RetryPolicy& retry) {
  const json description = described(tools);
  while (true) {
    const Reply reply = complete_with_retries(model, history, description, clock, retry);
    history.push_back(assistant_message(reply));
    if (reply.calls.empty()) return reply.text;
    if (reply.finish == Finish::kLength) {
      refuse_all(reply.calls, kCutOff, history);
      continue;
    }
    for (const ToolCall& call : reply.calls) history.push_back(recovered_answer(tools, call));
  }
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {
namespace {

// ---- late tools

/// Runs the tool; false if it came too late. What it throws passes through.
bool run_in_time(const Tool& tool, const json& arguments, Clock& clock, json& result) {
  const std::int64_t start = clock.now_ms();
  result = tool.run(arguments);
  return clock.now_ms() - start <= tool.time_limit_ms;  // a sum start + limit could overflow
}

json run_within_limit(const Tool& tool, const json& arguments, Clock& clock) {
  json result;
  if (run_in_time(tool, arguments, clock, result)) return result;
  if (tool.has_side_effects) {
    throw CallError("The tool took too long. It may have had its effect; it was not run again.");
  }
  if (run_in_time(tool, arguments, clock, result)) return result;
  throw CallError("The tool took too long, twice.");
}

Message timed_answer(const std::vector<Tool>& tools, const ToolCall& call, Clock& clock) {
  return answer_of(call, [&] {
    const Tool& tool = known_tool(tools, call.name);
    return run_within_limit(tool, checked_arguments(tool, call), clock);
  });
}

// ---- context

std::int64_t tokens_of(const std::vector<Message>& messages, std::size_t begin, std::size_t end) {
  return std::accumulate(
      messages.begin() + static_cast<std::ptrdiff_t>(begin),
      messages.begin() + static_cast<std::ptrdiff_t>(end), std::int64_t{0},
      [](std::int64_t sum, const Message& message) { return sum + count_tokens(message); });
}

std::size_t last_user_message(const std::vector<Message>& messages) {
  std::size_t i = messages.size() - 1;
  while (messages[i].role != Role::kUser) --i;
  return i;
}

/// Where the exchange that starts at `begin` ends: at the next message with the role that starts
/// one. A cut there never parts a call from its result.
std::size_t exchange_end(const std::vector<Message>& messages, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < messages.size() && messages[end].role != messages[begin].role) ++end;
  return end;
}

/// What of the history is sent, a copy; false if no choice fits.
bool trim(const std::vector<Message>& history, std::int64_t max_tokens,
          std::vector<Message>& sent) {
  const std::size_t first = history[0].role == Role::kSystem ? 1 : 0;
  const std::size_t user = last_user_message(history);
  std::int64_t tokens = tokens_of(history, 0, history.size());
  std::size_t before = first;    // history[first, before) is left out,
  std::size_t after = user + 1;  // and so is history[user + 1, after)
  while (tokens > max_tokens) {
    std::size_t& cut = before < user ? before : after;
    if (cut == history.size()) return false;
    const std::size_t end = exchange_end(history, cut);
    tokens -= tokens_of(history, cut, end);
    cut = end;
  }
  sent.clear();
  for (std::size_t i = 0; i < history.size(); ++i) {
    const bool left_out = (i >= first && i < before) || (i > user && i < after);
    if (!left_out) sent.push_back(history[i]);
  }
  return true;
}

// ---- the end

void add(Usage& total, const Usage& usage) {
  total.input_tokens += usage.input_tokens;
  total.output_tokens += usage.output_tokens;
  total.cost += usage.cost;
}

/// Whether the loop ends after this reply, and if so, as what.
bool ends(const Reply& reply, const Limits& limits, Outcome& outcome) {
  const Usage& used = outcome.usage;
  const std::pair<bool, Status> reasons[] = {
      {reply.calls.empty(), Status::kAnswered},
      {used.input_tokens + used.output_tokens > limits.max_tokens, Status::kTokenLimit},
      {used.cost > limits.max_cost, Status::kCostLimit},
      {outcome.steps >= limits.max_steps, Status::kStepLimit},
  };
  for (const auto& [holds, status] : reasons) {
    if (!holds) continue;
    outcome.status = status;
    return true;
  }
  return false;
}

}  // namespace

Outcome run_limited_agent(Model& model, const std::vector<Tool>& tools,
                          std::vector<Message>& history, Clock& clock, const RetryPolicy& retry,
                          const Limits& limits) {
  Outcome outcome;
  outcome.status = Status::kStepLimit;
  if (limits.max_steps == 0) return outcome;

  // All work is done on a copy, which takes the history's place at the end by a swap that cannot
  // throw: whatever happens on the way, the caller has either all of it or nothing.
  std::vector<Message> messages = history;
  std::vector<Message> sent;
  const json description = described(tools);
  while (true) {
    if (!trim(messages, limits.max_context_tokens, sent)) {
      outcome.status = Status::kContextLimit;
      break;
    }
    const Reply reply = complete_with_retries(model, sent, description, clock, retry);
    messages.push_back(assistant_message(reply));
    outcome.text = reply.text;
    outcome.steps += 1;
    add(outcome.usage, reply.usage);
    if (ends(reply, limits, outcome)) {
      refuse_all(reply.calls, "Not run: a limit of this conversation is reached.", messages);
      break;
    }
    if (reply.finish == Finish::kLength) {
      refuse_all(reply.calls, kCutOff, messages);
      continue;
    }
    for (const ToolCall& call : reply.calls) {
      messages.push_back(timed_answer(tools, call, clock));
    }
  }
  history.swap(messages);
  return outcome;
}

}  // namespace kata
