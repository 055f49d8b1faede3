#include "../api.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "../text_layout.h"
#include "commands.h"

namespace unaided {
namespace {

/// A sealed session cannot see the installation: it is told where the headers are.
std::filesystem::path include_folder(CommandContext& context) {
  const char* told = std::getenv("UNAIDED_LIBTORCH_INCLUDE");
  if (told != nullptr) return told;
  return context.installation().libtorch_include.at(0);
}

void api(CommandContext& context, const std::string& word) {
  if (word.empty()) {
    const std::string words = fmt::format("{}", fmt::join(api_words(), ", "));
    fmt::print("{}\nand every other function of LibTorch's headers\n",
               wrap(words, context.terminal().width, /*indent=*/0));
    return;
  }
  const ApiEntry entry = look_up_api(include_folder(context), word);
  for (const std::string& signature : entry.signatures) {
    fmt::print("{}\n", wrap(signature, context.terminal().width, /*indent=*/4));
  }
  if (!entry.example.empty())
    fmt::print("  e.g. {}\n", context.terminal().paint("1", entry.example));
}

}  // namespace

void add_api(CLI::App& app, CommandContext& context) {
  const auto word = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("api", "signatures of LibTorch's functions, offline");
  command->group(kLookGroup);
  command->add_option("word", *word,
                      "a function's or method's name (default: what has an example)");
  command->callback([word, &context] { api(context, *word); });
}

}  // namespace unaided
