#pragma once

#include "level1.h"

namespace kata {

/// run_agent for replies with any number of calls.
///
/// The calls of a reply run one after another, in their order. Each gets exactly one result, in the
/// same order, with its id and name; then the model is called again. Calls may be alike, and ids
/// may repeat, within a reply and across replies: every call runs and every call is answered.
///
/// A tool that throws a std::exception fails: its call's result is an error (is_error) whose text
/// holds what(), and the other calls run as if nothing had happened. The text of an error is never
/// empty.
std::string run_parallel_agent(Model& model, const std::vector<Tool>& tools,
                               std::vector<Message>& history);

}  // namespace kata
