// What `./unaided doctor` says of cards and toolkits, and what a sandbox is asked from inside.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../cuda_toolkit.h"
#include "../gpu.h"
#include "commands.h"

namespace unaided {
namespace {

constexpr const char* kHiddenGroup = "";

/// A row of the doctor's table: what, its version, where, its state.
void print_row(const std::string& what, const std::string& version, const std::string& where,
               const std::string& state) {
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  fmt::print("{:<20} {:<26} {:<50} {}\n", what, or_dash(version), or_dash(where), state);
}

std::string state_of(const Gpu& gpu) {
  const auto known = [](int value) { return value < 0 ? "?" : std::to_string(value); };
  return fmt::format("ok: {} MHz of {}, memory {} MHz, {} C", known(gpu.clock_mhz),
                     known(gpu.clock_mhz_max), known(gpu.memory_clock_mhz),
                     known(gpu.temperature_c));
}

void print_table(CommandContext& context, const GpuSurvey& survey) {
  for (const Gpu& gpu : survey.gpus) {
    print_row(fmt::format("GPU cuda:{}", gpu.index), gpu.architecture(),
              fmt::format("{}, {} GiB", gpu.name, gpu.memory_bytes >> 30), state_of(gpu));
  }
  if (survey.gpus.empty()) print_row("GPU", "", "", survey.absence);
  if (!survey.driver.empty()) {
    print_row("NVIDIA driver", survey.driver, survey.library.string(),
              survey.cuda.empty() ? "no CUDA" : "runs CUDA up to " + survey.cuda);
  }
  const ToolkitFinding finding = find_cuda_toolkit(toolkit_places(context.installation()));
  const bool found = finding.toolkit.has_value();
  print_row("nvcc", found ? finding.toolkit->version : "",
            found ? finding.toolkit->nvcc.string() : "", found ? "ok" : finding.absence);
}

}  // namespace

void add_gpu(CLI::App& app, CommandContext& context) {
  const auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("gpu", "cards, driver and toolkit");
  command->group(kHiddenGroup);
  command->add_flag("--json", *as_json, "for programs");
  command->callback([as_json, &context] {
    const GpuSurvey survey = survey_gpus();
    if (*as_json) {
      fmt::print("{}\n", nlohmann::json(survey).dump());
    } else {
      print_table(context, survey);
    }
  });
}

}  // namespace unaided
