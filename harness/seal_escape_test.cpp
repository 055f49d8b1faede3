// Ways out of a sealed session. Each is tried in a seat as candidates get it, where it must fail,
// and in one with only its row of the policy removed, where it must succeed: else its failing
// proves nothing. What this machine does not have at all cannot be proved here and is skipped.
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "process.h"
#include "sandbox.h"
#include "seal_verification.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr int kEndMsMax = 5000;
constexpr int kSurvivalMs = 500;

/// Folders for a seat, and what must not be seen from it.
class Stage {
 public:
  Stage() {
    for (const char* name : {"workspace", "home", "library", "elsewhere"}) {
      fs::create_directory(folder_.path() / name);
    }
    plan_.workspace = folder_.path() / "workspace";
    plan_.home = folder_.path() / "home";
    plan_.client = fs::path(UNAIDED_BUILD) / "unaided";
    plan_.read_only = {folder_.path() / "library"};
    plan_.environment = {"TERM=dumb", "LC_ALL=C.UTF-8"};
    plan_.scratch_mb = 4;
    plant(Channel::kHome, "home/.bash_history");
    plant(Channel::kMaterial, "reference/attention.cpp");
    plant(Channel::kAgents, "bin/claude");
    plant(Channel::kModels, "models/model.gguf");
    plant(Channel::kPythonPackages, "torch/__init__.py");
    plant(Channel::kEditorPlugins, "plugins/copilot.vim");
  }

  const SealPlan& plan() const { return plan_; }
  SealPlan weakened(Channel channel) const {
    SealPlan plan = plan_;
    plan.weakened = {channel};
    return plan;
  }
  fs::path write_plan(const SealPlan& plan) const {
    const fs::path file = folder_.path() / "plan.json";
    write_text_file(file, nlohmann::json(plan).dump());
    return file;
  }
  fs::path info_file() const { return folder_.path() / "seat.json"; }

 private:
  void plant(Channel channel, const std::string& name) {
    const fs::path file = folder_.path() / "elsewhere" / name;
    write_text_file(file, "planted");
    plan_.hidden.push_back({channel, file.parent_path()});
  }

  TemporaryFolder folder_;
  SealPlan plan_;
};

template <typename Condition>
bool becomes_true(int ms_max, Condition condition) {
  for (int waited = 0; waited < ms_max; waited += 10) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return condition();
}

class SealEscapeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!sandbox_support().available) GTEST_SKIP() << sandbox_support().reason;
  }
  Stage stage_;
};

class ChannelEscapeTest : public SealEscapeTest, public testing::WithParamInterface<Channel> {};

TEST_P(ChannelEscapeTest, IsClosedByItsRowAndNothingElse) {
  const std::string id = seal_row(GetParam()).id;
  const SealTrial sealed = try_seal(stage_.plan());
  ASSERT_TRUE(sealed.inside.contains(id));
  EXPECT_FALSE(sealed.inside.at(id).succeeded) << sealed.inside.at(id).how;
  for (const SealFinding& finding : sealed.findings) {
    EXPECT_TRUE(finding.held) << seal_row(finding.channel).id << ": " << finding.how;
  }
  if (!sealed.outside.at(id).succeeded) {
    GTEST_SKIP() << "not provable here: " << sealed.outside.at(id).how;
  }
  if (GetParam() == Channel::kDebugging && geteuid() != 0) {
    GTEST_SKIP() << "not provable here: only root's bubblewrap can do without a user namespace";
  }
  const SealTrial weakened = try_seal(stage_.weakened(GetParam()));
  EXPECT_TRUE(weakened.inside.at(id).succeeded)
      << "proves nothing: with this row removed still " << weakened.inside.at(id).how;
}

INSTANTIATE_TEST_SUITE_P(Every, ChannelEscapeTest, testing::ValuesIn(tried_channels()),
                         [](const testing::TestParamInfo<Channel>& info) {
                           std::string name = seal_row(info.param).id;
                           std::erase(name, '-');
                           return name;
                         });

/// The findings of a trial that do not hold, by the id of their row.
std::set<std::string> broken(const SealTrial& trial) {
  std::set<std::string> ids;
  for (const SealFinding& finding : trial.findings) {
    if (!finding.held) ids.insert(seal_row(finding.channel).id);
  }
  return ids;
}

TEST_F(SealEscapeTest, FromOutsideAWeakenedSeatIsSeenToBeOne) {
  for (const Channel channel :
       {Channel::kInternet, Channel::kProcesses, Channel::kSharedMemory, Channel::kSystemFiles,
        Channel::kCapabilities, Channel::kEnvironment}) {
    const std::string id = seal_row(channel).id;
    EXPECT_TRUE(broken(try_seal(stage_.weakened(channel))).contains(id)) << id;
  }
}

/// A host that has been killed, and the seat that it had.
SeatInfo seat_of_a_killed_host(const Stage& stage, const SealPlan& plan) {
  const fs::path ready = plan.workspace / "ready";
  std::error_code error;
  fs::remove(ready, error);
  fs::remove(stage.info_file(), error);
  Command host;
  host.argv = {"/bin/sh", "-c", "\"$@\" & wait", "host"};
  const std::vector<std::string> seat = seat_command(
      plan.client, stage.write_plan(plan), stage.info_file(),
      {"/bin/sh", "-c", "setsid nohup sleep 30 >/dev/null 2>&1 & touch ready; sleep 30"});
  host.argv.insert(host.argv.end(), seat.begin(), seat.end());
  Process process = Process::start(host);
  EXPECT_TRUE(becomes_true(kEndMsMax, [&] { return fs::exists(ready, error); }));
  const auto info = read_seat_info(stage.info_file());
  EXPECT_TRUE(info.has_value());
  if (info) EXPECT_GE(seat_processes(*info).size(), 3U);  // bubblewrap's, sh, its sleeps
  kill(process.pid(), SIGKILL);
  process.wait();
  return info.value_or(SeatInfo{});
}

TEST_F(SealEscapeTest, NothingIsLeftBehindWhenTheHostIsKilled) {
  const SeatInfo sealed = seat_of_a_killed_host(stage_, stage_.plan());
  EXPECT_TRUE(becomes_true(kEndMsMax, [&] { return seat_processes(sealed).empty(); }));

  const SeatInfo weakened = seat_of_a_killed_host(stage_, stage_.weakened(Channel::kLeftBehind));
  EXPECT_FALSE(becomes_true(kSurvivalMs, [&] { return seat_processes(weakened).empty(); }))
      << "proves nothing: it also ends without the parent-death signal";
  if (weakened.pid > 0) kill(weakened.pid, SIGKILL);
  EXPECT_TRUE(becomes_true(kEndMsMax, [&] { return seat_processes(weakened).empty(); }));
}

TEST_F(SealEscapeTest, WhoIsInsideIsToldFromWhoIsNot) {
  const SeatInfo seat = seat_of_a_killed_host(stage_, stage_.weakened(Channel::kLeftBehind));
  ASSERT_GT(seat.pid, 0);
  EXPECT_TRUE(inside_seat(seat.pid, seat));
  EXPECT_TRUE(seat_started(seat));
  EXPECT_FALSE(inside_seat(getpid(), seat));
  kill(seat.pid, SIGKILL);
  EXPECT_TRUE(becomes_true(kEndMsMax, [&] { return !seat_started(seat); }));
  for (const SealFinding& finding : inspect_seat(seat, stage_.plan())) {
    EXPECT_FALSE(finding.held && finding.channel == Channel::kCapabilities) << finding.how;
  }
}

/// What a shell whose terminal a seat was given reads next.
std::string typed_into_the_outer_shell(const Stage& stage, const SealPlan& plan) {
  int terminal = -1;
  std::vector<std::string> words{"/bin/sh", "-c", "\"$@\"; echo ask; read l; echo \"<$l>\"",
                                 "shell"};
  const std::vector<std::string> seat =
      seat_command(plan.client, stage.write_plan(plan), "",
                   {"/usr/bin/python3", "-c",
                    "import fcntl, termios\n"
                    "for c in b'typed\\n': fcntl.ioctl(0, termios.TIOCSTI, bytes([c]))"});
  words.insert(words.end(), seat.begin(), seat.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (pid == 0) {
    alarm(10);
    execv(argv[0], argv.data());
    _exit(127);
  }
  std::string seen;
  bool answered = false;
  for (char letter = 0; read(terminal, &letter, 1) == 1;) {
    seen += letter;
    if (answered || seen.find("ask\r\n") == std::string::npos) continue;
    answered = write_all(terminal, "nothing\n");
  }
  close(terminal);
  waitpid(pid, nullptr, 0);
  const std::size_t begin = seen.rfind('<');
  return begin == std::string::npos ? seen : seen.substr(begin, seen.find('>', begin) - begin + 1);
}

TEST_F(SealEscapeTest, NothingIsTypedIntoTheShellOfTheSameTerminal) {
  if (!try_seal(stage_.plan()).outside.at("terminal").succeeded) {
    GTEST_SKIP() << "not provable here: this kernel has no TIOCSTI";
  }
  if (access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "needs python3";
  EXPECT_EQ(typed_into_the_outer_shell(stage_, stage_.plan()), "<nothing>");
  EXPECT_EQ(typed_into_the_outer_shell(stage_, stage_.weakened(Channel::kTerminal)), "<typed>");
}

RunEnd run_in(const Stage& stage, const SealPlan& plan, const std::string& script) {
  Command command;
  command.argv = seat_command(plan.client, stage.write_plan(plan), "", {"/bin/bash", "-c", script});
  return run_bounded(command, kEndMsMax * 4, 100'000, nullptr);
}

TEST_F(SealEscapeTest, TheScratchFoldersAreBounded) {
  for (const char* folder : {"/tmp", "/dev/shm"}) {
    const std::string fill = std::string("head -c 8M /dev/zero > ") + folder + "/full && echo held";
    EXPECT_EQ(run_in(stage_, stage_.plan(), fill).output.find("held"), std::string::npos) << folder;
    const RunEnd open = run_in(stage_, stage_.weakened(Channel::kDisk), fill);
    EXPECT_NE(open.output.find("held"), std::string::npos) << open.output;
  }
}

TEST_F(SealEscapeTest, NoFileClaimsTheDisk) {
  const std::string size = std::to_string(kSeatFileMbMax + 1) + "M";
  for (const std::string& claim : {"truncate -s " + size + " ./sparse && echo held",
                                   "fallocate -l " + size + " ./claimed && echo held"}) {
    EXPECT_EQ(run_in(stage_, stage_.plan(), claim).output.find("held"), std::string::npos) << claim;
    const RunEnd open = run_in(stage_, stage_.weakened(Channel::kDisk), claim);
    EXPECT_NE(open.output.find("held"), std::string::npos) << open.output;
  }
}

TEST_F(SealEscapeTest, OnlyTheSessionsFoldersAreWritten) {
  const RunEnd end =
      run_in(stage_, stage_.plan(),
             "touch ~/a ./b /tmp/c /dev/shm/d && echo own; for f in / /usr /etc /run "
             "/home /dev /run/kata /usr/local; do touch $f/x 2>/dev/null && "
             "echo wrote $f; done; true");
  EXPECT_EQ(end.output, "own\n");
  EXPECT_TRUE(fs::exists(stage_.plan().home / "a"));
  EXPECT_TRUE(fs::exists(stage_.plan().workspace / "b"));
}

}  // namespace
}  // namespace unaided
