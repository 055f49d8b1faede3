#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../fault.h"
#include "../skeleton.h"
#include "../text_file.h"
#include "commands.h"

namespace unaided {
namespace {

constexpr std::size_t kCMakeListsBytesMax = 1'000'000;

/// Appends `add_kata(<id>)` unless the line is there.
void register_kata(const std::filesystem::path& cmake_lists, const std::string& id) {
  std::string text = read_text_file(cmake_lists, kCMakeListsBytesMax);
  const std::string line = fmt::format("add_kata({})\n", id);
  if (text.find(line) != std::string::npos) return;
  if (!text.ends_with('\n')) text += '\n';
  write_text_file(cmake_lists, text + line);
}

int create(CommandContext& context, const std::string& id, bool cuda) {
  const std::filesystem::path& root = context.installation().root;
  if (!is_kata_id(id)) {
    throw Fault(
        fmt::format("'{}' cannot be a kata's id: lower-case letters, digits and "
                    "underscores, a letter first, at most 32",
                    id.substr(0, 64)));
  }
  for (const char* folder : {"katas", "reference"}) {
    if (!std::filesystem::exists(root / folder / id)) continue;
    throw Fault(fmt::format("{}/{} is there already; nothing was changed", folder, id));
  }
  for (const SkeletonFile& file : kata_skeleton(id, cuda)) {
    write_text_file(root / file.path, file.text);
    fmt::print("  wrote  {}\n", file.path.string());
  }
  register_kata(root / "CMakeLists.txt", id);
  fmt::print("  added  add_kata({}) to CMakeLists.txt\n", id);
  fmt::print(
      "\nIt doubles numbers until you replace that. {0} dev verify {1} builds it and says what it "
      "lacks.\n",
      context.program, id);
  return 0;
}

}  // namespace

void add_dev_new(CLI::App& dev, CommandContext& context) {
  const auto id = std::make_shared<std::string>();
  const auto cuda = std::make_shared<bool>(false);
  CLI::App* command = dev.add_subcommand("new", "write the skeleton of a kata");
  command->add_option("id", *id, "its name in every folder: top_k")->required();
  command->add_flag("--cuda", *cuda, "a kernel kata: its attempts are .cu files");
  command->callback([id, cuda, &context] { context.exit_code = create(context, *id, *cuda); });
}

}  // namespace unaided
