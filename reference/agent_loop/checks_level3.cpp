#include "level3.h"

#include <gtest/gtest.h>

#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "fake_clock.h"
#include "model_checks_level3.h"
#include "oracle.h"
#include "output_checks_level3.h"
#include "random_dialogue.h"
#include "recovery_stage.h"
#include "stage.h"
#include "transcript.h"

using kata::Finish;
using kata::json;
using kata::ModelError;
using kata::RetryPolicy;
using kata::ToolCall;
using recovery::overloaded;
using recovery::play;
using recovery::play_throwing;
using recovery::repeated;
using stage::Improviser;
using stage::Kind;
using stage::Stage;
using transcript::asks;
using transcript::error;
using transcript::finishing;
using transcript::Lines;
using transcript::result;
using transcript::says;
using transcript::system_line;
using transcript::user;

namespace {

/// Calls `take` once with each of these arguments, all of them bad, then with good ones.
void expect_refused(const std::vector<std::string>& bad, const json& schema = stage::any_object(),
                    const std::string& good = "{}") {
  std::vector<ToolCall> calls;
  Lines results;
  for (const std::string& arguments : bad) {
    calls.push_back({"call_" + std::to_string(calls.size()), "take", arguments});
    const json parsed = json::parse(arguments.substr(0, 1000), nullptr, false);
    const std::string said = parsed.is_object() ? kata::validate(schema, parsed) : "";
    results.push_back(said.empty() ? error(calls.back()) : error(calls.back(), {said}));
  }
  calls.push_back({"good", "take", good});
  results.push_back(result(calls.back(), "taken"));
  Stage stage({user("Take it.")}, {asks(calls)});
  stage.add_tool(
      "take", [](const json&) { return "taken"; }, schema);
  for (const auto& line : results) stage.append(line);
  stage.append(says("Taken."));
  play(stage);
  stage.expect_runs({"take " + json::parse(good).dump()});
}

}  // namespace

TEST(UnknownTool, EXAMPLE_SumIsNotAdd) {
  const ToolCall sum = {"c1", "sum", "{\"a\": 2, \"b\": 3}"};
  const ToolCall add = {"c2", "add", "{\"a\": 2, \"b\": 3}"};
  Stage stage({user("What is 2 + 3?")}, {asks({sum}), error(sum, {"sum", "add", "search"}),
                                         asks({add}), result(add, "5"), says("5")});
  stage.add_tool("add",
                 [](const json& x) -> json { return x.at("a").get<int>() + x.at("b").get<int>(); });
  stage.add_tool("search", [](const json&) { return "nothing"; });
  play(stage);
}

TEST(UnknownTool, ResultNamesTheOthers) {
  const std::vector<ToolCall> calls = {
      {"1", "Look", "{}"}, {"2", "look", "{\"n\":1}"}, {"3", "loo", "{}"},   {"4", "look2", "{}"},
      {"5", "", "{}"},     {"6", "look", "{\"n\":2}"}, {"7", " look", "{}"}, {"8", "look ", "{}"}};
  std::vector<std::string> names = {"zoo", "look", "a-longer-name"};
  for (int i = 10; i < 37; ++i) names.push_back("tool_" + std::to_string(i));
  Stage stage({user("Look.")}, {asks(calls)});
  for (const std::string& name : names) {
    stage.add_tool(name, [](const json&) { return "dark"; });
  }
  for (const ToolCall& call : calls) {
    std::vector<std::string> mentions = names;
    mentions.push_back(call.name);
    stage.append(call.name == "look" ? result(call, "dark") : error(call, mentions));
  }
  stage.append(says("Dark."));
  play(stage);
  stage.expect_runs({"look {\"n\":1}", "look {\"n\":2}"});
  {
    const ToolCall call = {"c", "look", "{}"};
    Stage stage({user("Look.")}, {asks({call}), error(call, {"look"}), says("I cannot.")});
    play(stage);
  }
}

TEST(BadArguments, NotAJsonObject) {
  expect_refused({"", " ", "{", "{\"a\": 1", "{\"a\": \"cut o", "{\"a\": 1,}", "{\"a\": 1} {}",
                  "{'a': 1}", "{a: 1}", "undefined", "{\"a\": 01}", "{\"a\":}", "}", "{} // none",
                  "```json\n{}\n```"});
  expect_refused({"{\"a\": é}", "{→: 1}", R"({"a": "\😀"})", "{} é"});
  expect_refused({std::string("{}\0x", 4), std::string("{\"a\": 1}\0", 9)});
  expect_refused({"[]", "[{\"a\": 1}]", "null", "3", "\"{}\"", "true", "0.5", "\"\""},
                 json::object());
}

TEST(BadArguments, TooLong) {
  const std::string frame = "{\"a\":\"\"}";
  const std::size_t room = kata::kArgumentBytesMax - frame.size();
  const std::string good = "{\"a\":\"" + std::string(room, 'x') + "\"}";
  const std::string megabyte = "{\"a\":\"" + std::string(1'000'000, 'x') + "\"}";
  expect_refused({"{\"a\":\"" + std::string(room + 1, 'x') + "\"}", good + " ", megabyte},
                 stage::any_object(), good);
}

TEST(BadArguments, TenThousandDeep) {
  const std::size_t deep = 10'000;
  expect_refused({repeated("{\"a\":", deep) + "1" + std::string(deep, '}'),
                  "{\"a\":" + std::string(deep, '[') + std::string(deep, ']') + "}",
                  std::string(deep, '[')});
}

TEST(BadArguments, DepthLimit) {
  const std::size_t max = kata::kArgumentDepthMax;
  const auto objects = [](std::size_t depth) {
    return repeated("{\"a\":", depth - 1) + "{}" + std::string(depth - 1, '}');
  };
  const auto arrays = [](std::size_t depth) {
    return "{\"b\": 1, \"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') +
           ", \"c\": {}}";
  };
  expect_refused({objects(max + 1), arrays(max + 1)}, stage::any_object(), objects(max));
  expect_refused({objects(max + 1)}, stage::any_object(), arrays(max));
  expect_refused({"{\"a\": \"" + std::string(100, '{') + "\""}, stage::any_object(),
                 "{\"a\": \"" + std::string(100, '[') + "\\\"" + std::string(100, '{') +
                     "\\\\\", \"b\": [\"]]\"], \"c\": [[1], [2], [3], {}, {}]}");
}

TEST(Schema, IsEnforcedBeforeTheToolRuns) {
  const json schema = {{"type", "object"},
                       {"properties",
                        {{"count", {{"type", "integer"}}},
                         {"unit", {{"enum", {"C", "F"}}}},
                         {"tags", {{"type", "array"}, {"items", {{"type", "string"}}}}}}},
                       {"required", {"count"}},
                       {"additionalProperties", false}};
  expect_refused(
      {R"({})", R"({"unit": "C"})", R"({"count": "3"})", R"({"count": 3.5})", R"({"count": null})",
       R"({"count": 3, "unit": "K"})", R"({"count": 3, "size": 1})",
       R"({"count": 3, "tags": ["a", 7]})", R"({"count": 3, "tags": "a"})"},
      schema, R"({"count": 3, "unit": "F", "tags": ["a", "b"]})");
}

TEST(Schema, OfThisToolAndNotOfAnother) {
  const ToolCall count = {"1", "count", "{\"n\":1}"}, name = {"2", "name", "{\"s\":\"x\"}"};
  const ToolCall mixed_up = {"3", "name", "{\"n\":1}"};
  Stage stage({user("Go.")}, {asks({count, name, mixed_up}), result(count, "1"), result(name, "x"),
                              error(mixed_up, {"lacks s"}), says("Gone.")});
  const auto requiring = [](const char* key) {
    return json{{"type", "object"}, {"required", json::array({key})}};
  };
  stage.add_tool(
      "count", [](const json& x) -> json { return x.at("n"); }, requiring("n"));
  stage.add_tool(
      "name", [](const json& x) -> json { return x.at("s"); }, requiring("s"));
  play(stage);
}

TEST(ToolThrows, AnythingAtAll) {
  struct Odd {};
  const std::vector<std::function<void()>> throwers = {[] { throw std::runtime_error("what 0"); },
                                                       [] { throw 42; },
                                                       [] { throw "a literal"; },
                                                       [] { throw std::string("a string"); },
                                                       [] { throw Odd(); },
                                                       [] { json("text").at("key"); },
                                                       [] { throw ModelError("what 6", true); },
                                                       [] { throw ModelError("what 7", false); },
                                                       [] { throw std::bad_function_call(); },
                                                       [] { throw std::domain_error(""); }};
  const std::vector<std::string> words = {"what 0", "",       "",       "", "",
                                          "at()",   "what 6", "what 7", "", ""};
  std::vector<ToolCall> calls;
  Lines results;
  for (std::size_t i = 0; i < throwers.size(); ++i) {
    calls.push_back({"c", "throws", "{\"i\":" + std::to_string(i) + "}"});
    results.push_back(error(calls.back(), {words[i]}));
  }
  calls.push_back({"d", "works", "{}"});
  results.push_back(result(calls.back(), "done"));
  Stage stage({user("Try.")}, {asks(calls)});
  stage.add_tool("throws", [&throwers](const json& x) -> json {
    throwers[x.at("i").get<std::size_t>()]();
    return "not reached";
  });
  stage.add_tool("works", [](const json&) { return "done"; });
  for (const auto& line : results) stage.append(line);
  stage.append(says("Tried."));
  play(stage);
  if (stage.runs.size() != calls.size()) {
    transcript::fail(std::to_string(stage.runs.size()) + " tool runs, expected one for each of " +
                     std::to_string(calls.size()) + " calls");
  }
}

TEST(ToolThrows, BadAllocPropagates) {
  const ToolCall call = {"c", "hungry", "{}"};
  Stage stage({user("Eat.")}, {asks({call, call})});
  stage.add_tool("hungry", [](const json&) -> json { throw std::bad_alloc(); });
  play_throwing<std::bad_alloc>("std::bad_alloc", "", stage);
  stage.expect_runs({"hungry {}"});
  Stage derived({user("Eat.")}, {asks({call})});
  derived.add_tool("hungry", [](const json&) -> json { throw std::bad_array_new_length(); });
  play_throwing<std::bad_array_new_length>("std::bad_array_new_length", "", derived);
}

TEST(Recovery, RandomDialogues) {
  Improviser random;
  for (int i = 0; i < 5; ++i) {
    Stage stage({system_line(random.text(4)), user(random.text(4))}, {});
    random.runs.clear();
    random.add_tools(stage);
    RetryPolicy retry = {.max_retries = 2, .base_ms = random.integer(1, 50), .cap_ms = 60};
    std::vector<std::int64_t> waits;
    const int turns = random.integer(1, 5);
    for (int t = 0; t < turns; ++t) {
      const int failures = random.integer(0, 2);
      for (int n = 0; n < failures; ++n) {
        stage.throws_before(static_cast<std::size_t>(t), overloaded("busy"));
      }
      for (const std::int64_t wait : oracle::waits(retry, failures)) waits.push_back(wait);
      random.add_turn(stage, random.kinds(random.integer(1, 6), Kind::kNotFitting));
    }
    stage.append(says(random.text(4)));
    play(stage, retry, waits);
    stage.expect_runs(random.runs);
  }
}
