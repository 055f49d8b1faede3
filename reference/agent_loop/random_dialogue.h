#pragma once

// Conversations made up anew for each seed: what the model asks for, and what each call must give.

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "stage.h"

namespace stage {

/// What a call of a random dialogue may be.
enum class Kind { kSum, kEcho, kPair, kFails, kUnknown, kNoJson, kNotFitting };

class Improviser {
 public:
  Improviser() : generator_(support::seeded_generator()) {}

  int integer(int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(generator_);
  }

  /// Up to `parts` parts, some of which JSON must escape.
  std::string text(int parts) {
    const std::vector<std::string> kParts = {"a", "Z", " ", "\n", "\"", "\\",
                                             "é", "→", "😀", "{",  "]"};
    std::string out;
    for (int i = integer(0, parts); i > 0; --i) {
      out += kParts[static_cast<std::size_t>(integer(0, static_cast<int>(kParts.size()) - 1))];
    }
    return out;
  }

  void add_tools(Stage& stage) {
    const json number = {{"type", "integer"}};
    const json sum = {{"type", "object"},
                      {"properties", {{"a", number}, {"b", number}}},
                      {"required", {"a", "b"}}};
    stage.add_tool(
        "sum", [](const json& a) -> json { return a.at("a").get<int>() + a.at("b").get<int>(); },
        sum);
    stage.add_tool("echo", [](const json& a) -> json { return a.at("text"); });
    stage.add_tool("pair", [](const json& a) -> json {
      return {{"second", 2}, {"first", a["x"]}};
    });
    stage.add_tool("fails", [](const json& a) -> json {
      throw std::runtime_error("broken " + a.at("code").dump());
    });
  }

  /// Appends a reply with these calls and their results to the stage's script.
  void add_turn(Stage& stage, const std::vector<Kind>& kinds) {
    std::vector<kata::ToolCall> calls;
    Lines results;
    for (const Kind kind : kinds) {
      results.push_back(call(kind, calls));
    }
    stage.append(transcript::asks(calls, text(3)));
    for (const Line& line : results) stage.append(line);
  }

  std::vector<Kind> kinds(int count, Kind last) {
    std::vector<Kind> chosen;
    for (int i = 0; i < count; ++i) {
      chosen.push_back(static_cast<Kind>(integer(0, static_cast<int>(last))));
    }
    return chosen;
  }

  /// Expected runs so far, for Stage::expect_runs.
  std::vector<std::string> runs;

 private:
  /// Adds one call and returns the line that answers it.
  Line call(Kind kind, std::vector<kata::ToolCall>& calls) {
    const std::string id = "call_" + std::to_string(integer(1, 12));
    const int a = integer(-1000, 1000), b = integer(-1000, 1000);
    const std::string x = std::to_string(a);
    const auto made = [&](const std::string& name, const std::string& arguments, bool is_run) {
      calls.push_back({id, name, arguments});
      if (is_run) runs.push_back(name + " " + json::parse(arguments).dump());
      return calls.back();
    };
    switch (kind) {
      case Kind::kSum:
        return transcript::result(
            made("sum", "{\"a\": " + x + ", \"b\": " + std::to_string(b) + "}", true),
            std::to_string(a + b));
      case Kind::kEcho: {
        const std::string said = text(6);
        return transcript::result(made("echo", json({{"text", said}}).dump(), true), said);
      }
      case Kind::kPair:
        return transcript::result(made("pair", " {\"x\" : [" + x + "] }\n", true),
                                  "{\"first\":[" + x + "],\"second\":2}");
      case Kind::kFails:
        return transcript::error(made("fails", "{\"code\":" + x + "}", true), {"broken " + x});
      case Kind::kUnknown:
        return transcript::error(made("total-7c", "{\"a\":1}", false),
                                 {"total-7c", "sum", "echo", "pair", "fails"});
      case Kind::kNoJson:
        return transcript::error(made("echo", "{\"text\": \"" + x, false));
      case Kind::kNotFitting:
        break;
    }
    return transcript::error(made("sum", "{\"a\": " + x + "}", false), {"lacks b"});
  }

  std::mt19937_64 generator_;
};

}  // namespace stage
