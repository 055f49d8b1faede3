#include "declared_editor.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

class DeclaredEditorTest : public testing::Test {
 protected:
  DeclaredEditorTest() {
    setenv("HOME", (base_.path() / "home").c_str(), 1);
    for (const char* name :
         {"llvm-vs-code-extensions.vscode-clangd-0.1.29", "github.copilot-1.2"}) {
      fs::create_directories(base_.path() / "home/.vscode/extensions" / name);
    }
    fs::create_directories(folder_.workspace());
  }
  ~DeclaredEditorTest() override { setenv("HOME", home_.c_str(), 1); }

  fs::path settings() const { return folder_.path / "code/User/settings.json"; }
  void change(const char* name, const nlohmann::json& value) const {
    auto now = nlohmann::json::parse(read_text_file(settings(), 100'000));
    now[name] = value;
    write_text_file(settings(), now.dump());
  }

  TemporaryFolder base_;
  std::string home_ = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
  SessionFolder folder_{base_.path() / "session"};
};

TEST_F(DeclaredEditorTest, OpensTheWorkspaceWithAProfileOfItsOwnAndClangdAlone) {
  make_declared_profile(folder_);
  const auto command = declared_editor_command(folder_, "/usr/bin/code");
  EXPECT_EQ(command.front(), "/usr/bin/code");
  EXPECT_EQ(command.back(), folder_.workspace().string());
  EXPECT_TRUE(
      fs::exists(folder_.path / "code-extensions/llvm-vs-code-extensions.vscode-clangd-0.1.29"));
  EXPECT_FALSE(fs::exists(folder_.path / "code-extensions/github.copilot-1.2"));
  EXPECT_TRUE(declared_violations(folder_).empty());
}

TEST_F(DeclaredEditorTest, SeesSettingsThatWereChangedAndForgetsNothing) {
  make_declared_profile(folder_);
  change("editor.fontSize", 20);
  EXPECT_TRUE(declared_violations(folder_).empty()) << "other settings are the candidate's";
  change("chat.disableAIFeatures", false);
  ASSERT_EQ(declared_violations(folder_).size(), 1u);
  EXPECT_EQ(declared_violations(folder_)[0], "chat.disableAIFeatures is no longer true");
  change("chat.disableAIFeatures", true);
  EXPECT_EQ(declared_violations(folder_).size(), 1u) << "it was off once";
}

TEST_F(DeclaredEditorTest, SeesExtensionsAndSettingsThatAreGoneOrDamaged) {
  make_declared_profile(folder_);
  fs::create_directories(folder_.path / "code-extensions/github.copilot-1.2");
  EXPECT_EQ(declared_violations(folder_)[0], "the extension github.copilot-1.2 was installed");
  write_text_file(settings(), "not JSON");
  EXPECT_GT(declared_violations(folder_).size(), 5u);
  fs::remove(settings());
  const auto found = declared_violations(folder_);
  EXPECT_NE(std::find(found.begin(), found.end(), "the settings are gone"), found.end());
}

}  // namespace
}  // namespace unaided
