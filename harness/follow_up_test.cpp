#include "follow_up.h"

#include <gtest/gtest.h>

#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

class FollowUpTest : public testing::Test {
 protected:
  FollowUpTest() {
    kata_.id = "tiny";
    kata_.root = base_.path();
    write_text_file(kata_.reference_folder() / "notes.md",
                    "## Follow-up questions\n**Why?** Because.\n\n**How?** So.\n\n"
                    "**When?** Now.\n\n**Who?** A fourth one.\n");
    session_.created.format = "interview";
    session_.phase = Phase::kFinished;
    std::filesystem::create_directories(folder_.path);
  }
  std::string rendered() const { return render_follow_ups(folder_, session_, kata_, Terminal{}); }

  TemporaryFolder base_;
  SessionFolder folder_{base_.path() / "session"};
  Session session_;
  Kata kata_;
};

TEST_F(FollowUpTest, ModelAnswersComeOnlyAfterTheCandidatesOwn) {
  EXPECT_EQ(open_follow_ups(folder_, session_, kata_).size(), 3u) << "three are asked";
  EXPECT_NE(rendered().find("Why?"), std::string::npos);
  EXPECT_EQ(rendered().find("Because."), std::string::npos);
  const auto answering = [](std::string_view question) {
    return std::optional("mine to " + std::string(question) + "\n");
  };
  EXPECT_TRUE(answer_follow_ups(folder_, session_, kata_, answering));
  EXPECT_NE(rendered().find("mine to How?"), std::string::npos);
  EXPECT_NE(rendered().find("Because."), std::string::npos);
  EXPECT_TRUE(open_follow_ups(folder_, session_, kata_).empty());
}

TEST_F(FollowUpTest, BrokenOffTheyStayOpen) {
  EXPECT_FALSE(answer_follow_ups(folder_, session_, kata_,
                                 [](std::string_view) { return std::optional<std::string>(); }));
  EXPECT_EQ(open_follow_ups(folder_, session_, kata_).size(), 3u);
  EXPECT_EQ(rendered().find("Because."), std::string::npos);
}

TEST_F(FollowUpTest, AreAskedAfterAnInterviewOnly) {
  session_.phase = Phase::kRunning;
  EXPECT_EQ(rendered(), "");
  session_.phase = Phase::kFinished;
  session_.created.format = "drill";
  EXPECT_EQ(rendered(), "");
}

}  // namespace
}  // namespace unaided
