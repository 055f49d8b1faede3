#include "level1.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "random_dialogue.h"
#include "stage.h"
#include "transcript.h"

using kata::json;
using kata::ToolCall;
using stage::Improviser;
using stage::Stage;
using transcript::asks;
using transcript::finishing;
using transcript::Lines;
using transcript::result;
using transcript::says;
using transcript::system_line;
using transcript::user;

namespace {

void play(Stage& stage) {
  stage.play([&] { return kata::run_agent(stage.model, stage.tools, stage.history); });
}

json schema_of_add() {
  const json integer = {{"type", "integer"}};
  return {{"type", "object"},
          {"properties", {{"a", integer}, {"b", integer}}},
          {"required", {"a", "b"}}};
}

/// One call of a tool that returns `value`; `text` is what must be fed back.
void expect_fed_back(const json& value, const std::string& text) {
  const ToolCall call = {"c", "get", "{}"};
  Stage stage({user("Get it.")}, {asks({call}), result(call, text), says("Got it.")});
  stage.add_tool("get", [value](const json&) { return value; });
  play(stage);
}

/// One call with these arguments; `dumped` is what the tool must get.
void expect_arguments(const std::string& text, const std::string& dumped) {
  const ToolCall call = {"c", "take", text};
  Stage stage({user("Take it.")}, {asks({call}), result(call, "ok"), says("Taken.")});
  stage.add_tool("take", [](const json&) { return "ok"; });
  play(stage);
  stage.expect_runs({"take " + dumped});
}

}  // namespace

TEST(OneCall, EXAMPLE_TwoAndThree) {
  const ToolCall call = {"call_1", "add", "{\"a\": 2, \"b\": 3}"};
  Stage stage({user("What is 2 + 3?")}, {asks({call}), result(call, "5"), says("It is 5.")});
  stage.add_tool(
      "add", [](const json& x) -> json { return x.at("a").get<int>() + x.at("b").get<int>(); },
      schema_of_add());
  play(stage);
  stage.expect_runs({"add {\"a\":2,\"b\":3}"});
}

TEST(Answer, EXAMPLE_NoCall) {
  Stage stage({user("Hello")}, {says("Hi there.")});
  stage.add_tool(
      "add", [](const json&) { return 0; }, schema_of_add());
  play(stage);
  stage.expect_runs({});
}

TEST(Answer, MayBeEmpty) {
  Stage stage({user("Say nothing.")}, {says("")});
  play(stage);
  const ToolCall call = {"c", "look", "{}"};
  Stage after_call({user("Look.")}, {asks({call}, "I look."), result(call, "dark"), says("")});
  after_call.add_tool("look", [](const json&) { return "dark"; });
  play(after_call);
}

TEST(Answer, IsNotTheTextBesideACall) {
  const ToolCall first = {"1", "look", "{}"}, second = {"2", "look", "{}"};
  Stage stage({user("Look twice.")},
              {asks({first}, "Once."), result(first, "dark"), asks({second}, "Final answer: once."),
               result(second, "dark"), says("Dark.")});
  stage.add_tool("look", [](const json&) { return "dark"; });
  play(stage);
}

TEST(Answer, CallsDecideNotTheFinishReason) {
  const ToolCall call = {"c", "look", "{}"};
  Stage stage({user("Look.")},
              {finishing(asks({call}), kata::Finish::kStop), result(call, "dark"),
               finishing(asks({call}, "I loo"), kata::Finish::kLength), result(call, "dark"),
               finishing(says("Dark."), kata::Finish::kToolCalls)});
  stage.add_tool("look", [](const json&) { return "dark"; });
  play(stage);
  stage.expect_runs({"look {}", "look {}"});
  Stage cut_off({user("Tell.")}, {finishing(says("Once upon a ti"), kata::Finish::kLength)});
  play(cut_off);
}

TEST(Loop, GoesOnAsLongAsTheModelCalls) {
  Improviser random;
  const int turns = random.integer(3, 12);
  Stage stage({user("Count.")}, {});
  int count = 0;
  stage.add_tool("next", [&count](const json&) { return ++count; });
  std::vector<std::string> runs;
  for (int i = 1; i <= turns; ++i) {
    const ToolCall call = {"call_" + std::to_string(i), "next",
                           "{\"i\":" + std::to_string(i) + "}"};
    stage.append(asks({call}));
    stage.append(result(call, std::to_string(i)));
    runs.push_back("next " + call.arguments);
  }
  stage.append(says("Counted."));
  play(stage);
  stage.expect_runs(runs);
}

TEST(Loop, RunsTheSameCallAgain) {
  const ToolCall call = {"same", "poll", "{\"job\":1}"};
  Stage stage({user("Wait for it.")},
              {asks({call}), result(call, "busy"), asks({call}), result(call, "busy"), asks({call}),
               result(call, "done"), says("Done.")});
  int polls = 0;
  stage.add_tool("poll", [&polls](const json&) { return ++polls < 3 ? "busy" : "done"; });
  play(stage);
}

TEST(Schemas, ArePassedInOrder) {
  const json nested = {{"type", "object"},
                       {"properties",
                        {{"tags", {{"type", "array"}, {"items", {{"enum", {"ä", "b"}}}}}},
                         {"n", {{"type", "null"}}}}},
                       {"required", json::array()},
                       {"additionalProperties", false}};
  Stage stage({user("Hello")}, {says("Hi.")});
  stage.add_tool(
      "zoo", [](const json&) { return 0; }, nested);
  stage
      .add_tool(
          "add", [](const json&) { return 0; }, schema_of_add())
      .description = "a + \"b\"";
  stage.add_tool("Mid", [](const json&) { return 0; }).description = "";
  play(stage);
}

TEST(Schemas, OfASingleToolAreAListToo) {
  const ToolCall call = {"c", "look", "{}"};
  Stage stage({user("Look.")}, {asks({call}), result(call, "dark"), says("Dark.")});
  stage.add_tool(
      "look", [](const json&) { return "dark"; }, json::object());
  play(stage);
}

TEST(Schemas, WithoutToolsAreAnEmptyList) {
  Stage stage({system_line("You have no tools."), user("Hello")}, {says("Hi.")});
  play(stage);
}

TEST(Tools, AreFoundByTheirExactName) {
  const std::vector<std::string> names = {"get_all", "get", "Get", "get-all", "et", "get_all_2"};
  Stage stage({user("Get everything.")}, {});
  for (const std::string& name : names) {
    stage.add_tool(name, [name](const json&) { return "from " + name; });
  }
  for (const std::string& name : {"get", "Get", "get_all_2", "et", "get_all", "get-all"}) {
    const ToolCall call = {"c", name, "{}"};
    stage.append(asks({call}));
    stage.append(result(call, "from " + name));
  }
  stage.append(says("That is all."));
  play(stage);
}

TEST(Arguments, KeepTheirTypes) {
  const std::string dumped =
      R"({"b":true,"d":0.5,"f":3.0,"i":3,"l":[1,"1",[]],"n":null,"o":{"k":{}},"s":"3","t":"true"})";
  expect_arguments(R"({"i": 3, "f": 3.0, "s": "3", "n": null, "b": true, "t": "true", "d": 5e-1,)"
                   "\n\t"
                   R"("l": [1, "1", []], "o": {"k": {}}})",
                   dumped);
  expect_arguments("  {}\n", "{}");
}

TEST(Arguments, LargeIntegersAreExact) {
  expect_arguments(
      R"({"a": 9007199254740993, "b": -9223372036854775808, "c": 18446744073709551615})",
      R"({"a":9007199254740993,"b":-9223372036854775808,"c":18446744073709551615})");
}

TEST(Arguments, UnicodeAndEscapes) {
  expect_arguments(R"({"é": "naïve →", "e": "\u00e9 \ud83d\ude00 \/", "q": "\"\\\n\t"})",
                   R"({"e":"é 😀 /","q":"\"\\\n\t","é":"naïve →"})");
  expect_arguments(R"({"zero": "a\u0000b"})", R"({"zero":"a\u0000b"})");
}

TEST(Results, TextIsFedBackAsItIs) {
  expect_fed_back("He said \"no\"\n\tto C:\\new, naïve → 😀",
                  "He said \"no\"\n\tto C:\\new, naïve → 😀");
  expect_fed_back("{\"a\": [1,  2]}", "{\"a\": [1,  2]}");
  expect_fed_back("\"in quotes\"", "\"in quotes\"");
  expect_fed_back(" padded ", " padded ");
  Improviser random;
  const std::string text = random.text(12);
  expect_fed_back(text, text);
}

TEST(Results, OtherValuesAreCompactJson) {
  expect_fed_back({{"b", {1, 2.5, "x"}}, {"a", {{"é", nullptr}}}},
                  R"({"a":{"é":null},"b":[1,2.5,"x"]})");
  expect_fed_back(json::array({"one \"string\""}), R"(["one \"string\""])");
  expect_fed_back(9007199254740993, "9007199254740993");
  expect_fed_back(0.1, "0.1");
  expect_fed_back(2.0, "2.0");
}

TEST(Results, EmptyOnesAreFedBackToo) {
  expect_fed_back("", "");
  expect_fed_back(nullptr, "null");
  expect_fed_back(false, "false");
  expect_fed_back(0, "0");
  expect_fed_back(json::array(), "[]");
  expect_fed_back(json::object(), "{}");
}

TEST(History, EarlierTurnsStayAndAreSent) {
  const ToolCall old = {"call_1", "look", "{\"at\": \"sky\"}"}, call = {"call_1", "look", "{}"};
  Stage stage({system_line("Be brief."), user("Look up."), asks({old}, "I look."),
               result(old, "blue"), says("Blue."), user("Look again.")},
              {asks({call}), result(call, "grey"), says("Grey.")});
  stage.add_tool("look", [](const json&) { return "grey"; });
  play(stage);
  stage.expect_runs({"look {}"});
}

TEST(History, IdsAndArgumentsAreCopiedAsTheyAre) {
  const std::vector<ToolCall> calls = {{"", "look", "{ }"},
                                       {"toolu_01A-b.c", "look", "{\"a\" : 1.50}"},
                                       {"é 7", "look", "{\"a\":\"\\u00e9\"}"},
                                       {"7", "look", "{\"b\":1,\"a\":2}\n"}};
  Stage stage({user("Look.")}, {});
  stage.add_tool("look", [](const json&) { return "dark"; });
  for (const ToolCall& call : calls) {
    stage.append(asks({call}));
    stage.append(result(call, "dark"));
  }
  stage.append(says("Dark."));
  play(stage);
}

TEST(Loop, RandomDialogues) {
  Improviser random;
  for (int i = 0; i < 5; ++i) {
    Stage stage({system_line(random.text(4)), user(random.text(4))}, {});
    random.runs.clear();
    random.add_tools(stage);
    const int turns = random.integer(0, 5);
    for (int t = 0; t < turns; ++t) random.add_turn(stage, random.kinds(1, stage::Kind::kPair));
    stage.append(says(random.text(4)));
    play(stage);
    stage.expect_runs(random.runs);
  }
}
