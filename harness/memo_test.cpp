#include "memo.h"

#include <gtest/gtest.h>

#include "scripted_session.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kStartMs = 1'795'269'900'000;

class MemoTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        write_scripted_session(store_, scripted_drill("attention", 2, kStartMs, 60'000, "Edges"));
    summary_ = summarize(folder_.replay(), results_of(folder_));
  }
  static Writing appending(const std::string& text) {
    return [text](const fs::path& file) {
      write_text_file(file, read_text_file(file, 10'000) + text);
      return true;
    };
  }
  std::string memo() const { return read_text_file(memo_file(folder_), 10'000); }

  TemporaryFolder base_;
  SessionStore store_{base_.path() / "state"};
  SessionFolder folder_;
  SessionSummary summary_;
};

TEST_F(MemoTest, TheTemplateAsksWhatWasAskedMissedAndComesNext) {
  const std::string text = memo_template(summary_);
  EXPECT_NE(text.find("- attention 2 (drill): "), std::string::npos) << text;
  EXPECT_NE(text.find("- level 2, Edges: "), std::string::npos) << text;
  EXPECT_NE(text.find("## Drill next"), std::string::npos) << text;
}

TEST_F(MemoTest, KeepsWhatWasWrittenAndGoesOnFromIt) {
  EXPECT_EQ(write_memo(folder_, summary_, appending("mask first\n")), MemoEnd::kKept);
  EXPECT_EQ(memo(), memo_template(summary_) + "mask first\n");
  EXPECT_EQ(write_memo(folder_, summary_, appending("then scale\n")), MemoEnd::kKept);
  EXPECT_EQ(memo(), memo_template(summary_) + "mask first\nthen scale\n");
}

TEST_F(MemoTest, AnUntouchedTemplateOrAnEmptyTextIsNotKept) {
  EXPECT_EQ(write_memo(folder_, summary_, [](const fs::path&) { return true; }), MemoEnd::kNothing);
  EXPECT_FALSE(fs::exists(memo_file(folder_)));
  EXPECT_EQ(write_memo(folder_, summary_, appending("kept\n")), MemoEnd::kKept);
  const auto emptied = [](const fs::path& file) {
    write_text_file(file, " \n\n");
    return true;
  };
  EXPECT_EQ(write_memo(folder_, summary_, emptied), MemoEnd::kNothing);
  EXPECT_NE(memo().find("kept"), std::string::npos) << "emptying the text does not delete notes";
}

TEST_F(MemoTest, AnEditorThatFailsLosesNothing) {
  const auto dies = [](const fs::path& file) {
    write_text_file(file, "half a thought");
    return false;
  };
  EXPECT_EQ(write_memo(folder_, summary_, dies), MemoEnd::kBrokenOff);
  EXPECT_FALSE(fs::exists(memo_file(folder_)));
  EXPECT_EQ(write_memo(folder_, summary_, appending(", ended\n")), MemoEnd::kKept);
  EXPECT_EQ(memo(), "half a thought, ended\n");
}

TEST_F(MemoTest, GathersThemIntoOneDocument) {
  write_memo(folder_, summary_, appending("The Mask goes first"));
  const SessionFolder other =
      write_scripted_session(store_, scripted_drill("decoding", 1, kStartMs + 120'000, 60'000));
  const SessionSummary other_summary = summarize(other.replay(), results_of(other));
  write_memo(other, other_summary, appending("sort descending\n"));
  const std::vector<SessionSummary> sessions = {summary_, other_summary};
  const std::string all = running_document(read_memos(store_, sessions, ""));
  EXPECT_LT(all.find("# " + folder_.id()), all.find("# " + other.id()));
  const auto found = read_memos(store_, sessions, "mask");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].session, folder_.id());
  EXPECT_TRUE(read_memos(store_, sessions, "softmax").empty());
}

}  // namespace
}  // namespace unaided
