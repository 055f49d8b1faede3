#include <algorithm>
#include <cstdint>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

json describe(const std::vector<Tool>& tools) {
  json described = json::array();
  for (const Tool& tool : tools) {
    json entry = json::object();
    entry["name"] = tool.name;
    entry["description"] = tool.description;
    entry["parameters"] = tool.parameters;
    described.push_back(std::move(entry));
  }
  return described;
}

// nullptr if no tool has exactly this name.
const Tool* find_tool(const std::vector<Tool>& tools, const std::string& name) {
  const auto found =
      std::find_if(tools.begin(), tools.end(), [&](const Tool& tool) { return tool.name == name; });
  return found == tools.end() ? nullptr : &*found;
}

std::string text_of(const json& result) {
  return result.is_string() ? result.get<std::string>() : result.dump();
}

Message assistant_message(const Reply& reply) {
  Message message;
  message.role = Role::kAssistant;
  message.text = reply.text;
  message.calls = reply.calls;
  return message;
}

// What a call came to.
struct Answer {
  std::string text;
  bool is_error = false;
};

Message result_message(const ToolCall& call, Answer answer) {
  Message message;
  message.role = Role::kTool;
  message.text = std::move(answer.text);
  message.call_id = call.id;
  message.name = call.name;
  message.is_error = answer.is_error;
  return message;
}

}  // namespace

std::string run_agent(Model& model, const std::vector<Tool>& tools, std::vector<Message>& history) {
  const json described = describe(tools);
  while (true) {
    const Reply reply = model.complete(history, described);
    history.push_back(assistant_message(reply));
    if (reply.calls.empty()) return reply.text;

    for (const ToolCall& call : reply.calls) {
      const Tool* tool = find_tool(tools, call.name);
      if (tool == nullptr) throw std::invalid_argument("no tool is named " + call.name);
      const json arguments = json::parse(call.arguments);
      history.push_back(result_message(call, {text_of(tool->run(arguments))}));
    }
  }
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

// what(), as it is, so that a prefix of ours never pushes it over a limit; but never empty.
Answer error_of(const std::exception& error) {
  const char* what = error.what();
  const bool says_something = what != nullptr && *what != '\0';
  return {says_something ? what : "the tool failed and did not say why", true};
}

}  // namespace

std::string run_parallel_agent(Model& model, const std::vector<Tool>& tools,
                               std::vector<Message>& history) {
  const json described = describe(tools);
  while (true) {
    const Reply reply = model.complete(history, described);
    history.push_back(assistant_message(reply));
    if (reply.calls.empty()) return reply.text;

    for (const ToolCall& call : reply.calls) {
      const Tool* tool = find_tool(tools, call.name);
      if (tool == nullptr) throw std::invalid_argument("no tool is named " + call.name);
      const json arguments = json::parse(call.arguments);
      Answer answer;
      try {
        answer = {text_of(tool->run(arguments)), false};
      } catch (const std::exception& error) {
        answer = error_of(error);
      }
      history.push_back(result_message(call, std::move(answer)));
    }
  }
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {
namespace {

// On the text, not on the value: known before anything is built from it. Exact as far as the text
// is JSON; where it is not, the parser will say so.
bool nested_too_deep(const std::string& text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kArgumentDepthMax) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// A call that may be run, or the reason why not.
struct CheckedCall {
  const Tool* tool = nullptr;
  json arguments;
  std::string problem;  // empty: run it
};

CheckedCall check_call(const ToolCall& call, Finish finish, const std::vector<Tool>& tools) {
  CheckedCall checked;
  if (finish == Finish::kLength) {
    checked.problem =
        "not run: the reply was cut off at the length limit, and this call may be cut";
    return checked;
  }
  checked.tool = find_tool(tools, call.name);
  if (checked.tool == nullptr) {
    checked.problem = "there is no tool \"" + call.name + "\"; the tools are:";
    for (const Tool& tool : tools) checked.problem += " \"" + tool.name + "\"";
    if (tools.empty()) checked.problem += " none";
    return checked;
  }
  if (call.arguments.size() > kArgumentBytesMax) {
    checked.problem =
        "the arguments are longer than " + std::to_string(kArgumentBytesMax) + " bytes";
    return checked;
  }
  if (nested_too_deep(call.arguments)) {
    checked.problem = "the arguments are nested deeper than " + std::to_string(kArgumentDepthMax);
    return checked;
  }
  // The parser takes a NUL for the end of the text and would ignore what follows. Its messages can
  // quote half a UTF-8 character, so they are not passed on.
  const bool has_nul = call.arguments.find('\0') != std::string::npos;
  if (!has_nul)
    checked.arguments = json::parse(call.arguments, nullptr, /*allow_exceptions=*/false);
  if (has_nul || checked.arguments.is_discarded()) {
    checked.problem = "the arguments are not valid JSON";
    return checked;
  }
  if (!checked.arguments.is_object()) {
    checked.problem = "the arguments must be a JSON object";
    return checked;
  }
  checked.problem = validate(checked.tool->parameters, checked.arguments);
  return checked;
}

// An error if and only if the tool throws.
Answer run_guarded(const Tool& tool, const json& arguments) {
  try {
    return {text_of(tool.run(arguments)), false};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return error_of(error);
  } catch (...) {
    return {"the tool failed in an unknown way", true};
  }
}

std::string cut(std::string text) {
  if (text.size() <= kResultBytesMax) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  std::size_t size = kResultBytesMax;
  while (size > 0 && continues(text[size])) --size;  // text[size] is the first byte to go
  text.resize(size);
  text += kCutMarker;
  return text;
}

// The answer to one call, whatever is wrong with it. run(tool, arguments) runs it.
template <class Run>
Message answer_call(const ToolCall& call, Finish finish, const std::vector<Tool>& tools, Run run) {
  const CheckedCall checked = check_call(call, finish, tools);
  Answer answer = checked.problem.empty() ? run(*checked.tool, checked.arguments)
                                          : Answer{checked.problem, true};
  answer.text = cut(std::move(answer.text));
  return result_message(call, std::move(answer));
}

Reply complete_with_retries(Model& model, const std::vector<Message>& messages,
                            const json& described, Clock& clock, const RetryPolicy& retry) {
  std::int64_t delay = std::min(retry.base_ms, retry.cap_ms);
  for (int retries = 0;; ++retries) {
    try {
      return model.complete(messages, described);
    } catch (const ModelError& error) {
      if (!error.retryable || retries >= retry.max_retries) throw;
    }
    clock.wait_ms(delay);
    delay = delay > retry.cap_ms / 2 ? retry.cap_ms : delay * 2;  // never overflows
  }
}

}  // namespace

std::string run_recovering_agent(Model& model, const std::vector<Tool>& tools,
                                 std::vector<Message>& history, Clock& clock,
                                 const RetryPolicy& retry) {
  const json described = describe(tools);
  while (true) {
    const Reply reply = complete_with_retries(model, history, described, clock, retry);
    history.push_back(assistant_message(reply));
    if (reply.calls.empty()) return reply.text;
    for (const ToolCall& call : reply.calls) {
      history.push_back(answer_call(call, reply.finish, tools, run_guarded));
    }
  }
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {
namespace {

// For a, b >= 0; stays at the largest value.
std::int64_t sum(std::int64_t a, std::int64_t b) {
  return a > kNoLimit - b ? kNoLimit : a + b;
}

Answer run_in_time(const Tool& tool, const json& arguments, const Clock& clock) {
  const int runs = tool.has_side_effects ? 1 : 2;
  for (int i = 0; i < runs; ++i) {
    const std::int64_t start = clock.now_ms();
    Answer answer = run_guarded(tool, arguments);
    const bool late = clock.now_ms() - start > tool.time_limit_ms;
    if (answer.is_error || !late) return answer;  // a tool that threw has answered, late or not
  }
  return {tool.has_side_effects
              ? "the tool took too long; it may have done its work, the result is lost"
              : "the tool took too long, twice",
          true};
}

struct Context {
  bool fits = false;
  std::vector<Message> messages;
};

// The part of the history that is sent: all but the oldest exchanges, as few as possible.
Context select_context(const std::vector<Message>& history, std::int64_t max_tokens) {
  std::vector<std::int64_t> tokens;
  std::int64_t total = 0;
  std::size_t last_user = 0;
  for (std::size_t i = 0; i < history.size(); ++i) {
    tokens.push_back(count_tokens(history[i]));
    total += tokens.back();
    if (history[i].role == Role::kUser) last_user = i;
  }

  const bool has_system = !history.empty() && history.front().role == Role::kSystem;
  std::vector<bool> sent(history.size(), true);
  // `next` is the start of the oldest exchange that is still sent.
  std::size_t next = has_system ? 1 : 0;
  while (total > max_tokens) {
    if (next == last_user) ++next;  // it stays; the exchanges after it are the next to go
    if (next >= history.size()) return {};
    const Role opens = next < last_user ? Role::kUser : Role::kAssistant;
    do {
      total -= tokens[next];
      sent[next] = false;
      ++next;
    } while (next < history.size() && history[next].role != opens);
  }

  Context context;
  context.fits = true;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (sent[i]) context.messages.push_back(history[i]);
  }
  return context;
}

// Whether the loop ends after a reply with calls; kAnswered if not.
Status limit_reached(const Outcome& outcome, const Limits& limits) {
  if (sum(outcome.usage.input_tokens, outcome.usage.output_tokens) > limits.max_tokens) {
    return Status::kTokenLimit;
  }
  if (outcome.usage.cost > limits.max_cost) return Status::kCostLimit;
  if (outcome.steps >= limits.max_steps) return Status::kStepLimit;
  return Status::kAnswered;
}

}  // namespace

Outcome run_limited_agent(Model& model, const std::vector<Tool>& tools,
                          std::vector<Message>& history, Clock& clock, const RetryPolicy& retry,
                          const Limits& limits) {
  Outcome outcome;
  if (limits.max_steps <= 0) {
    outcome.status = Status::kStepLimit;
    return outcome;
  }

  const json described = describe(tools);
  const auto run = [&clock](const Tool& tool, const json& arguments) {
    return run_in_time(tool, arguments, clock);
  };
  std::vector<Message> conversation = history;  // the caller's changes when nothing can throw
  while (true) {
    const Context context = select_context(conversation, limits.max_context_tokens);
    if (!context.fits) {
      outcome.status = Status::kContextLimit;
      break;
    }
    const Reply reply = complete_with_retries(model, context.messages, described, clock, retry);
    conversation.push_back(assistant_message(reply));
    outcome.text = reply.text;
    ++outcome.steps;
    outcome.usage.input_tokens = sum(outcome.usage.input_tokens, reply.usage.input_tokens);
    outcome.usage.output_tokens = sum(outcome.usage.output_tokens, reply.usage.output_tokens);
    outcome.usage.cost = sum(outcome.usage.cost, reply.usage.cost);
    if (reply.calls.empty()) {
      outcome.status = Status::kAnswered;
      break;
    }

    outcome.status = limit_reached(outcome, limits);
    if (outcome.status != Status::kAnswered) {
      for (const ToolCall& call : reply.calls) {
        conversation.push_back(
            result_message(call, {"not run: a limit of the conversation was reached", true}));
      }
      break;
    }
    for (const ToolCall& call : reply.calls) {
      conversation.push_back(answer_call(call, reply.finish, tools, run));
    }
  }
  history = std::move(conversation);
  return outcome;
}

}  // namespace kata
