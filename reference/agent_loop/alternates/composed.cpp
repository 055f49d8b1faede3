// One engine behind all four levels, put together from small functions and standard algorithms.
#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <new>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace engine {

using Answerer = std::function<Message(const ToolCall&)>;
using Asker = std::function<Reply(const std::vector<Message>&)>;

json specification(const std::vector<Tool>& tools) {
  json::array_t entries(tools.size());
  std::transform(tools.begin(), tools.end(), entries.begin(), [](const Tool& tool) {
    json entry = json::object();
    entry["name"] = tool.name;
    entry["description"] = tool.description;
    entry["parameters"] = tool.parameters;
    return entry;
  });
  return json(std::move(entries));
}

Message reply_to(const ToolCall& call, std::string text, bool is_error) {
  Message message;
  message.role = Role::kTool;
  message.text = std::move(text);
  message.call_id = call.id;
  message.name = call.name;
  message.is_error = is_error;
  return message;
}

Message spoken(const Reply& reply) {
  Message message;
  message.role = Role::kAssistant;
  message.text = reply.text;
  message.calls = reply.calls;
  return message;
}

std::string plain(const json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text != nullptr ? *text : value.dump();
}

std::map<std::string, const Tool*> by_name(const std::vector<Tool>& tools) {
  std::map<std::string, const Tool*> index;
  for (const Tool& tool : tools) index.emplace(tool.name, &tool);
  return index;
}

std::string converse(std::vector<Message>& history, const Asker& ask, const Answerer& answer) {
  Reply reply = ask(history);
  for (; !reply.calls.empty(); reply = ask(history)) {
    history.push_back(spoken(reply));
    std::transform(reply.calls.begin(), reply.calls.end(), std::back_inserter(history), answer);
  }
  history.push_back(spoken(reply));
  return reply.text;
}

Asker plain_asker(Model& model, const json& tools) {
  return [&model, tools](const std::vector<Message>& messages) {
    return model.complete(messages, tools);
  };
}

}  // namespace engine

std::string run_agent(Model& model, const std::vector<Tool>& tools, std::vector<Message>& history) {
  const auto index = engine::by_name(tools);
  return engine::converse(
      history, engine::plain_asker(model, engine::specification(tools)), [&](const ToolCall& call) {
        const json arguments = json::parse(call.arguments);
        return engine::reply_to(call, engine::plain(index.at(call.name)->run(arguments)), false);
      });
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

std::string run_parallel_agent(Model& model, const std::vector<Tool>& tools,
                               std::vector<Message>& history) {
  const auto index = engine::by_name(tools);
  const auto answer = [&](const ToolCall& call) {
    try {
      const json value = index.at(call.name)->run(json::parse(call.arguments));
      return engine::reply_to(call, engine::plain(value), false);
    } catch (const std::exception& e) {
      return engine::reply_to(call, call.name + ": " + e.what(), true);
    }
  };
  return engine::converse(history, engine::plain_asker(model, engine::specification(tools)),
                          answer);
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {
namespace engine {

struct Failure {
  std::string text;
};
using Result = std::variant<json, Failure>;
using Runner = std::function<Result(const Tool&, const json&)>;

/// Brackets inside of strings are skipped.
bool too_deep(const std::string& text) {
  int depth = 0;
  bool in_string = false;
  for (auto c = text.begin(); c != text.end(); ++c) {
    if (in_string && *c == '\\' && std::next(c) != text.end()) {
      ++c;
    } else if (*c == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      depth += (*c == '{' || *c == '[') - (*c == '}' || *c == ']');
      if (depth > kArgumentDepthMax) return true;
    }
  }
  return false;
}

Result arguments_for(const Tool& tool, const std::string& text) {
  if (text.size() > kArgumentBytesMax) return Failure{"arguments: too long"};
  if (std::count(text.begin(), text.end(), '\0') > 0) return Failure{"arguments: a NUL byte"};
  if (too_deep(text)) return Failure{"arguments: nested too deep"};
  const json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return Failure{"arguments: expected one JSON object"};
  const std::string complaint = validate(tool.parameters, value);
  if (!complaint.empty()) return Failure{complaint};
  return value;
}

Result run_guarded(const Tool& tool, const json& arguments) {
  try {
    return tool.run(arguments);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    return Failure{tool.name + " threw: " + e.what()};
  } catch (...) {
    return Failure{tool.name + " threw something unknown"};
  }
}

std::string shortened(std::string text) {
  if (text.size() <= kResultBytesMax) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) >> 6) == 2; };
  const auto from_the_end = std::find_if_not(
      std::make_reverse_iterator(text.begin() + kResultBytesMax + 1), text.rend(), continues);
  text.erase(std::prev(from_the_end.base()), text.end());
  return text.append(kCutMarker);
}

Answerer careful(const std::vector<Tool>& tools, Runner run) {
  return [&tools, index = by_name(tools), run = std::move(run)](const ToolCall& call) {
    const auto found = index.find(call.name);
    Result result;
    if (found == index.end()) {
      result = Failure{std::accumulate(
          tools.begin(), tools.end(), "no tool is called " + call.name + "; there are:",
          [](std::string text, const Tool& tool) { return std::move(text) + " " + tool.name; })};
    } else {
      result = arguments_for(*found->second, call.arguments);
      if (const json* arguments = std::get_if<json>(&result)) {
        result = run(*found->second, json(*arguments));
      }
    }
    if (const auto* failure = std::get_if<Failure>(&result)) {
      return reply_to(call, shortened(failure->text), true);
    }
    return reply_to(call, shortened(plain(std::get<json>(result))), false);
  };
}

Answerer refusing(const std::string& why) {
  return [why](const ToolCall& call) { return reply_to(call, why, true); };
}

/// min(cap, base · 2^(n − 1)), compared on the side that cannot overflow.
std::int64_t pause(const RetryPolicy& retry, int n) {
  const int doublings = std::min(n - 1, 62);
  const bool below_cap = retry.base_ms <= (retry.cap_ms >> doublings);
  return below_cap && n - 1 <= 62 ? retry.base_ms << doublings : retry.cap_ms;
}

std::optional<Reply> attempt(const std::function<Reply()>& call, bool last) {
  try {
    return call();
  } catch (const ModelError& e) {
    if (last || !e.retryable) throw;
    return std::nullopt;
  }
}

Asker persistent(Model& model, json tools, Clock& clock, const RetryPolicy& retry) {
  return [&model, &clock, tools = std::move(tools), retry](const std::vector<Message>& messages) {
    const auto call = [&] { return model.complete(messages, tools); };
    for (int n = 1;; ++n) {
      if (auto reply = attempt(call, n > retry.max_retries)) return *std::move(reply);
      clock.wait_ms(pause(retry, n));
    }
  };
}

}  // namespace engine

std::string run_recovering_agent(Model& model, const std::vector<Tool>& tools,
                                 std::vector<Message>& history, Clock& clock,
                                 const RetryPolicy& retry) {
  const auto ask = engine::persistent(model, engine::specification(tools), clock, retry);
  const auto run = engine::careful(tools, engine::run_guarded);
  const auto refuse = engine::refusing("the reply was cut off");
  Finish finish = Finish::kStop;
  return engine::converse(
      history,
      [&](const std::vector<Message>& messages) {
        Reply reply = ask(messages);
        finish = reply.finish;
        return reply;
      },
      [&](const ToolCall& call) { return finish == Finish::kLength ? refuse(call) : run(call); });
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {
namespace engine {

using Range = std::vector<Message>::const_iterator;

std::int64_t weight(Range first, Range last) {
  return std::transform_reduce(first, last, std::int64_t{0}, std::plus<>(), count_tokens);
}

/// The conversation as blocks, and which of them may go.
struct Block {
  Range first, last;
  bool fixed;
};

std::vector<Block> blocks_of(const std::vector<Message>& all) {
  const auto is = [](Role role) { return [role](const Message& m) { return m.role == role; }; };
  const auto reverse = std::find_if(all.rbegin(), all.rend(), is(Role::kUser));
  const Range asked = std::prev(reverse.base());
  std::vector<Block> blocks;
  for (Range at = all.begin(); at != all.end();) {
    Range end = std::next(at);
    const bool fixed = at == asked || at->role == Role::kSystem;
    if (!fixed && at < asked) end = std::find_if(end, asked, is(Role::kUser));
    if (!fixed && at > asked) end = std::find_if(end, all.end(), is(Role::kAssistant));
    blocks.push_back({at, end, fixed});
    at = end;
  }
  return blocks;
}

std::optional<std::vector<Message>> window(const std::vector<Message>& all, std::int64_t max) {
  std::vector<Block> blocks = blocks_of(all);
  std::int64_t total = weight(all.begin(), all.end());
  while (total > max) {
    const auto oldest =
        std::find_if(blocks.begin(), blocks.end(), [](const Block& b) { return !b.fixed; });
    if (oldest == blocks.end()) return std::nullopt;
    total -= weight(oldest->first, oldest->last);
    blocks.erase(oldest);
  }
  std::vector<Message> kept;
  for (const Block& block : blocks) kept.insert(kept.end(), block.first, block.last);
  return kept;
}

/// Nothing, if the tool was late.
std::optional<Result> timed(const Tool& tool, const json& arguments, Clock& clock) {
  const auto start = clock.now_ms();
  Result result = run_guarded(tool, arguments);
  const bool late = clock.now_ms() - start > tool.time_limit_ms;
  if (late && std::holds_alternative<json>(result)) return std::nullopt;
  return result;
}

Runner punctual(Clock& clock) {
  return [&clock](const Tool& tool, const json& arguments) -> Result {
    auto result = timed(tool, arguments, clock);
    if (!result && !tool.has_side_effects) result = timed(tool, arguments, clock);
    return result ? *result : Failure{tool.name + " took too long, what it did is not known"};
  };
}

Status verdict(const Outcome& so_far, const Limits& limits) {
  if (so_far.usage.input_tokens + so_far.usage.output_tokens > limits.max_tokens) {
    return Status::kTokenLimit;
  }
  if (so_far.usage.cost > limits.max_cost) return Status::kCostLimit;
  return so_far.steps == limits.max_steps ? Status::kStepLimit : Status::kAnswered;
}

}  // namespace engine

Outcome run_limited_agent(Model& model, const std::vector<Tool>& tools,
                          std::vector<Message>& history, Clock& clock, const RetryPolicy& retry,
                          const Limits& limits) {
  Outcome outcome;
  if (limits.max_steps == 0) {
    outcome.status = Status::kStepLimit;
    return outcome;
  }
  const auto ask = engine::persistent(model, engine::specification(tools), clock, retry);
  const auto run = engine::careful(tools, engine::punctual(clock));
  std::vector<Message> added;  // appended at the very end
  for (bool ended = false; !ended;) {
    std::vector<Message> all = history;
    all.insert(all.end(), added.begin(), added.end());
    const auto sent = engine::window(all, limits.max_context_tokens);
    if (!sent) {
      outcome.status = Status::kContextLimit;
      break;
    }
    const Reply reply = ask(*sent);
    added.push_back(engine::spoken(reply));
    outcome.text = reply.text;
    ++outcome.steps;
    outcome.usage.input_tokens += reply.usage.input_tokens;
    outcome.usage.output_tokens += reply.usage.output_tokens;
    outcome.usage.cost += reply.usage.cost;
    if (reply.calls.empty()) break;
    outcome.status = engine::verdict(outcome, limits);
    ended = outcome.status != Status::kAnswered;
    engine::Answerer answer = run;
    if (reply.finish == Finish::kLength) answer = engine::refusing("the reply was cut off");
    if (ended) answer = engine::refusing("a limit is reached, this was not run");
    std::transform(reply.calls.begin(), reply.calls.end(), std::back_inserter(added), answer);
  }
  std::vector<Message> whole = history;
  whole.insert(whole.end(), added.begin(), added.end());
  history = std::move(whole);
  return outcome;
}

}  // namespace kata
