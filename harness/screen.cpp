// The terminal's side of a session. The tmux server is our own (socket, configuration, no prefix
// key), so it works inside the user's tmux and changes nothing there. Losing it loses nothing: the
// host owns the session, and `resume` makes a new screen.
#include "screen.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "compiler.h"
#include "fault.h"
#include "installation.h"
#include "process.h"
#include "sha256.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr char kTmux[] = "/usr/bin/tmux";
constexpr int kTmuxWallMsMax = 10'000;
constexpr std::size_t kTmuxBytesMax = 64 * 1024;
constexpr int kCannotStart = 127;

/// Editors that run in a terminal, and what makes them do so.
struct EditorRow {
  std::string_view name;
  std::string_view flag;
};
constexpr std::array<EditorRow, 13> kEditors = {{{"vim", ""},
                                                 {"vi", ""},
                                                 {"nvim", ""},
                                                 {"nano", ""},
                                                 {"emacs", "-nw"},
                                                 {"micro", ""},
                                                 {"hx", ""},
                                                 {"helix", ""},
                                                 {"kak", ""},
                                                 {"joe", ""},
                                                 {"mg", ""},
                                                 {"ne", ""},
                                                 {"jed", ""}}};

constexpr char kConfiguration[] = R"(set -g prefix None
set -g prefix2 None
unbind -a -T prefix
set -s escape-time 10
set -s set-clipboard off
set -g mouse on
set -g history-limit 20000
set -g default-terminal screen-256color
set -g status-left " unaided "
set -g status-right " Alt-arrows: other pane  exit: leave "
set -g window-status-current-format "#S"
bind -n M-Left select-pane -L
bind -n M-Right select-pane -R
)";

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quoted(word);
  return text;
}

std::vector<std::string> environment_of_caller() {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    const bool outer_tmux = variable.starts_with("TMUX=") || variable.starts_with("TMUX_PANE=");
    if (!outer_tmux) variables.emplace_back(variable);
  }
  return variables;
}

}  // namespace

std::vector<std::string> terminal_editor(const char* visual, const char* editor) {
  const bool has_visual = visual != nullptr && *visual != '\0';
  const char* chosen = has_visual ? visual : editor;
  std::istringstream text(chosen == nullptr ? "" : chosen);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  if (words.empty()) return {};
  const std::string name = fs::path(words[0]).filename().string();
  const auto row = std::find_if(kEditors.begin(), kEditors.end(),
                                [&name](const EditorRow& known) { return known.name == name; });
  if (row == kEditors.end()) return {};
  const bool flagged = std::find(words.begin(), words.end(), row->flag) != words.end();
  if (!row->flag.empty() && !flagged) words.emplace_back(row->flag);
  return words;
}

Screen::Screen(const SessionFolder& folder)
    : folder_(folder),
      socket_(runtime_folder() / (short_hash(sha256(folder.path.string())) + ".tmux")) {}

bool Screen::available() {
  return access(kTmux, X_OK) == 0;
}

void Screen::show(const std::vector<std::string>& command,
                  const std::vector<std::string>& watch) const {
  if (!made()) make(command, watch);
  if (run_in_foreground(tmux({"-u", "attach-session"}), folder_.workspace()) != 0) {
    throw Fault("tmux could not show the screen; the session goes on in " +
                folder_.workspace().string());
  }
  std::error_code ignored;
  if (!made()) fs::remove(socket_, ignored);  // tmux leaves it behind
}

bool Screen::made() const {
  const Command probe{tmux({"has-session"}), environment_of_caller(), {}, {}};
  return run_bounded(probe, kTmuxWallMsMax, kTmuxBytesMax, nullptr).succeeded();
}

std::vector<std::string> Screen::tmux(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = {kTmux, "-S", socket_.string(), "-f",
                                   (folder_.path / "tmux.conf").string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

void Screen::make(const std::vector<std::string>& command,
                  const std::vector<std::string>& watch) const {
  write_text_file(folder_.path / "tmux.conf", kConfiguration);
  const std::string left =
      joined(command) + "; \"${SHELL:-/bin/sh}\"; " + joined(tmux({"kill-session"}));
  const std::string workspace = folder_.workspace().string();
  // One command line, so that the server never runs with half a screen. The right pane keeps its
  // last lines when the watch ends.
  const Command build{tmux({"new-session", "-d",          "-s", folder_.id(),     "-c",
                            workspace,     left,          ";",  "split-window",   "-h",
                            "-l",          "42%",         "-c", workspace,        joined(watch),
                            ";",           "set-option",  "-p", "remain-on-exit", "on",
                            ";",           "select-pane", "-L"}),
                      environment_of_caller(),
                      {},
                      {}};
  const RunEnd end = run_bounded(build, kTmuxWallMsMax, kTmuxBytesMax, nullptr);
  if (!end.succeeded()) throw Fault("tmux could not make the screen: " + end.output);
}

bool runnable(const std::string& program) {
  if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

int run_in_foreground(const std::vector<std::string>& argv, const fs::path& folder) {
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw_errno("cannot start " + argv[0]);
  if (child == 0) {
    unsetenv("TMUX");
    if (chdir(folder.c_str()) == 0) execvp(words[0], words.data());
    _exit(kCannotStart);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw_errno("cannot wait for " + argv[0]);
  }
  if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  if (WEXITSTATUS(status) == kCannotStart) throw Fault("there is no program " + argv[0]);
  return WEXITSTATUS(status);
}

}  // namespace unaided
