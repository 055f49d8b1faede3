#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "level3.h"
#include "stage.h"

// How checks of level 3 play.
namespace recovery {

using kata::ModelError;
using kata::RetryPolicy;
using stage::FakeClock;
using stage::Stage;

inline void play(Stage& stage, const RetryPolicy& retry = {},
                 const std::vector<std::int64_t>& waits = {}) {
  FakeClock clock;
  stage.setting = stage::retry_text(retry);
  stage.play([&] {
    return kata::run_recovering_agent(stage.model, stage.tools, stage.history, clock, retry);
  });
  clock.expect_waits(waits);
}

template <typename E>
void play_throwing(const std::string& type, const std::string& what, Stage& stage,
                   const RetryPolicy& retry = {}, const std::vector<std::int64_t>& waits = {}) {
  FakeClock clock;
  stage.setting = stage::retry_text(retry);
  stage.play_throwing<E>(type, what, [&] {
    kata::run_recovering_agent(stage.model, stage.tools, stage.history, clock, retry);
  });
  clock.expect_waits(waits);
}

inline std::function<void()> overloaded(const std::string& what) {
  return [what] { throw ModelError(what, /*may_be_retried=*/true); };
}

inline std::function<void()> refused(const std::string& what) {
  return [what] { throw ModelError(what, /*may_be_retried=*/false); };
}

inline std::string repeated(const std::string& part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

}  // namespace recovery
