#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../bench_comparison.h"
#include "../fault.h"
#include "../text_file.h"
#include "commands.h"

namespace unaided {
namespace {

constexpr std::size_t kReportBytesMax = 64 << 20;

struct CompareOptions {
  std::string first, second;
  bool force = false;
};

BenchReport read_report(const std::string& file) {
  const auto json = nlohmann::json::parse(read_text_file(file, kReportBytesMax), nullptr,
                                          /*allow_exceptions=*/false);
  if (json.is_discarded()) throw Fault(file + " is no JSON; unaided bench --json FILE writes it");
  try {
    return bench_report_from_json(json);
  } catch (const Fault& fault) {
    throw Fault(file + ": " + fault.what());
  }
}

void compare(CommandContext& context, const CompareOptions& options) {
  const BenchReport first = read_report(options.first);
  const BenchReport second = read_report(options.second);
  const auto differences = fingerprint_differences(first.fingerprint, second.fingerprint);
  std::string listed;
  for (const std::string& difference : differences) listed += "  " + printable(difference) + "\n";
  if (!differences.empty() && !options.force) {
    throw Fault("the two were not measured under the same conditions:\n" + listed +
                "Measure both here, or compare all the same with --force.");
  }
  const auto changes = compare_reports(first, second);
  if (changes.empty()) throw Fault("the two have no rung of a problem in common");
  if (!differences.empty()) fmt::print("Not measured under the same conditions:\n{}\n", listed);
  fmt::print("{}", render_changes(changes, context.terminal()));
}

}  // namespace

void add_compare(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand("compare", "two files of bench --json");
  command->group(kGradeGroup);
  command->add_option("first", options->first, "measured before")->required();
  command->add_option("second", options->second, "measured after")->required();
  command->add_flag("--force", options->force, "even across machines, compilers or flags");
  command->callback([options, &context] { compare(context, *options); });
}

}  // namespace unaided
