#include "patch.h"

#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

constexpr char kText[] = "one\ntwo\nthree\nfour\nfive\n";
constexpr char kDiff[] =
    "--- a/x.cpp\n+++ b/x.cpp\n@@ -2,3 +2,3 @@ some function\n two\n-three\n+3\n four\n";

TEST(SplitPatch, TakesTheWordsBeforeTheDiffAsDescription) {
  const Patch patch = split_patch(std::string("\nForgets the scale.\n\n") + kDiff);
  EXPECT_EQ(patch.description, "Forgets the scale.");
  EXPECT_EQ(patch.diff, kDiff);
  EXPECT_EQ(split_patch(kDiff).description, "");
  EXPECT_EQ(split_patch("words only\n").diff, "");
}

TEST(ApplyPatch, ReplacesExactlyWhatItShows) {
  EXPECT_EQ(apply_patch(kText, kDiff), "one\ntwo\n3\nfour\nfive\n");
}

TEST(ApplyPatch, InsertsAndDeletesInSeveralHunks) {
  const char* const diff =
      "--- x\n+++ x\n@@ -0,0 +1 @@\n+zero\n@@ -2 +3,0 @@\n-two\n@@ -5 +5,2 @@\n five\n+six\n";
  EXPECT_EQ(apply_patch(kText, diff), "zero\none\nthree\nfour\nfive\nsix\n");
}

TEST(ApplyPatch, HandlesAMissingLastNewline) {
  const char* const diff =
      "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n";
  EXPECT_EQ(apply_patch("a", diff), "b");
  EXPECT_THROW(apply_patch("a\n", diff), Fault);
}

TEST(ApplyPatch, RefusesAPatchThatHasDrifted) {
  EXPECT_THROW(apply_patch(std::string("zero\n") + kText, kDiff), Fault);
  EXPECT_THROW(apply_patch("one\ntwo\nTHREE\nfour\nfive\n", kDiff), Fault);
  EXPECT_THROW(apply_patch("one\n", kDiff), Fault);
  EXPECT_THROW(apply_patch("", kDiff), Fault);
}

TEST(ApplyPatch, RefusesWhatIsNotAUnifiedDiff) {
  for (const char* diff :
       {"", "words\n", "@@ -1 @@\n-one\n", "@@ -1,2 +1,2 @@\n one\n", "@@ -1 +1 @@\n*one\n",
        "@@ -1 +1 @@\n-one\n-two\n+1\n", "@@ -1 +1 @@\n-one\n+1\nmore\n", "@@ -", "@@ -1 +1",
        "@@ -99999999999999999999 +1 @@\n-one\n+1\n"}) {
    EXPECT_THROW(apply_patch(kText, diff), Fault) << diff;
  }
}

TEST(ApplyPatch, RefusesHunksThatOverlap) {
  const char* const diff = "@@ -2 +2 @@\n-two\n+2\n@@ -1 +1 @@\n-one\n+1\n";
  EXPECT_THROW(apply_patch(kText, diff), Fault);
}

}  // namespace
}  // namespace unaided
