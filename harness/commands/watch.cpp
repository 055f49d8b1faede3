#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "../report_json.h"
#include "../session_status.h"
#include "../text_layout.h"
#include "commands.h"
#include "session_request.h"

namespace unaided {
namespace {

using nlohmann::json;

constexpr int kRoomMin = 20;  // columns, below which lines are not broken
constexpr char kClearScreen[] = "\x1b[H\x1b[2J\x1b[3J";

/// `line` broken between words, under its own indentation.
std::string broken(std::string_view line, int columns) {
  const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
  const auto room = columns - static_cast<int>(indent);
  if (static_cast<int>(line.size()) <= columns || room < kRoomMin) return std::string(line);
  std::string rows = indented(wrap(line.substr(indent), room, 0), std::string(indent, ' '));
  rows.pop_back();  // the last newline
  return rows;
}

/// As much of `text` as this terminal shows at once, its beginning: the verdict comes first. Lines
/// are measured by their bytes, which are never fewer than their columns.
std::string first_screen(const std::string& text) {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 4 || size.ws_col == 0) {
    return text;
  }
  int rows_left = size.ws_row - 2;
  std::string shown;
  for (const std::string_view line : split_lines(text)) {
    const std::string rows = broken(line, size.ws_col);
    const std::string measured = rows.empty() ? "\n" : rows;
    for (const std::string_view row : split_lines(measured)) {
      rows_left -= 1 + static_cast<int>(row.size()) / (size.ws_col + 1);
    }
    if (rows_left < 0) return shown + "  ... ./u check shows the rest\n";
    shown.append(rows).append("\n");
  }
  return shown;
}

/// Shows the host's messages as they come. On a terminal each verdict takes the place of the one
/// before; in a pipe they follow one another.
class Viewer {
 public:
  Viewer(const Terminal& terminal, std::string program)
      : terminal_(terminal), program_(std::move(program)) {}

  void show(const json& message) {
    struct Row {
      std::string_view type;
      void (Viewer::*show)(const json&);
    };
    static constexpr Row kRows[] = {
        {"status", &Viewer::show_status},   {"judging", &Viewer::show_judging},
        {"check", &Viewer::show_check},     {"report", &Viewer::show_report},
        {"refused", &Viewer::show_message}, {"fault", &Viewer::show_message},
        {"warning", &Viewer::show_warning}, {"ended", &Viewer::show_end},
    };
    for (const Row& row : kRows) {
      if (message.at("type") == row.type) (this->*row.show)(message);
    }
    std::fflush(stdout);
  }

 private:
  void clear() const {
    if (terminal_.output_is_tty) fmt::print("{}", kClearScreen);
  }
  void show_status(const json& message) {
    clear();
    fmt::print("{}\nEvery save is judged.\n", render_status(message.at("status"), terminal_));
  }
  void show_judging(const json& message) {
    clear();
    fmt::print("judging snapshot {}\n", message.at("snapshot").get<std::string>().substr(0, 12));
  }
  void show_check(const json& message) {
    if (!terminal_.output_is_tty) return;  // the report has them all
    fmt::print("{}\n", render_check(check_verdict_from_json(message.at("verdict")), terminal_));
  }
  void show_report(const json& message) {
    clear();
    ReportView view;
    view.full_command = program_ + " check --full";
    view.next_when_passed = fmt::format("Next: {} submit", program_);
    const GradeReport report = report_from_json(message.at("report"));
    const std::string text = render_report(report, view, terminal_);
    fmt::print("{}", terminal_.output_is_tty ? first_screen(text) : text);
  }
  void show_message(const json& message) {
    clear();
    fmt::print("{}\n", printable(message.at("message").get<std::string>()));
  }
  void show_warning(const json& message) {
    fmt::print("-- {}\n", message.at("message").get<std::string>());
  }
  void show_end(const json& message) {
    fmt::print("\n{}", render_status(message.at("status"), terminal_));
  }

  Terminal terminal_;
  std::string program_;
};

void watch(CommandContext& context, const SessionOptions& options) {
  Viewer viewer(context.terminal(), context.program);
  const auto on_message = [&](const json& message) {
    if (!options.json) return viewer.show(message);
    fmt::print("{}\n", message.dump(-1, ' ', false, json::error_handler_t::replace));
    std::fflush(stdout);
  };
  ask_host(context, options, {{"request", "watch"}}, on_message);
}

}  // namespace

void add_watch(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<SessionOptions>();
  CLI::App* command = app.add_subcommand("watch", "verdicts as they come, until the session ends");
  command->group(kPractiseGroup);
  add_session_options(*command, *options);
  command->callback([options, &context] { watch(context, *options); });
}

}  // namespace unaided
