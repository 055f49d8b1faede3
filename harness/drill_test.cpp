#include "drill.h"

#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

constexpr char kStarter[] =
    "#include <cmath>\n"
    "// level 1\nint one() { throw 1; }\n"
    "// level 2\nint two() { throw 2; }\n";
constexpr char kReference[] =
    "#include <cmath>\n#include <vector>\n"
    "// level 1\nint one() { return 1; }\n// level 2 builds on this\n"
    "// level 2\nint two() { return 2; }\n"
    "// level 3\nint three() { return 3; }\n";

TEST(Regions, RunFromTheirLineToTheNextAndJoinToTheWhole) {
  const Regions regions = cut_regions(kReference);
  EXPECT_EQ(regions.preamble, "#include <cmath>\n#include <vector>\n");
  ASSERT_EQ(regions.levels.size(), 3u);
  EXPECT_EQ(regions.levels.at(1),
            "// level 1\nint one() { return 1; }\n// level 2 builds on this\n")
      << "a sentence in a comment starts no region";
  std::string joined = regions.preamble;
  for (const auto& [level, text] : regions.levels) joined += text;
  EXPECT_EQ(joined, kReference);
}

TEST(Drill, OfTheFirstLevelGivesNothingAway) {
  EXPECT_EQ(drill_source(kStarter, kReference, 1),
            "#include <cmath>\n// level 1\nint one() { throw 1; }\n");
}

TEST(Drill, GivesTheLevelsBelowAndNothingAbove) {
  const std::string text = drill_source(kStarter, kReference, 2);
  EXPECT_NE(text.find("#include <vector>"), std::string::npos);
  EXPECT_NE(text.find("// level 1, given"), std::string::npos);
  EXPECT_NE(text.find("int one() { return 1; }"), std::string::npos);
  EXPECT_NE(text.find("// level 2\nint two() { throw 2; }"), std::string::npos);
  EXPECT_EQ(text.find("return 2"), std::string::npos);
  EXPECT_EQ(text.find("three"), std::string::npos);
}

TEST(Drill, AMissingRegionIsAFault) {
  EXPECT_THROW(drill_source(kStarter, kReference, 3), Fault);
  EXPECT_THROW(drill_source(kStarter, "", 2), Fault);
}

}  // namespace
}  // namespace unaided
