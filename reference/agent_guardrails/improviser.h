#pragma once

// Dialogues made up anew for each seed, from so few words that models go in circles again and
// again.

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "oracle.h"
#include "stage.h"

namespace stage {

/// What the human of a dialogue is asked.
struct Human {
  int approval_risk = std::numeric_limits<int>::max();
  int max_refusals = std::numeric_limits<int>::max();
};

class Improviser {
 public:
  explicit Improviser(Human human = {}) : human_(human), random_(support::seeded_generator()) {}

  int integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  std::size_t index(std::size_t count) {
    return static_cast<std::size_t>(integer(0, static_cast<int>(count) - 1));
  }

  bool chance(int percent) { return integer(1, 100) <= percent; }

  Thresholds thresholds() {
    return {.repeats = integer(1, 3),
            .max_period = integer(0, 3),
            .max_stops = integer(1, 3),
            .max_failures = integer(1, 3)};
  }

  /// Fills the stage's script to the end of a run.
  void fill(Stage& stage) {
    model_ = 0, stops_ = 0, refusals_ = 0;
    turns_.clear(), plans_.clear();
    for (int step = integer(3, 25); step > 0; --step) {
      const std::vector<Failure> failures = some_failures(stage);
      const Plan plan = next_plan();
      const std::vector<kata::ToolCall> calls = calls_of(plan);
      stage.append(after(failures, by(model_, script::asks(calls, chance(30) ? "Again." : ""))));
      const bool goes_on = oracle::stopped(turns_, oracle::asked(calls), stage.thresholds)
                               ? stop(stage, calls)
                               : take(stage, plan, calls);
      if (!goes_on) return;
    }
    const std::vector<Failure> failures = some_failures(stage);
    stage.append(after(failures, by(model_, script::says("Done."))));
  }

 private:
  /// A call as it is to go: which tool, with what, and what comes of it.
  struct Part {
    int tool = 0;
    int x = 0;
    int end = 0;      // 2: throws
    bool no = false;  // the human refuses
  };
  using Plan = std::vector<Part>;

  Part new_part() {
    return {.tool = integer(0, 2), .x = integer(0, 1), .end = integer(0, 2), .no = chance(30)};
  }

  Plan next_plan() {
    if (!plans_.empty() && chance(85)) {
      if (chance(30)) last_back_ = index(std::min<std::size_t>(plans_.size(), 3)) + 1;
      Plan plan = plans_[plans_.size() - last_back_];
      if (chance(8)) plan.front().end = integer(0, 2);
      return plan;
    }
    last_back_ = 1;
    Plan plan = {new_part()};
    if (chance(30)) plan.push_back(new_part());
    return plan;
  }

  std::vector<kata::ToolCall> calls_of(const Plan& plan) {
    const std::string spellings[] = {R"({"x":#,"y":{"é":[1,2]}})",
                                     R"({ "y" : {"\u00e9": [1, 2]}, "x" : # })"};
    std::vector<kata::ToolCall> calls;
    for (const Part& part : plan) {
      std::string text = spellings[index(2)];
      text.replace(text.find('#'), 1, std::to_string(part.x));
      calls.push_back({"call_" + std::to_string(integer(1, 4)), name_of_tool(part.tool), text});
    }
    return calls;
  }

  /// The last of them is not there.
  static std::string name_of_tool(int tool) {
    constexpr const char* kNames[] = {"look", "pay", "fly"};
    return kNames[tool];
  }

  bool stop(Stage& stage, const std::vector<kata::ToolCall>& calls) {
    for (const kata::ToolCall& call : calls) stage.append(script::stopped(call));
    if (++stops_ < stage.thresholds.max_stops) return true;
    stops_ = 0;
    if (++model_ < stage.model_count) return true;
    stage.status = Status::kLooping;
    return false;
  }

  bool take(Stage& stage, const Plan& plan, const std::vector<kata::ToolCall>& calls) {
    oracle::Turn turn = {oracle::asked(calls), ""};
    turn.whole = turn.asked;
    bool ended = false;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const Line line = ended ? script::left_over(calls[i]) : line_of(stage, plan[i], calls[i]);
      stage.append(line);
      turn.whole += std::to_string(static_cast<int>(line.way)) + line.value.dump();
      refusals_ += line.way == Way::kRefused ? 1 : 0;
      ended = refusals_ >= human_.max_refusals;
    }
    turns_.push_back(turn);
    plans_.push_back(plan);
    if (ended) stage.status = Status::kRefused;
    return !ended;
  }

  Line line_of(const Stage& stage, const Part& part, const kata::ToolCall& call) const {
    if (part.tool == 2) return script::unknown(call);
    const bool asked = stage.risks.at(call.name) >= human_.approval_risk;
    if (asked && part.no) return script::refused(call, "not today");
    Line line = part.end == 2 ? script::failed(call, "out of order")
                              : script::result(call, "seen " + std::to_string(part.end));
    line.approved = asked;
    return line;
  }

  /// Now and then; never so many that the last model is given up.
  std::vector<Failure> some_failures(const Stage& stage) {
    std::vector<Failure> failures;
    int in_a_row = 0;
    for (int count = chance(25) ? integer(1, 6) : 0; count > 0; --count) {
      const bool last_one = in_a_row + 1 == stage.thresholds.max_failures;
      if (last_one && model_ + 1 == stage.model_count) break;
      failures.push_back(script::overloaded(model_));
      ++in_a_row;
      if (!last_one) continue;
      ++model_;
      stops_ = 0, in_a_row = 0;
    }
    return failures;
  }

  Human human_;
  std::mt19937_64 random_;
  std::size_t model_ = 0;
  int stops_ = 0;
  int refusals_ = 0;
  std::size_t last_back_ = 1;
  std::vector<oracle::Turn> turns_;
  std::vector<Plan> plans_;
};

}  // namespace stage
