// The stage of the gradings, its tests, and this executable's main: folders of its own for all that
// a grading may write, and a process that inherits every orphan, so that none escapes the count.
#include "grader_stage.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "installation.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr int kPatienceMs = 3000;

const std::vector<fs::path> kSharedFolders{"/", "/tmp", "/var/tmp", "/dev/shm"};

std::unique_ptr<GraderStage>& current_stage() {
  static std::unique_ptr<GraderStage> stage;
  return stage;
}

bool current_is_sandboxed = false;

/// Home, runtime, state and temporary folder, and the workspace that attempts are graded from.
fs::path own_folder() {
  return fs::current_path().parent_path();
}

Surroundings surroundings_now() {
  return surroundings({own_folder()}, kSharedFolders);
}

std::string honest_attempt() {
  return read_text_file(fs::path(UNAIDED_ROOT) / "harness/testdata/outcomes/passes/mini.cpp",
                        1 << 16);
}

}  // namespace

GraderStage::GraderStage(bool sandbox) {
  const fs::path testdata = fs::path(UNAIDED_ROOT) / "harness/testdata";
  const Installation installation =
      read_installation(fs::path(UNAIDED_BUILD) / "installation.json");
  grader_ = std::make_unique<Grader>(installation, load_kata(testdata, "mini"),
                                     Grader::Options{.sandbox = sandbox, .parallel_checks = 2});
  GradeRequest request;
  request.source = honest_attempt();
  grader_->grade(request, nullptr, nullptr);
  grader_->grade(request, nullptr, nullptr);
  before_ = surroundings_now();
}

GraderStage& GraderStage::of(bool sandbox) {
  auto& stage = current_stage();
  if (!stage || current_is_sandboxed != sandbox) {
    stage.reset();
    stage = std::make_unique<GraderStage>(sandbox);
    current_is_sandboxed = sandbox;
  }
  return *stage;
}

void GraderStage::close() {
  current_stage().reset();
}

std::string GraderStage::strays() const {
  std::string found;
  for (int waited_ms = 0; waited_ms < kPatienceMs; waited_ms += 20) {
    found = difference(before_, surroundings_now());
    if (found.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return found;
}

namespace {

TEST(GraderStageTest, PlantedFilesAreSeen) {
  GraderStage& stage = GraderStage::of(false);
  for (const fs::path& place : {fs::path("planted"), fs::path("/tmp/planted-stray")}) {
    ASSERT_EQ(stage.strays(), "");
    write_text_file(place, "left behind");
    EXPECT_NE(stage.strays().find("file left: "), std::string::npos) << place;
    fs::remove(place);
  }
}

TEST(GraderStageTest, APlantedDaemonIsSeen) {
  GraderStage& stage = GraderStage::of(false);
  ASSERT_EQ(stage.strays(), "");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    const pid_t daemon = fork();
    if (daemon == 0) {
      pause();
      _exit(0);
    }
    static_cast<void>(!write(ends[1], &daemon, sizeof daemon));
    _exit(0);
  }
  pid_t daemon = 0;
  ASSERT_EQ(read(ends[0], &daemon, sizeof daemon), ssize_t{sizeof daemon});
  waitpid(child, nullptr, 0);
  EXPECT_NE(stage.strays().find("process left: "), std::string::npos);
  kill(daemon, SIGKILL);
  waitpid(daemon, nullptr, 0);
  EXPECT_EQ(stage.strays(), "");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(GraderStageTest, AGraderTakesAllOfItsOwnAlong) {
  GraderStage::close();
  const Surroundings before = surroundings_now();
  { const GraderStage stage(false); }
  EXPECT_EQ(difference(before, surroundings_now()), "");
}

/// Leaves the cache where it is: its headers take long to make.
void move_in(const fs::path& folder) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const fs::path kept =
      cache != nullptr ? cache : fs::path(home == nullptr ? "/" : home) / ".cache";
  setenv("XDG_CACHE_HOME", kept.c_str(), 1);
  for (const auto& [variable, name] : {std::pair{"HOME", "home"},
                                       {"TMPDIR", "tmp"},
                                       {"XDG_RUNTIME_DIR", "run"},
                                       {"XDG_STATE_HOME", "state"}}) {
    fs::create_directory(folder / name);
    setenv(variable, (folder / name).c_str(), 1);
  }
  fs::create_directory(folder / "workspace");
  fs::current_path(folder / "workspace");
}

}  // namespace
}  // namespace unaided

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const unaided::TemporaryFolder folder;
  unaided::move_in(folder.path());
  const int status = RUN_ALL_TESTS();
  unaided::GraderStage::close();
  std::filesystem::current_path("/");
  return status;
}
