#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../session_export.h"
#include "commands.h"

namespace unaided {
namespace {

struct ExportOptions {
  std::string session;
  std::string folder;
};

int export_command(CommandContext& context, const ExportOptions& options) {
  const SessionFolder folder = SessionStore(state_folder()).find(options.session);
  const Kata kata = context.kata(folder.replay().created.kata);
  const std::string target = options.folder.empty() ? folder.id() : options.folder;
  export_session(folder, kata, target);
  fmt::print("{}: README.md, the attempt, its report and its times, where there are any\n", target);
  return 0;
}

}  // namespace

void add_export(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "a finished session as a folder worth showing");
  command->group(kLookGroup);
  command->add_option("session", options->session, "which one, by id")->required();
  command->add_option("folder", options->folder,
                      "where it goes; new or empty (default: the session's id, here)");
  command->callback([options, &context] { context.exit_code = export_command(context, *options); });
}

}  // namespace unaided
