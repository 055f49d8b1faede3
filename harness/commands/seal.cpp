// The parts of the seal that are programs of their own; none is for people, the last one is what
// `./unaided doctor --seal` calls.
#include <CLI/CLI.hpp>
#include <memory>

#include "../seat.h"
#include "../text_file.h"
#include "commands.h"

namespace unaided {
namespace {

constexpr std::size_t kPlanBytesMax = 256 * 1024;
constexpr const char* kHiddenGroup = "";

struct SeatOptions {
  std::string plan;
  std::string info;
  std::vector<std::string> argv;
};

void add_seat(CLI::App& app) {
  const auto options = std::make_shared<SeatOptions>();
  CLI::App* command = app.add_subcommand("seat", "becomes the sandbox of a session");
  command->group(kHiddenGroup)->fallthrough(false);
  command->add_option("--plan", options->plan)->required();
  command->add_option("--info", options->info);
  command->add_option("argv", options->argv)->required();
  command->callback([options] {
    const SealPlan plan = nlohmann::json::parse(read_text_file(options->plan, kPlanBytesMax));
    take_seat(plan, options->info, options->argv);
  });
}

}  // namespace

void add_seal(CLI::App& app, CommandContext&) {
  add_seat(app);
}

}  // namespace unaided
