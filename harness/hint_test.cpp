#include "hint.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

TEST(Hint, NamesEachBehaviourOnce) {
  EXPECT_EQ(
      behaviours_in("TEST(Scale, A) {}\nTEST(Mask, B) {\n}\nTEST(Scale, C) {}\n// TEST(No, X)\n"),
      (std::vector<std::string>{"Scale", "Mask"}));
}

TEST(Hint, TheSkeletonKeepsDeclarationsAndComments) {
  const std::string skeleton = skeleton_of(
      "// level 1\nnamespace kata {\n\n/// Adds.\nint add(int a, int b) {\n  // carry first\n"
      "  const int secret = a + b;\n  if (secret) {\n    return secret;\n  }\n  return 0;\n}\n\n"
      "struct Pair {\n  int left = 0;\n  int sum() const {\n    return left;\n  }\n};\n\n}\n");
  for (const char* kept :
       {"namespace kata {", "/// Adds.", "int add(int a, int b) {", "// carry first",
        "struct Pair {", "int left = 0;", "int sum() const {"}) {
    EXPECT_NE(skeleton.find(kept), std::string::npos) << kept << "\n" << skeleton;
  }
  for (const char* gone : {"secret", "return"}) {
    EXPECT_EQ(skeleton.find(gone), std::string::npos) << gone << "\n" << skeleton;
  }
}

TEST(Hint, OfEveryShippedLevelComesInThreeSteps) {
  for (const std::string& id : kata_ids(UNAIDED_ROOT)) {
    const Kata kata = load_kata(UNAIDED_ROOT, id);
    for (const Level& level : kata.levels) {
      EXPECT_EQ(hints_for(kata, level.number).size(), 3u) << id << " level " << level.number;
    }
  }
}

}  // namespace
}  // namespace unaided
