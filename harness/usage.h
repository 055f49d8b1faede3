#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace unaided {

/// Help that teaches: the main job first, then the commands by group. Subcommands keep CLI11's
/// form.
class UsageFormatter : public CLI::Formatter {
 public:
  explicit UsageFormatter(std::string program);
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;

 private:
  std::string program_;
};

/// One sentence for a command line that could not be read, with the nearest spelling of a word that
/// is not known and the help to ask for.
std::string explain_usage_error(const CLI::App& app, const CLI::ParseError& error,
                                const std::string& program);

}  // namespace unaided
