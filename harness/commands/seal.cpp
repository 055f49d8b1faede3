// The parts of the seal that are programs of their own; none is for people, the last one is what
// `./unaided doctor --seal` calls.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "../fault.h"
#include "../seal_verification.h"
#include "../temporary_folder.h"
#include "../text_file.h"
#include "commands.h"

namespace unaided {
namespace {

constexpr std::size_t kPlanBytesMax = 256 * 1024;
constexpr const char* kHiddenGroup = "";
constexpr std::size_t kColumns = 100;

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

/// Says what came of the escapes, then waits to be looked at, until its input ends.
void run_probe(const std::string& targets) {
  const nlohmann::json escapes = try_escapes(nlohmann::json::parse(targets).get<SealTargets>());
  fmt::print("{}\n", escapes.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::fflush(stdout);
  char ignored = 0;
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
}

void add_probe(CLI::App& app) {
  const auto targets = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("seal-probe", "tries the seal from where it is run");
  command->group(kHiddenGroup)->fallthrough(false);
  command->add_option("targets", *targets)->required();
  command->callback([targets] { run_probe(*targets); });
}

/// The seal of a session that is none: 0 when all of it is enforced, 1 when something is open, 2
/// when it cannot be had.
int examine_seal(CommandContext& context) {
  const SandboxSupport& support = sandbox_support();
  if (!support.available) {
    throw Fault(support.reason + "\n" + seal_mend(support.reason));
  }
  const TemporaryFolder folder(state_folder());
  const std::filesystem::path workspace = folder.path() / "workspace";
  const std::filesystem::path home = folder.path() / "home";
  std::filesystem::create_directory(workspace);
  std::filesystem::create_directory(home);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const SealReport report =
      probe_seal(seal_plan(context.installation(), workspace, home, {}),
                 std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  fmt::print("{}{}\n", render_seal(report, kColumns),
             report.enforced() ? "AI off: enforced, as far as it can be proved here"
                               : "UNSEALED: open: " + report.open_channels());
  return report.enforced() ? 0 : 1;
}

void add_examination(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("seal-doctor", "what of the seal holds on this machine");
  command->group(kHiddenGroup)->fallthrough(false);
  command->callback([&context] { context.exit_code = examine_seal(context); });
}

}  // namespace

void add_seal(CLI::App& app, CommandContext& context) {
  add_seat(app);
  add_probe(app);
  add_examination(app, context);
}

}  // namespace unaided
