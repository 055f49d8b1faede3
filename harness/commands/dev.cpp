#include <CLI/CLI.hpp>

#include "commands.h"

namespace unaided {

void add_dev(CLI::App& app, CommandContext& context) {
  CLI::App* dev = app.add_subcommand(
      "dev", "verify, new: write a kata and prove it; latency, history-benchmark: measure");
  dev->group(kAuthorsGroup)->require_subcommand(1);
  add_dev_verify(*dev, context);
  add_dev_new(*dev, context);
  add_dev_latency(*dev, context);
  add_dev_history(*dev, context);
}

}  // namespace unaided
