#pragma once

#include <string>

#include "level1.h"
#include "stage.h"

// How checks of level 1 play.
namespace guarded {

inline bool play(stage::Stage& stage) {
  return stage.play([&] {
    return kata::run_guarded_agent(stage.models, stage.tools, stage.history, stage.thresholds);
  });
}

template <typename E>
bool play_throwing(const std::string& type, const std::string& what, stage::Stage& stage) {
  return stage.play_throwing<E>(type, what, [&] {
    kata::run_guarded_agent(stage.models, stage.tools, stage.history, stage.thresholds);
  });
}

inline kata::ToolCall call(const std::string& name) {
  return {"call of " + name, name, "{\"x\":1}"};
}

}  // namespace guarded
