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

std::string run_agent(Model& /*model*/, const std::vector<Tool>& /*tools*/,
                      std::vector<Message>& /*history*/) {
  // TODO: call the model, run the call that it asks for, feed the result back, until it answers.
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

std::string run_parallel_agent(Model& /*model*/, const std::vector<Tool>& /*tools*/,
                               std::vector<Message>& /*history*/) {
  // TODO: every call of a reply is run and answered, in order; a tool may throw.
  throw std::logic_error("level 2: not written yet");
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

std::string run_recovering_agent(Model& /*model*/, const std::vector<Tool>& /*tools*/,
                                 std::vector<Message>& /*history*/, Clock& /*clock*/,
                                 const RetryPolicy& /*retry*/) {
  // TODO: which calls cannot be run? What may a tool do? When is the model called again?
  throw std::logic_error("level 3: not written yet");
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

Outcome run_limited_agent(Model& /*model*/, const std::vector<Tool>& /*tools*/,
                          std::vector<Message>& /*history*/, Clock& /*clock*/,
                          const RetryPolicy& /*retry*/, const Limits& /*limits*/) {
  // TODO: when does the loop end, what does a late tool answer, what is sent, what if it throws?
  throw std::logic_error("level 4: not written yet");
}

}  // namespace kata
