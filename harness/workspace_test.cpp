#include "workspace.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

class WorkspaceTest : public testing::Test {
 protected:
  void SetUp() override {
    kata_.id = "sum";
    kata_.title = "Sum";
    kata_.levels = {{1, "One", 10}, {2, "Two", 20}};
    kata_.root = base_.path() / "checkout";
    for (const int level : {1, 2}) {
      write_text_file(kata_.statement(level), "statement " + std::to_string(level) + "\n");
      write_text_file(kata_.contract(level), "// contract " + std::to_string(level) + "\n");
    }
    write_text_file(kata_.starter(), "// level 1\nblank 1\n// level 2\nblank 2\n");
    write_text_file(kata_.reference(), "// level 1\nsolved 1\n// level 2\nsolved 2\n");
    installation_.root = kata_.root;
    installation_.clang = "/usr/bin/clang++";
    installation_.libtorch_include = {"/torch/include"};
  }
  std::string text(const std::string& name) const {
    return read_text_file(folder_ / name, 1'000'000);
  }
  void make(int level, const std::string& program = "/bin/echo") {
    make({level, level}, "drill", program);
  }
  void make(LevelSpan levels, const std::string& format, const std::string& program = "/bin/echo") {
    const WorkspacePlan plan{folder_, base_.path() / "it's a session", program, levels, format};
    const std::string attempt = starting_attempt(kata_, format_row(format), levels.first);
    write_workspace(plan, kata_, installation_, attempt);
  }

  TemporaryFolder base_;
  fs::path folder_ = base_.path() / "work space";
  Kata kata_;
  Installation installation_;
};

TEST_F(WorkspaceTest, HoldsWhatALevelNeedsAndNothingAbove) {
  make(1);
  EXPECT_NE(text("README.md").find("statement 1"), std::string::npos);
  EXPECT_EQ(text("README.md").find("statement 2"), std::string::npos);
  EXPECT_EQ(text("level1.h"), "// contract 1\n");
  EXPECT_FALSE(fs::exists(folder_ / "level2.h"));
  EXPECT_EQ(text("sum.cpp"), "// level 1\nblank 1\n");
  EXPECT_NE(text("try.cpp").find("#include \"level1.h\""), std::string::npos);
}

TEST_F(WorkspaceTest, OfAHigherLevelGivesTheLevelsBelow) {
  make(2);
  EXPECT_NE(text("sum.cpp").find("solved 1"), std::string::npos);
  EXPECT_NE(text("sum.cpp").find("blank 2"), std::string::npos);
  EXPECT_LT(text("README.md").find("statement 2"), text("README.md").find("statement 1"));
  EXPECT_TRUE(fs::exists(folder_ / "level1.h"));
}

TEST_F(WorkspaceTest, OfAllLevelsBeginsWithTheFirstAndSaysWhatToPasteForTheNext) {
  make({1, 2}, "interview");
  EXPECT_EQ(text("sum.cpp"), "// level 1\nblank 1\n");
  EXPECT_LT(text("README.md").find("statement 1"), text("README.md").find("statement 2"));
  EXPECT_NE(text("README.md").find("```cpp\n// level 2\nblank 2\n```"), std::string::npos);
  EXPECT_EQ(text("README.md").find("./u hint"), std::string::npos) << "hints are for drills";
}

TEST_F(WorkspaceTest, ShowsALevelOnceItIsUnlockedAndFollowsNoLinkToDoIt) {
  make({1, 1}, "assessment");
  EXPECT_EQ(text("README.md").find("statement 2"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "level2.h"));
  const fs::path precious = base_.path() / "precious";
  write_text_file(precious, "mine");
  for (const char* name : {"README.md", ".README.md.new", "level2.h"}) {
    fs::remove(folder_ / name);
    fs::create_symlink(precious, folder_ / name);
  }
  show_levels(folder_, kata_, format_row("assessment"), {1, 2});
  EXPECT_EQ(read_text_file(precious, 100), "mine");
  EXPECT_NE(text("README.md").find("statement 2"), std::string::npos);
  EXPECT_EQ(text("level2.h"), "// contract 2\n");
}

TEST_F(WorkspaceTest, TriesWhatTheHeadersOfTheKataOffer) {
  make(1);
  EXPECT_NE(text("try.cpp").find("torch::arange"), std::string::npos);
  kata_.headers = "json";
  make(1);
  EXPECT_EQ(text("try.cpp").find("torch::"), std::string::npos);
  EXPECT_NE(text("try.cpp").find("nlohmann::json"), std::string::npos);
  kata_.headers = "cuda";
  make(1);
  EXPECT_NE(text("try.cpp").find("cudaMalloc"), std::string::npos);
}

TEST_F(WorkspaceTest, TheShimCallsTheProgramWithTheSessionFromAnywhere) {
  const fs::path program = base_.path() / "pro gram";
  write_text_file(program, "#!/bin/sh\necho \"$UNAIDED_SESSION|$1|$2\"\n");
  fs::permissions(program, fs::perms::owner_all);
  make(1, program);
  const Command command{{(folder_ / "u").string(), "check", "a b"}, {"PATH=/usr/bin:/bin"}, {}, {}};
  const RunEnd end = run_bounded(command, 10'000, 10'000, nullptr);
  EXPECT_EQ(end.output, (base_.path() / "it's a session").string() + "|check|a b\n");

  fs::remove(program);
  const RunEnd gone = run_bounded(command, 10'000, 10'000, nullptr);
  EXPECT_EQ(gone.exit_status, 2);
  EXPECT_NE(gone.output.find("no longer at"), std::string::npos) << gone.output;
}

TEST_F(WorkspaceTest, ResetKeepsWhateverLayThere) {
  make(1);
  write_text_file(folder_ / "sum.cpp", "mine");
  EXPECT_EQ(reset_attempt(folder_, "sum.cpp", "fresh"), "sum.old-1.cpp");
  EXPECT_EQ(text("sum.old-1.cpp"), "mine");
  EXPECT_EQ(text("sum.cpp"), "fresh");

  fs::remove(folder_ / "sum.cpp");
  ASSERT_EQ(mkfifo((folder_ / "sum.cpp").c_str(), 0600), 0);
  EXPECT_EQ(reset_attempt(folder_, "sum.cpp", "fresh"), "sum.old-2.cpp");
  EXPECT_EQ(text("sum.cpp"), "fresh");

  fs::remove(folder_ / "sum.cpp");
  EXPECT_EQ(reset_attempt(folder_, "sum.cpp", "fresh"), "");
  EXPECT_EQ(text("sum.cpp"), "fresh");
}

TEST_F(WorkspaceTest, WatchSeesSavesInPlaceAndByRenameOnly) {
  make(1);
  SaveWatch watch(folder_, "sum.cpp");
  EXPECT_FALSE(watch.saved());
  write_text_file(folder_ / "other.cpp", "x");
  EXPECT_FALSE(watch.saved());
  write_text_file(folder_ / "sum.cpp", "y");
  EXPECT_TRUE(watch.saved());
  EXPECT_FALSE(watch.saved());
  fs::rename(folder_ / "other.cpp", folder_ / "sum.cpp");
  EXPECT_TRUE(watch.saved());
  fs::remove_all(folder_);
  watch.saved();
  EXPECT_FALSE(watch.watching());
  EXPECT_THROW(SaveWatch(folder_, "sum.cpp"), Fault);
}

}  // namespace
}  // namespace unaided
