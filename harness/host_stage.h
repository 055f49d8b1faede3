#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include "client.h"
#include "fault.h"
#include "host.h"
#include "report_json.h"
#include "sha256.h"
#include "temporary_folder.h"
#include "text_file.h"

// What tests of the host share: a session of a kata that has no more than hosts read, and a judge
// that needs no compiler.
namespace unaided {

using nlohmann::json;
namespace fs = std::filesystem;

inline constexpr char kStarter[] = "// starter\n";

/// Judges by words in the attempt: "good" passes, "slow" waits until it is cancelled, "broken" is a
/// fault of the harness, all else is wrong. The message of its one check says what was asked for.
inline GradeReport fake_grade(const GradeRequest& request, const VerdictSink& sink,
                              const CancelToken* cancel) {
  const auto has = [&request](const char* word) {
    return request.source.find(word) != std::string::npos;
  };
  if (has("two minds") && request.of_record) {
    GradeReport refused;
    refused.outcome = Outcome::kCompileError;
    return refused;
  }
  if (has("broken")) throw Fault("the worker did not start");
  GradeReport report;
  report.kata = "sum";
  report.seed = request.seed;
  while (has("slow") && !cancel->cancelled()) usleep(1000);
  if (cancel->cancelled()) return report;
  CheckVerdict check;
  check.check = {1, "Adds", "Two", false, false};
  check.outcome = has("good") ? Outcome::kPassed : Outcome::kWrong;
  check.message = request.slow ? "with slow checks" : "without slow checks";
  sink(check);
  CheckVerdict example = check;
  example.check = {1, "Adds", "EXAMPLE_One", true, false};
  example.outcome = has("no example") ? Outcome::kWrong : Outcome::kPassed;
  report.outcome = check.outcome;
  report.checks = {check, example};
  return report;
}

inline Judge fake_judge(const fs::path&) {
  return {[] {}, fake_grade,
          [](const RunRequest& request, const CancelToken*) {
            return RunReport{Outcome::kPassed, "", "ran " + request.try_source, 0, 1.0};
          }};
}

class HostTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("XDG_RUNTIME_DIR", base_.path().c_str(), 1);
    begin(3'600'000);
  }
  void TearDown() override {
    kill_host();
    unsetenv("XDG_RUNTIME_DIR");
  }

  void begin(std::int64_t time_ms, const char* format = "drill") {
    setup_.folder = SessionStore(base_.path() / "state").create("sum", {1, 1}, SystemClock().now());
    setup_.kata.id = "sum";
    write_kata();
    setup_.toolchain = {"0.1.0", "2.13.0", "clang 14"};
    setup_.judge = fake_judge;
    setup_.clock = &clock_;
    Created created;
    created.at = clock_.now();
    created.session = setup_.folder.id();
    created.kata = "sum";
    created.format = format;
    const bool one = format_row(format).levels == LevelRule::kOne;
    created.last_level = one ? 1 : 2;
    created.deadline = later(created.at, time_ms);
    created.toolchain = setup_.toolchain;
    Journal(setup_.folder.journal()).append(to_journal(created));
    write_text_file(setup_.folder.starter(), kStarter);
    write_text_file(attempt(), kStarter);
    write_text_file(setup_.folder.workspace() / "try.cpp", "try");
  }
  /// As much of a kata as hosts read: statements, contracts, starter, and what hints come from.
  void write_kata() {
    Kata& kata = setup_.kata;
    kata.root = base_.path() / "checkout";
    kata.levels = {{1, "One", 10}, {2, "Two", 20}};
    for (const int level : {1, 2}) {
      write_text_file(kata.statement(level), "statement\n");
      write_text_file(kata.contract(level), "// contract\n");
      write_text_file(kata.checks(level), "TEST(Adds, Two) {}\n");
    }
    write_text_file(kata.starter(), "// level 1\n// level 2\n");
    write_text_file(kata.reference(), "// level 1\nint one;\n// level 2\nint two;\n");
    write_text_file(kata.reference_folder() / "notes.md",
                    "## Walk-through\n**Level 1.** Add.\n**Level 2.** More.\n");
  }
  fs::path attempt() const { return setup_.folder.workspace() / "sum.cpp"; }
  void save(const std::string& text) const { write_text_file(attempt(), text); }

  json ask(const json& request) const {
    return *Client(setup_.folder)
                .ask(
                    request, [](const json&) {}, nullptr);
  }
  GradeReport check() const { return report_from_json(ask({{"request", "check"}}).at("report")); }
  Session replayed() const { return setup_.folder.replay(); }
  /// Waits for the host to be gone.
  void await_end() const {
    while (setup_.folder.hosted()) usleep(1000);
  }
  void kill_host() const {
    if (!setup_.folder.hosted()) return;
    const std::string pid = read_text_file(setup_.folder.lock(), 100);
    kill(std::atoi(pid.c_str()), SIGKILL);
    await_end();
  }

  TemporaryFolder base_;
  SystemClock clock_;
  HostSetup setup_;
};

}  // namespace unaided
