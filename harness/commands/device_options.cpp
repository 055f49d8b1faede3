#include <CLI/CLI.hpp>

#include "../device_sanitizer.h"
#include "commands.h"

namespace unaided {

void add_emulated_flag(CLI::App& command, bool& emulated) {
  command.add_flag("--emulated", emulated,
                   "katas in CUDA: on an emulated device, on the CPU (arithmetic, barriers, "
                   "bounds; not speed)");
}

void add_sanitizer_option(CLI::App& command, std::string& tool) {
  command
      .add_option("--sanitizer", tool,
                  "katas in CUDA: then once more under compute-sanitizer, on a card: memcheck, "
                  "racecheck or synccheck")
      ->type_name("TOOL")
      ->check(CLI::IsMember(
          std::vector<std::string>(std::begin(kSanitizerTools), std::end(kSanitizerTools))));
}

}  // namespace unaided
