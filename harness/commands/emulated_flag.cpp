#include <CLI/CLI.hpp>

#include "commands.h"

namespace unaided {

void add_emulated_flag(CLI::App& command, bool& emulated) {
  command.add_flag("--emulated", emulated,
                   "katas in CUDA: on an emulated device, on the CPU (arithmetic, barriers, "
                   "bounds; not speed)");
}

}  // namespace unaided
