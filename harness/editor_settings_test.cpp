#include "editor_settings.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "process.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr const char* kClangdProgram = "/usr/bin/clangd";

class EditorSettingsTest : public testing::Test {
 protected:
  /// The workspace of a real kata with its reference in it.
  void make(const std::string& id) {
    const Kata kata = load_kata(UNAIDED_ROOT, id);
    const Installation installation = read_installation(UNAIDED_BUILD "/installation.json");
    fs::copy_file(kata.reference(), folder_.path() / kata.attempt_name());
    for (const fs::path& contract : kata.contracts()) {
      fs::copy_file(contract, folder_.path() / contract.filename());
    }
    write_editor_settings(folder_.path(), kata, installation);
  }

  /// What clangd finds fault with in a file of the workspace.
  std::string faults(const std::string& file) {
    Command command;
    command.argv = {
        "/bin/sh", "-c", "cd \"$1\" && exec clangd --check=\"$2\"", "sh", folder_.path().string(),
        file};
    command.environment = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
    const RunEnd end = run_bounded(command, /*wall_ms_max=*/120'000, 1 << 20, nullptr);
    EXPECT_NE(end.output.find("All checks completed"), std::string::npos) << end.output;
    std::string found;
    std::istringstream lines(end.output);
    for (std::string line; std::getline(lines, line);) {
      if (line.find("] Line ") != std::string::npos) found += line + "\n";
    }
    return found;
  }

  TemporaryFolder folder_;
};

TEST_F(EditorSettingsTest, TellHowTheAttemptIsCompiled) {
  make("attention");
  const auto commands =
      nlohmann::json::parse(read_text_file(folder_.path() / "compile_commands.json", 1 << 20));
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_EQ(commands[0].at("file"), "attention.cpp");
  EXPECT_EQ(commands[1].at("file"), "try.cpp");
  EXPECT_EQ(commands[0].at("directory"), folder_.path().string());
  EXPECT_NE(commands[0].at("arguments").dump().find("-isystem"), std::string::npos);
}

TEST_F(EditorSettingsTest, ClangdFindsNoFaultInCuda) {
  if (!fs::exists(kClangdProgram)) GTEST_SKIP() << "there is no clangd here";
  make("cuda_softmax");
  EXPECT_EQ(faults("cuda_softmax.cu"), "");
  const std::string source = read_text_file(folder_.path() / "cuda_softmax.cu", 1 << 20);
  write_text_file(folder_.path() / "cuda_softmax.cu", source + "\nint f() { return nothing; }\n");
  EXPECT_NE(faults("cuda_softmax.cu").find("undeclared identifier 'nothing'"), std::string::npos);
}

}  // namespace
}  // namespace unaided
