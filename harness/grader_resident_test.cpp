// The resident compiler beside stock clang: what it makes of every attempt of testdata/outcomes,
// and what is left of it after attempts that mean harm.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "compiler.h"
#include "diagnostics.h"
#include "grader.h"
#include "grader_stage.h"
#include "kata.h"
#include "resident_compiler.h"
#include "symbols.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using State = ResidentCompiler::State;

const fs::path kTestdata = fs::path(UNAIDED_ROOT) / "harness/testdata";
constexpr const char* kHonest =
    "#include \"level1.h\"\nnamespace kata {\n"
    "torch::Tensor twice(const torch::Tensor& x) { return 2 * x; }\n}\n";

/// What grading makes of a build before any check runs.
std::string outcome_of(const Build& build, const Kata& kata) {
  if (build.result == Build::Result::kLimit) return "limit";
  if (build.diagnostics.find("Stack dump") != std::string::npos) return "crash";
  if (build.result != Build::Result::kBuilt) {
    return "refused: " + summarize_diagnostics(build.diagnostics, "mini.cpp");
  }
  const ObjectSymbols attempt = read_symbols(build.object);
  std::string text = "built";
  for (const std::string& name : attempt.defined) {
    if (name.starts_with("_ZN4kata")) text += " " + name;
  }
  return text + (forbidden_symbol(attempt, kata.forbidden).empty() ? "" : " forbidden");
}

class ResidentTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    GraderStage::close();
    if (!sandbox_support().available) return;
    resident_ = start_resident_compiler(installation(), kata(), /*slots=*/2);
    if (!resident_) return;
    resident_->await();
    resident_->show_contracts(0);
  }
  static void TearDownTestSuite() { resident_.reset(); }

  void SetUp() override {
    if (!resident_) GTEST_SKIP() << "no bubblewrap, or no resident compiler in this build";
    ASSERT_EQ(resident_->state(), State::kReady);
  }

  static Installation installation() {
    return read_installation(fs::path(UNAIDED_BUILD) / "installation.json");
  }
  static Kata kata() { return load_kata(kTestdata, "mini"); }

  Build build(const std::string& text, bool with_resident, const CancelToken* cancel = nullptr) {
    return compiler_.build({{"mini.cpp", text}}, Instrumentation::kNone, cancel,
                           with_resident ? resident_.get() : nullptr);
  }

  /// What the resident compiler alone says; nothing when stock clang must be asked.
  std::optional<ResidentCompiler::Answer> ask(const std::string& text,
                                              const CancelToken* cancel = nullptr) {
    fs::remove(scratch_.path() / "alone.o");
    return resident_->compile(0, "/nowhere/mini.cpp", text, scratch_.path() / "alone.o", cancel);
  }

  void expect_unharmed() {
    const auto answer = ask(kHonest);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->result, ResidentCompiler::Answer::Result::kCompiled) << answer->diagnostics;
    EXPECT_EQ(resident_->state(), State::kReady);
  }

  static std::shared_ptr<ResidentCompiler> resident_;
  TemporaryFolder scratch_;
  Compiler compiler_{installation(), ensure_header_cache(installation(), kata().headers),
                     scratch_.path(), kata().contracts(), /*sandbox=*/true};
};

std::shared_ptr<ResidentCompiler> ResidentTest::resident_;

TEST_F(ResidentTest, SaysWhatStockClangSaysOfEveryAttempt) {
  for (const auto& entry : fs::directory_iterator(kTestdata / "outcomes")) {
    const std::string text = read_text_file(entry.path() / "mini.cpp", 1 << 20);
    SCOPED_TRACE(entry.path());
    const Build resident = build(text, true);
    const Build stock = build(text, false);
    EXPECT_EQ(outcome_of(resident, kata()), outcome_of(stock, kata())) << entry.path();
    if (HasFailure()) return;
    expect_unharmed();
  }
}

TEST_F(ResidentTest, FindsForbiddenCallsThatItsHeadersWrap) {
  for (const char* call : {"torch::scaled_dot_product_attention(x, x, x)",
                           "at::_ops::scaled_dot_product_attention::call(x, x, x, {}, 0.0, false, "
                           "std::nullopt, false)"}) {
    const std::string text =
        "#include <torch/types.h>\nnamespace kata {\nat::Tensor f(at::Tensor x) "
        "{ return " +
        std::string(call) + "; }\n}\n";
    ASSERT_TRUE(ask(text)) << call;
    const ObjectSymbols attempt = read_symbols(scratch_.path() / "alone.o");
    EXPECT_NE(forbidden_symbol(attempt, {"scaled_dot_product*"}), "") << call;
  }
}

TEST_F(ResidentTest, LeavesMissingFunctionsToBeNamed) {
  ASSERT_TRUE(ask("#include \"level1.h\"\nint unrelated;\n"));
  const ObjectSymbols asked = read_symbols(installation().checks_object("mini", 1));
  const ObjectSymbols attempt = read_symbols(scratch_.path() / "alone.o");
  EXPECT_FALSE(missing_functions(asked, attempt).empty());
  ASSERT_TRUE(ask(kHonest));
  EXPECT_EQ(missing_functions(asked, read_symbols(scratch_.path() / "alone.o")).size(),
            missing_functions(asked, attempt).size() - 1);
}

TEST_F(ResidentTest, LeavesToStockClangWhatItsWarmUpForestalls) {
  const std::string text =
      "#include <vector>\ntemplate <> constexpr void "
      "std::vector<std::vector<float>>::resize(size_t) {}\n";
  EXPECT_EQ(build(text, true).result, Build::Result::kBuilt);
  EXPECT_FALSE(ask(text));
  expect_unharmed();
}

TEST_F(ResidentTest, ANewerSaveEndsACompile) {
  CancelToken cancel;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    cancel.cancel();
  });
  const std::string two_to_the_thirty_templates =
      "template <int n, int m> struct S { static constexpr int v = S<n - 1, 2 * m>::v + "
      "S<n - 1, 2 * m + 1>::v; };\n"
      "template <int m> struct S<0, m> { static constexpr int v = 1; };\nint x = S<30, 0>::v;\n";
  const auto answer = ask(two_to_the_thirty_templates, &cancel);
  canceller.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->result, ResidentCompiler::Answer::Result::kCancelled);
  expect_unharmed();
}

TEST_F(ResidentTest, ReadsNeitherTheChecksNorTheReference) {
  const fs::path reference = kTestdata / "reference/mini/mini.cpp";
  for (const fs::path& path :
       {reference, installation().checks_object("mini", 1), fs::path(UNAIDED_ROOT) / "README.md"}) {
    ASSERT_TRUE(fs::exists(path));
    const auto answer = ask("#if __has_include(\"" + path.string() + "\")\n#error seen\n#endif\n");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->result, ResidentCompiler::Answer::Result::kCompiled) << path;
  }
}

TEST_F(ResidentTest, WhatIsLockedCannotBeIncluded) {
  const auto own = start_resident_compiler(installation(), kata(), /*slots=*/1);
  ASSERT_EQ(own->await(), State::kReady);
  Compiler compiler{installation(), ensure_header_cache(installation(), kata().headers),
                    scratch_.path() / "own", kata().contracts(), /*sandbox=*/true};
  const std::vector<Source> peeks = {{"mini.cpp", "#include \"level2.h\"\n"}};
  for (ResidentCompiler* resident : {own.get(), static_cast<ResidentCompiler*>(nullptr)}) {
    compiler.show_contracts(1);
    const Build locked = compiler.build(peeks, Instrumentation::kNone, nullptr, resident);
    EXPECT_EQ(locked.result, Build::Result::kRefused);
    EXPECT_NE(locked.diagnostics.find("'level2.h' file not found"), std::string::npos);
  }
  compiler.show_contracts(2);
  for (ResidentCompiler* resident : {own.get(), static_cast<ResidentCompiler*>(nullptr)}) {
    EXPECT_EQ(compiler.build(peeks, Instrumentation::kNone, nullptr, resident).result,
              Build::Result::kBuilt);
  }
}

TEST_F(ResidentTest, SurvivesWhatItIsMadeToRead) {
  for (const char* name : {"/dev/zero", "/dev/stdin", "/dev/full", "/proc/self/mem", "/proc/1/mem",
                           "/proc/self/fd/0", "/proc/kcore", "/", "torch/torch.h"}) {
    build("#include \"" + std::string(name) + "\"\n", true);
    expect_unharmed();
  }
  std::string macros = "#define A0 1\n";
  for (int i = 1; i < 200'000; ++i) macros += "#define A" + std::to_string(i) + " A0 A0 A0 A0\n";
  build(macros, true);
  expect_unharmed();
}

std::vector<std::string> status_values(const fs::path& process, const std::string& key) {
  std::vector<std::string> values;
  std::ifstream status(process / "status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) values.push_back(line.substr(key.size()));
  }
  return values;
}

bool is_below_this_one(const fs::path& process) {
  std::vector<std::string> parent = status_values(process, "PPid:");
  while (!parent.empty() && std::stoi(parent[0]) > 1) {
    if (std::stoi(parent[0]) == getpid()) return true;
    parent = status_values(fs::path("/proc") / std::to_string(std::stoi(parent[0])), "PPid:");
  }
  return false;
}

/// This executable inherits orphans, and reaps none before its end.
bool is_dead(const fs::path& process) {
  const std::vector<std::string> state = status_values(process, "State:");
  return state.empty() || state[0].starts_with("\tZ");
}

/// Lines of /proc/<pid>/status of the processes below this one that the name fits.
std::vector<std::string> facts_of(const std::string& name, const std::string& key) {
  std::vector<std::string> values;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream comm(entry.path() / "comm");
    std::string command;
    std::getline(comm, command);
    if (command != name || !is_below_this_one(entry.path()) || is_dead(entry.path())) continue;
    for (std::string& value : status_values(entry.path(), key)) values.push_back(std::move(value));
  }
  return values;
}

constexpr const char* kProcessName = "unaided-residen";  // the kernel keeps 15 characters

TEST_F(ResidentTest, ItsWaitingChildrenAreConfined) {
  expect_unharmed();
  resident_->settle(0);
  const auto confined = [] {
    const std::vector<std::string> filters = facts_of(kProcessName, "Seccomp:");
    return std::count(filters.begin(), filters.end(), "\t2");
  };
  for (int wait = 0; wait < 200 && confined() < 2; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(confined(), 2) << "one for each slot";
  for (const std::string& capabilities : facts_of(kProcessName, "CapEff:")) {
    EXPECT_EQ(capabilities, "\t0000000000000000");
  }
}

TEST_F(ResidentTest, NeitherGrowsNorMultiplies) {
  const auto largest_mb = [] {
    long most_kb = 0;
    for (const std::string& size : facts_of(kProcessName, "VmSize:")) {
      most_kb = std::max(most_kb, std::stol(size));
    }
    return most_kb / 1024;
  };
  const auto save = [&](int number) {
    const bool broken = number % 10 == 0;
    ask(std::string(kHonest) + (broken ? "int x = \"\";\n" : "") + "// " + std::to_string(number));
  };
  for (int i = 0; i < 20; ++i) save(i);
  const long before_mb = largest_mb();
  for (int i = 0; i < 100; ++i) save(i);
  EXPECT_LE(largest_mb(), before_mb + 8);
  EXPECT_LE(facts_of(kProcessName, "Pid:").size(), 3U) << "the server and one child a slot";
}

// Last: it ends the resident compiler.
TEST_F(ResidentTest, ZItsDeathIsNoticedAndStockClangServes) {
  for (const std::string& pid : facts_of(kProcessName, "Pid:")) kill(std::stoi(pid), SIGKILL);
  EXPECT_EQ(build(kHonest, true).result, Build::Result::kBuilt);
  EXPECT_EQ(resident_->state(), State::kGone);
}

TEST(ResidentCompilerTest, WithoutItsProgramThereIsNone) {
  Installation installation = read_installation(fs::path(UNAIDED_BUILD) / "installation.json");
  installation.build = "/nowhere";
  EXPECT_EQ(start_resident_compiler(installation, load_kata(kTestdata, "mini"), 1), nullptr);
  EXPECT_NE(describe_compiler(nullptr).find("no resident compiler"), std::string::npos);
}

}  // namespace
}  // namespace unaided
