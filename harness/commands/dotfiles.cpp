#include "../dotfiles.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"

namespace unaided {

void add_dotfiles(CLI::App& app, CommandContext&) {
  CLI::App* command =
      app.add_subcommand("dotfiles", "which of your files a sealed session may read");
  command->group(kLookAfterGroup)->require_subcommand(0, 1);
  const auto file = std::make_shared<std::string>();
  CLI::App* add = command->add_subcommand("add", "a single file, such as ~/.vimrc");
  add->add_option("file", *file)->required();
  add->callback([file] { add_dotfile(*file); });
  CLI::App* remove = command->add_subcommand("remove", "takes one off the list");
  remove->add_option("file", *file)->required();
  remove->callback([file] { remove_dotfile(*file); });
  command->callback([] {
    for (const SealPlan::Dotfile& dotfile : allowed_dotfiles()) {
      fmt::print("{}\n", dotfile.source.string());
    }
  });
}

}  // namespace unaided
