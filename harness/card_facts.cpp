#include "card_facts.h"

#include <fmt/format.h>

namespace unaided {

namespace {

std::string known(int value) {
  return value < 0 ? "?" : std::to_string(value);
}

}  // namespace

void add_card_facts(const GpuSurvey& before, const GpuSurvey& after, int index,
                    Fingerprint& fingerprint) {
  const Gpu& gpu = require_gpu(before, index);
  const Gpu& then = require_gpu(after, index);
  auto add = [&](const char* name, const std::string& value) {
    fingerprint.facts.emplace_back(name, value);
  };
  add("card", gpu.name);
  add("architecture", gpu.architecture());
  add("highest clock", known(gpu.clock_mhz_max) + " MHz");
  add("driver", before.driver);
  add("driver's CUDA", before.cuda);
  add(kCardState,
      fmt::format("{} MHz, memory {} MHz, {} C before; {} MHz, memory {} MHz, {} C after",
                  known(gpu.clock_mhz), known(gpu.memory_clock_mhz), known(gpu.temperature_c),
                  known(then.clock_mhz), known(then.memory_clock_mhz), known(then.temperature_c)));
}

}  // namespace unaided
