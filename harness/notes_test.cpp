#include "notes.h"

#include <gtest/gtest.h>

#include "text_file.h"

namespace unaided {
namespace {

constexpr char kNotes[] =
    "# Tiny: notes\n\n## Walk-through\n**Level 1.** Add.\nThen stop.\n\nA word more.\n\n"
    "**Level 2.** Subtract.\n\n## Complexity\n**Level 1** is free.\n\n## Follow-up questions\n"
    "**Why?** Because.\nReally.\n\n**A question that\nruns on?**\nAn answer.\n\n## Sources\n- "
    "none\n";

TEST(Notes, AreCutAtTheLevels) {
  const Notes notes = parse_notes(kNotes);
  ASSERT_EQ(notes.walk_through.size(), 2u);
  EXPECT_EQ(notes.walk_through[0], "**Level 1.** Add.\nThen stop.\n\nA word more.");
  EXPECT_EQ(notes.walk_through[1], "**Level 2.** Subtract.");
}

TEST(Notes, KeepQuestionsApartFromTheirAnswers) {
  const Notes notes = parse_notes(kNotes);
  ASSERT_EQ(notes.follow_ups.size(), 2u);
  EXPECT_EQ(notes.follow_ups[0].question, "Why?");
  EXPECT_EQ(notes.follow_ups[0].answer, "Because.\nReally.");
  EXPECT_EQ(notes.follow_ups[1].question, "A question that runs on?");
  EXPECT_EQ(notes.follow_ups[1].answer, "An answer.");
}

TEST(Notes, OfSomethingElseAreEmpty) {
  const Notes notes = parse_notes("nothing of the kind\n");
  EXPECT_TRUE(notes.walk_through.empty());
  EXPECT_TRUE(notes.follow_ups.empty());
}

TEST(Notes, OfEveryShippedKataHaveAWordOnEachLevelAndThreeQuestions) {
  for (const std::string& id : kata_ids(UNAIDED_ROOT)) {
    const Kata kata = load_kata(UNAIDED_ROOT, id);
    const Notes notes = read_notes(kata);
    EXPECT_EQ(notes.walk_through.size(), kata.levels.size()) << id;
    EXPECT_GE(notes.follow_ups.size(), 3u) << id;
    for (const FollowUp& one : notes.follow_ups) {
      EXPECT_TRUE(one.question.ends_with('?')) << id << ": " << one.question;
      EXPECT_GT(one.answer.size(), 100u) << id << ": " << one.question;
    }
  }
}

}  // namespace
}  // namespace unaided
