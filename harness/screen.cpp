// The terminal's side of a session. The tmux server is our own (socket, configuration, no keys but
// a few), so it works inside the user's tmux and changes nothing there. Losing a terminal loses
// nothing: the host owns server and session, and `resume` attaches again.
#include "screen.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <thread>

#include "compiler.h"
#include "fault.h"
#include "installation.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr char kTmux[] = "/usr/bin/tmux";
constexpr int kTmuxWallMsMax = 10'000;
constexpr std::size_t kTmuxBytesMax = 64 * 1024;
constexpr int kCannotStart = 127;
constexpr char kAnnouncementMs[] = "8000";

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

/// No key or button may start anything outside the seat: tmux's own bindings go, menus included,
/// and what a new pane would run is nothing.
constexpr char kConfiguration[] = R"(set -g prefix None
set -g prefix2 None
unbind -a -T prefix
unbind -a -T root
set -g default-command /bin/false
set -s escape-time 10
set -s set-clipboard off
set -gq allow-passthrough off
set -g mouse on
set -g history-limit 20000
set -g default-terminal screen-256color
set -g status-interval 1
set -g status-left " unaided "
set -g status-right-length 160
set -g window-status-format ""
set -g window-status-current-format ""
bind -n M-Left select-pane -L
bind -n M-Right select-pane -R
bind -n M-Up select-pane -U
bind -n M-Down select-pane -D
bind -n M-q detach-client
bind -n MouseDown1Pane select-pane -t = \; send-keys -M
bind -n WheelUpPane if -F "#{||:#{alternate_on},#{||:#{pane_in_mode},#{mouse_any_flag}}}" "send-keys -M" "copy-mode -e"
bind -n WheelDownPane send-keys -M
)";

constexpr char kServerGone[] = "tmux could not show the screen; the session goes on in ";
constexpr int kServerStartMsMax = 3000;
constexpr std::chrono::milliseconds kServerPause(5);

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quoted(word);
  return text;
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
    : folder_(folder), socket_(folder.runtime_path(".tmux")) {}

bool Screen::available() {
  return access(kTmux, X_OK) == 0;
}

Process Screen::start_server() const {
  const std::string program = fs::read_symlink("/proc/self/exe");
  const std::string line = joined({program, "status", "--line", "--session", folder_.path});
  write_text_file(folder_.path / "tmux.conf",
                  kConfiguration + fmt::format("set -g status-right \"#({}) \"\n", line));
  clean_up();
  Process server = Process::start({tmux({"-D"}), environment_of_caller(), {}, {}});
  const double until_ms = monotonic_ms() + kServerStartMsMax;
  while (!fs::exists(socket_)) {
    if (monotonic_ms() > until_ms) throw Fault("tmux did not start");
    std::this_thread::sleep_for(kServerPause);
  }
  return server;
}

void Screen::make(const std::vector<std::string>& left) const {
  const std::string program = fs::read_symlink("/proc/self/exe");
  const std::string workspace = folder_.workspace().string();
  const std::string statement = joined({"/usr/bin/env", "LESSSECURE=1", "LESSHISTFILE=-", "less",
                                        "-R", "-~", folder_.statement().string()});
  const std::string verdicts = joined({program, "watch", "--session", folder_.path.string()});
  const std::string ending = joined(left) + "; " + joined(tmux({"kill-session"}));
  // One command line, so that the server never shows half a screen. A right pane keeps its last
  // lines when its program ends.
  const RunEnd end = tell({"new-session",
                           "-d",
                           "-x",
                           "160",
                           "-y",
                           "45",
                           "-s",
                           folder_.id(),
                           "-c",
                           workspace,
                           ending,
                           ";",
                           "split-window",
                           "-h",
                           "-l",
                           std::to_string(kRightPercent) + "%",
                           "-c",
                           "/",
                           statement,
                           ";",
                           "set-option",
                           "-p",
                           "remain-on-exit",
                           "on",
                           ";",
                           "split-window",
                           "-v",
                           "-l",
                           "55%",
                           "-c",
                           "/",
                           verdicts,
                           ";",
                           "set-option",
                           "-p",
                           "remain-on-exit",
                           "on",
                           ";",
                           "select-pane",
                           "-L"});
  if (!end.succeeded()) throw Fault("tmux could not make the screen: " + end.output);
}

bool Screen::up() const {
  return tell({"has-session"}).succeeded();
}

void Screen::hang_up() const {
  const RunEnd end = tell({"display-message", "-p", "-t", "{left}", "#{pane_pid}"});
  const pid_t shell = end.succeeded() ? std::atoi(end.output.c_str()) : 0;
  if (shell > 1) kill(-shell, SIGHUP);
}

void Screen::announce(const std::string& text) const {
  tell({"display-message", "-d", kAnnouncementMs, text});
}

void Screen::end() const {
  tell({"kill-server"});
}

void Screen::clean_up() const {
  std::error_code ignored;
  fs::remove(socket_, ignored);
}

void Screen::attach() const {
  if (run_in_foreground(tmux({"-u", "attach-session"}), "/") != 0 && up()) {
    throw Fault(kServerGone + folder_.workspace().string());
  }
}

std::vector<std::string> Screen::tmux(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = {kTmux, "-S", socket_.string(), "-f",
                                   (folder_.path / "tmux.conf").string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

RunEnd Screen::tell(const std::vector<std::string>& arguments) const {
  const Command command{tmux(arguments), environment_of_caller(), {}, {}};
  return run_bounded(command, kTmuxWallMsMax, kTmuxBytesMax, nullptr);
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

fs::path program_place(const std::string& program) {
  const auto can_run = [](const fs::path& file) { return access(file.c_str(), X_OK) == 0; };
  if (program.find('/') != std::string::npos) return can_run(program) ? program : "";
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (can_run(fs::path(folder) / program)) return fs::path(folder) / program;
  }
  return {};
}

bool is_of_distribution(const fs::path& place) {
  std::error_code error;
  const std::string real = fs::canonical(place, error).string();
  return real.starts_with("/usr/") && !real.starts_with("/usr/local/");
}

bool runnable(const std::string& program) {
  return !program_place(program).empty();
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
