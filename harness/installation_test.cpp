#include "installation.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "fault.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Sets an environment variable (or unsets it) until the end of the scope.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    assign(value);
  }
  ~ScopedVariable() { assign(before_ ? before_->c_str() : nullptr); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  void assign(const char* value) { value != nullptr ? setenv(name_, value, 1) : unsetenv(name_); }

  const char* name_;
  std::optional<std::string> before_;
};

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  stat(path.c_str(), &status);
  return status.st_mode & 0777;
}

template <typename Call>
std::string fault_of(Call call) {
  try {
    call();
  } catch (const Fault& fault) {
    return fault.what();
  }
  return "";
}

class InstallationTest : public testing::Test {
 protected:
  InstallationTest() {
    fs::create_directories(folder_.path() / "checkout/katas");
    for (const char* name : {"clang++", "mold", "objcopy"}) write_text_file(path(name), "");
    for (const char* name : {"include", "lib"}) fs::create_directories(path(name));
    object_ = {{"root", path("checkout")},    {"version", "0.1.0"},
               {"clang", path("clang++")},    {"mold", path("mold")},
               {"objcopy", path("objcopy")},  {"libtorch_include", {path("include")}},
               {"libtorch_lib", path("lib")}, {"libtorch_version", "2.13.0"}};
  }

  std::string path(const char* name) const { return (folder_.path() / name).string(); }

  Installation read() const {
    write_text_file(path("build/installation.json"), object_.dump());
    return read_installation(path("build/installation.json"));
  }

  TemporaryFolder folder_;
  json object_;
};

TEST_F(InstallationTest, ReadsEveryFieldAndKnowsItsOwnFolder) {
  const Installation installation = read();
  EXPECT_EQ(installation.root, path("checkout"));
  EXPECT_EQ(installation.build, path("build"));
  EXPECT_EQ(installation.version, "0.1.0");
  EXPECT_EQ(installation.clang, path("clang++"));
  EXPECT_EQ(installation.libtorch_include, std::vector<fs::path>{path("include")});
  EXPECT_EQ(installation.libtorch_version, "2.13.0");
  EXPECT_EQ(installation.worker(Instrumentation::kNone), path("build/unaided-worker"));
  EXPECT_EQ(installation.checks_library("adam"), path("build/checks/adam.so"));
}

TEST_F(InstallationTest, APathThatIsGoneMeansSettingUpAgain) {
  fs::remove(path("mold"));
  const std::string fault = fault_of([this] { read(); });
  EXPECT_NE(fault.find("mold is gone"), std::string::npos) << fault;
  EXPECT_NE(fault.find("./unaided"), std::string::npos) << fault;
}

TEST_F(InstallationTest, AMissingOrBrokenFileIsAFaultThatNamesIt) {
  EXPECT_NE(fault_of([this] { read_installation(path("nowhere.json")); }).find("nowhere.json"),
            std::string::npos);
  for (const char* text : {"", "{", "[]", "{\"root\": 3}"}) {
    write_text_file(path("broken.json"), text);
    EXPECT_NE(fault_of([this] { read_installation(path("broken.json")); }).find("broken.json"),
              std::string::npos)
        << text;
  }
  object_.erase("objcopy");
  EXPECT_NE(fault_of([this] { read(); }).find("\"objcopy\" is missing"), std::string::npos);
}

TEST(UserFolders, FollowXdgAndAreMadePrivate) {
  const TemporaryFolder base;
  const ScopedVariable cache("XDG_CACHE_HOME", (base.path() / "c").c_str());
  const ScopedVariable state("XDG_STATE_HOME", (base.path() / "s").c_str());
  EXPECT_EQ(cache_folder(), base.path() / "c/unaided");
  EXPECT_EQ(state_folder(), base.path() / "s/unaided");
  EXPECT_EQ(mode_of(base.path() / "s/unaided"), 0700u);
}

TEST(UserFolders, FallBackToTheHomeFolderAndIgnoreRelativePaths) {
  const TemporaryFolder home;
  const ScopedVariable home_variable("HOME", home.path().c_str());
  const ScopedVariable cache("XDG_CACHE_HOME", "relative/path");
  const ScopedVariable state("XDG_STATE_HOME", nullptr);
  EXPECT_EQ(cache_folder(), home.path() / ".cache/unaided");
  EXPECT_EQ(state_folder(), home.path() / ".local/state/unaided");
}

TEST(UserFolders, AFileInTheWayIsNamed) {
  const TemporaryFolder base;
  write_text_file(base.path() / "unaided", "");
  const ScopedVariable state("XDG_STATE_HOME", base.path().c_str());
  EXPECT_NE(fault_of([] { state_folder(); }).find("in the way"), std::string::npos);
}

TEST(RuntimeFolder, IsPrivateAndRefusedWhenOthersCouldOpenIt) {
  const TemporaryFolder base;
  const ScopedVariable runtime("XDG_RUNTIME_DIR", base.path().c_str());
  EXPECT_EQ(runtime_folder(), base.path() / "unaided");
  EXPECT_EQ(mode_of(base.path() / "unaided"), 0700u);
  fs::permissions(base.path() / "unaided", fs::perms(0755));
  EXPECT_NE(fault_of([] { runtime_folder(); }).find("0700"), std::string::npos);
}

TEST(RuntimeFolder, ALinkInItsPlaceIsRefused) {
  const TemporaryFolder base;
  fs::create_directory(base.path() / "elsewhere");
  fs::create_directory_symlink(base.path() / "elsewhere", base.path() / "unaided");
  const ScopedVariable runtime("XDG_RUNTIME_DIR", base.path().c_str());
  EXPECT_THROW(runtime_folder(), Fault);
}

TEST(RuntimeFolder, LeavesRoomForASocketsName) {
  const TemporaryFolder base;
  const fs::path long_base = base.path() / std::string(80, 'x');
  fs::create_directory(long_base);
  const ScopedVariable runtime("XDG_RUNTIME_DIR", long_base.c_str());
  EXPECT_LT(runtime_folder().string().size(), 60u);
}

}  // namespace
}  // namespace unaided
