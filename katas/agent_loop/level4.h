#pragma once

#include "level3.h"

namespace kata {

/// All are ≥ 0, as are all counts of usage, whose sums fit in their type.
struct Limits {
  std::int64_t max_steps = kNoLimit;   // model calls that gave a reply
  std::int64_t max_tokens = kNoLimit;  // input and output of all replies together
  std::int64_t max_cost = kNoLimit;    // of all replies together
  std::int64_t max_context_tokens =
      kNoLimit;  // count_tokens of all messages sent in one model call
};

/// Why the loop ended. What is tested when, and in which order, is said below.
enum class Status { kAnswered, kTokenLimit, kCostLimit, kStepLimit, kContextLimit };

struct Outcome {
  Status status = Status::kAnswered;
  std::string text;        // of the last reply, whether or not it is the answer; empty without one
  std::int64_t steps = 0;  // replies
  Usage usage;             // of all replies together
};

/// Given.
inline std::int64_t count_tokens(const Message& message) {
  std::size_t bytes = message.text.size() + message.call_id.size() + message.name.size();
  for (const ToolCall& call : message.calls) {
    bytes += call.id.size() + call.name.size() + call.arguments.size();
  }
  return static_cast<std::int64_t>(4 + (bytes + 3) / 4);
}

/// run_recovering_agent within limits. history ends with a user message or with results.
///
/// After each reply, in this order: without calls it is the answer. Else, if the tokens or the cost
/// so far are above their limit, or max_steps replies have come, its calls are not run but answered
/// with errors, and the loop ends. If max_steps is 0 it ends, as kStepLimit, before anything else.
///
/// A tool is late if it returns more than time_limit_ms after its start; the clock is read right
/// before and right after the run. What it returned is then dropped. A tool without side effects is
/// run once more, with its whole limit again; late again, or with side effects, its call is
/// answered with an error. One that throws is answered as on level 3, late or not, and not run
/// again.
///
/// If the messages are more than max_context_tokens, the oldest exchanges are left out of what is
/// sent: as few as make the rest fit, the oldest first. An exchange is, before the last user
/// message, a user message with all that follows it up to the next user message; after the last
/// user message, an assistant message with the results of its calls. A system message and the last
/// user message are always sent. If these two alone do not fit, the model is never called:
/// kContextLimit, with history as it was.
///
/// history gets the whole conversation. If the loop throws, it is as it was before.
Outcome run_limited_agent(Model& model, const std::vector<Tool>& tools,
                          std::vector<Message>& history, Clock& clock, const RetryPolicy& retry,
                          const Limits& limits);

}  // namespace kata
