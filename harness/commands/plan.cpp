#include "../plan.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../fault.h"
#include "../history.h"
#include "../practice_text.h"
#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

struct PlanOptions {
  std::string interview;
  std::string format = "assessment";
  int a_day = 2;
  bool json = false;
};

void plan(CommandContext& context, const PlanOptions& options) {
  const auto interview = parse_day(options.interview);
  if (!interview) {
    throw Fault("--interview " + options.interview + " is no day: write it as 2026-12-15");
  }
  const History history{SessionStore(state_folder())};
  print_remarks(history);
  const Day today = local_day(SystemClock().now().utc_ms);
  const auto days = plan_until(katas_to_propose(context), level_tries(history.sessions()), today,
                               *interview, options.format, options.a_day);
  if (options.json) return print_json(plan_to_json(days, *interview));
  fmt::print("{}", render_plan(days, *interview, context.terminal()));
}

}  // namespace

void add_plan(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<PlanOptions>();
  CLI::App* command =
      app.add_subcommand("plan", "spread the katas over the days until an interview");
  command->group(kPractiseGroup);
  command->add_option("--interview", options->interview, "its day, as 2026-12-15")->required();
  command->add_option("--format", options->format, "interview or assessment")
      ->capture_default_str();
  command->add_option("--a-day", options->a_day, "sittings on each day")
      ->check(CLI::Range(1, 8))
      ->capture_default_str();
  command->add_flag("--json", options->json, "for programs");
  command->callback([options, &context] { plan(context, *options); });
}

}  // namespace unaided
