#pragma once

// The checks of level 1 that are about the loop itself, without any guard. Included by
// checks_level1.cpp.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "guarded_stage.h"
#include "script.h"
#include "stage.h"

namespace {

TEST(Conversation, EveryCallIsAnswered) {
  const kata::ToolCall sum = {"call_10", "sum", R"({"a": 2, "b": "3\n"})"};
  const kata::ToolCall fail = {"call_2", "fail", "{}"}, none = {"call_2", "Sum", R"({"a":1})"};
  const kata::ToolCall list = {"", "list", R"({"of":[1,{"deep":null}]})"};
  stage::Stage stage({script::system_line("Be brief."), script::user("Hello"), script::says("Hi."),
                      script::user("What?")},
                     {script::asks({sum, fail, none, list}, "I try."), script::result(sum, 5),
                      script::failed(fail, "no \"way\"\nout"), script::unknown(none),
                      script::result(list, kata::json::array({1, "é"})), script::asks({list}),
                      script::result(list, nullptr), script::asks({sum}, " "),
                      script::result(sum, "\"5\""), script::says("It is 5.")});
  guarded::play(stage);
  stage::Stage short_one({script::user("Hello")}, {script::says("")});
  guarded::play(short_one);
}

TEST(Conversation, OutlivesEveryStandardException) {
  const kata::ToolCall call = {"c", "fail", "{}"};
  // A tool may be an agent of its own: its ModelError is not one of this model.
  const auto model_error = [] { throw kata::ModelError("its own model", /*may_be_retried=*/true); };
  const auto logic_error = [] { throw std::logic_error("a bug"); };
  const auto json_error = [] { throw kata::json::other_error::create(500, "no key", nullptr); };
  const auto wordless = [] { throw std::runtime_error(""); };
  stage::Stage stage(
      {script::user("Try.")},
      {script::asks({call, call, call, call}), script::failed(call, "its own model", model_error),
       script::failed(call, "a bug", logic_error), script::failed(call, "no key", json_error),
       script::failed(call, "", wordless), script::says("Tried.")});
  stage.model_count = 2;
  stage.thresholds.max_failures = 1;
  guarded::play(stage);
}

}  // namespace
