#include "session_export.h"

#include <gtest/gtest.h>

#include "bench_stage.h"
#include "fault.h"
#include "journal.h"
#include "ladder.h"
#include "report_json.h"
#include "session_ladder.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kSource[] = "// the attempt\n";

/// A session of one level in which one save was judged.
class SessionExportTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = SessionStore(base_.path() / "state").create("sum", {1, 1}, now_);
    kata_.id = "sum";
    kata_.title = "Sums | of";
    kata_.levels = {{1, "One", 5}};
    Created created;
    created.at = now_;
    created.session = folder_.id();
    created.kata = "sum";
    created.format = "drill";
    created.toolchain = {"0.1.0", "2.13.0", "clang 14"};
    append(created);
  }

  template <typename SessionEvent>
  void append(const SessionEvent& event) {
    Journal(folder_.journal()).append(to_journal(event));
  }

  void judge_and_finish() {
    write_text_file(folder_.snapshot("abc"), kSource);
    append(SnapshotTaken{later(now_, 1000), "abc"});
    append(Submitted{later(now_, 2000), "abc"});
    GradeReport report;
    report.kata = "sum";
    report.snapshot_hash = "abc";
    report.outcome = Outcome::kWrong;
    CheckVerdict verdict;
    verdict.check = {1, "Adds", "Two"};
    verdict.outcome = Outcome::kWrong;
    verdict.message = "expected 2";
    report.checks = {verdict};
    write_text_file(folder_.result("1.json"), report_to_json(report).dump());
    VerdictReached reached;
    reached.at = later(now_, 3000);
    reached.hash = "abc";
    reached.purpose = Purpose::kSubmit;
    reached.tally = reached.told = {Outcome::kWrong, 0, 1};
    reached.result = "1.json";
    append(reached);
    append(Finished{later(now_, 65'000), EndReason::kFinish, "abc", Outcome::kWrong});
  }

  std::string exported(const char* name) const { return read_text_file(target_ / name, 1 << 20); }

  TemporaryFolder base_;
  Moment now_{"boot", 1000, 1'796'126'400'000};
  SessionFolder folder_;
  Kata kata_;
  fs::path target_ = base_.path() / "shown";
};

TEST_F(SessionExportTest, HoldsTheAttemptItsReportAndWhatItWasMadeWith) {
  judge_and_finish();
  export_session(folder_, kata_, target_);
  EXPECT_EQ(exported("sum.cpp"), kSource);
  EXPECT_EQ(report_from_json(json::parse(exported("report.json"))).outcome, Outcome::kWrong);
  EXPECT_EQ(json::parse(exported("environment.json"))["libtorch"], "2.13.0");
  const std::string readme = exported("README.md");
  for (const char* part : {"| 1 | Adds | Two | wrong |", "| format | drill |", "| time | 1:05 |",
                           "UNSEALED", "Sums \\| of", "LibTorch 2.13.0", "SHA-256 abc"}) {
    EXPECT_NE(readme.find(part), std::string::npos) << part << "\n" << readme;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(target_), {}), 4) << "and nothing else";
}

TEST_F(SessionExportTest, HoldsTheLadderWhereThereIsOne) {
  judge_and_finish();
  keep_ladder(folder_, staged_report());
  export_session(folder_, kata_, target_);
  EXPECT_EQ(exported("ladder.json"), ladder_document(*kept_ladder(folder_).report));
  EXPECT_NE(exported("ladder.txt").find("Yours takes 800 ms"), std::string::npos);
  const std::string readme = exported("README.md");
  EXPECT_NE(readme.find("| softmax 64x128256 f32, cold | 800 ms | 1.25 ["), std::string::npos)
      << readme;
  EXPECT_NE(readme.find("Timed on a processor, cores: 2"), std::string::npos) << readme;
}

TEST_F(SessionExportTest, AnAbandonedSessionHasNoScore) {
  write_text_file(folder_.snapshot("abc"), kSource);
  append(SnapshotTaken{later(now_, 1000), "abc"});
  append(Abandoned{later(now_, 2000)});
  export_session(folder_, kata_, target_);
  EXPECT_EQ(exported("sum.cpp"), kSource);
  EXPECT_NE(exported("README.md").find("| score | none: the session was abandoned |"),
            std::string::npos);
  EXPECT_NE(exported("README.md").find("It was not judged with all checks."), std::string::npos);
}

TEST_F(SessionExportTest, OverwritesNothing) {
  judge_and_finish();
  write_text_file(target_ / "mine", "x");
  EXPECT_THROW(export_session(folder_, kata_, target_), Fault);
  EXPECT_THROW(export_session(folder_, kata_, target_ / "mine"), Fault);
  EXPECT_EQ(std::distance(fs::directory_iterator(target_), {}), 1);
}

TEST_F(SessionExportTest, RefusesWhatIsNotOverOrHasNoAttempt) {
  EXPECT_THROW(export_session(folder_, kata_, target_), Fault);
  append(Abandoned{later(now_, 1000)});
  EXPECT_THROW(export_session(folder_, kata_, target_), Fault);
  EXPECT_FALSE(fs::exists(target_));
}

}  // namespace
}  // namespace unaided
