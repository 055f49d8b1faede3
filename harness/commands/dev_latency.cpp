#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "../device_choice.h"
#include "../latency.h"
#include "commands.h"

namespace unaided {
namespace {

struct LatencyOptions {
  std::vector<std::string> katas{"attention"};
  int rounds = 15;
  bool all = false;
  bool attempts = false;
  bool no_baselines = false;
  bool json = false;
};

void measure(CommandContext& context, const LatencyOptions& options) {
  const Installation& installation = context.installation();
  nlohmann::json results = nlohmann::json::array();
  std::vector<double> attempts_ms;
  const std::vector<std::string> katas = options.all ? kata_ids(installation.root) : options.katas;
  for (const std::string& id : katas) {
    const Kata kata = context.kata(id);
    if (options.all && !kata.device.empty()) continue;  // an emulated device has no speed
    require_device(kata, /*emulated=*/false);
    LatencyFigures figures = measure_latency(installation, kata, options.rounds, options.attempts);
    if (!options.no_baselines) {
      measure_import_torch(installation, figures);
      measure_plain_build(installation, kata, figures);
    }
    attempts_ms.insert(attempts_ms.end(), figures.attempts_ms.begin(), figures.attempts_ms.end());
    if (options.json) results.push_back(latency_to_json(figures));
    if (!options.json) fmt::print("{}", render_latency(figures));
    std::fflush(stdout);
  }
  if (!options.json && !attempts_ms.empty() && katas.size() > 1) {
    fmt::print("all katas\n{}", render_attempts(attempts_ms));
  }
  if (options.json) fmt::print("{}\n", (results.size() == 1 ? results[0] : results).dump(2));
}

}  // namespace

void add_dev_latency(CLI::App& dev, CommandContext& context) {
  const auto options = std::make_shared<LatencyOptions>();
  CLI::App* command = dev.add_subcommand(
      "latency", "measure save → verdict beside a plain build of the same kata (minutes)");
  command->add_option("kata", options->katas, "default: attention");
  command->add_flag("--all", options->all, "every kata, but for those that need a GPU");
  command->add_option("--rounds", options->rounds, "saves to measure")->check(CLI::Range(1, 1000));
  command->add_flag("--attempts", options->attempts,
                    "save every alternate and mutant, too (minutes)");
  command->add_flag("--no-baselines", options->no_baselines,
                    "without plain build and import torch");
  command->add_flag("--json", options->json, "for programs");
  command->callback([options, &context] { measure(context, *options); });
}

}  // namespace unaided
