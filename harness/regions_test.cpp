#include "regions.h"

#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

constexpr char kStarter[] = "#include <cmath>\n\n// level 1\none: ?\n\n// level 2\ntwo: ?\n";
constexpr char kReference[] =
    "#include <cmath>\n#include <vector>\n\n// level 1\none: 1\n\n// level 2\ntwo: 2\n";

TEST(Regions, AreCutAtTheirMarkersAndJoinAgain) {
  const Regions regions = split_regions(kReference, "x.cpp");
  EXPECT_EQ(regions.preamble, "#include <cmath>\n#include <vector>\n\n");
  ASSERT_EQ(regions.levels.size(), 2u);
  EXPECT_EQ(regions.level(1), "one: 1\n\n");
  EXPECT_EQ(regions.level(2), "two: 2\n");
  EXPECT_EQ(join_regions(regions, 1), kReference);
}

TEST(Regions, AFileMayBeginWithALaterLevelOrHaveNone) {
  const Regions later = split_regions("// level 3\nthree\n", "x.cpp");
  EXPECT_EQ(later.first_level, 3);
  EXPECT_EQ(later.last_level(), 3);
  EXPECT_EQ(later.level(3), "three\n");
  EXPECT_TRUE(split_regions("int x;", "x.cpp").levels.empty());
}

TEST(Regions, OnlyWholeMarkerLinesCut) {
  const char* const text = "// level 1\n// level one is easy\n  // level 2\n// level 2 is not\n";
  EXPECT_EQ(split_regions(text, "x.cpp").levels.size(), 1u);
}

TEST(Regions, MarkersOutOfOrderAreRefusedWithTheirLine) {
  for (const char* text : {"a\n// level 1\n// level 1\n", "// level 2\n// level 1\n",
                           "// level 1\n// level 3\n", "// level 0\n"}) {
    try {
      split_regions(text, "x.cpp");
      ADD_FAILURE() << "accepted: " << text;
    } catch (const Fault& fault) {
      EXPECT_EQ(std::string(fault.what()).find("x.cpp:"), 0u) << fault.what();
    }
  }
}

TEST(Drill, GivesTheLevelsBelowAndAsksForItsOwn) {
  EXPECT_EQ(drill_source(kStarter, kReference, 1), "#include <cmath>\n\n// level 1\none: ?\n\n");
  const std::string drill = drill_source(kStarter, kReference, 2);
  EXPECT_EQ(drill,
            "#include <cmath>\n#include <vector>\n\n"
            "// level 1, given: the reference's solution, to build on\none: 1\n\n"
            "// level 2\ntwo: ?\n");
  EXPECT_EQ(split_regions(drill, "drill").levels.size(), 2u);
}

TEST(Drill, IsSolvedByTheReferenceUpToItsLevel) {
  EXPECT_EQ(solved_drill_source(kReference, 1),
            "#include <cmath>\n#include <vector>\n\n// level 1\none: 1\n\n");
  EXPECT_EQ(solved_drill_source(kReference, 2), kReference);
}

TEST(Drill, NeedsEveryRegion) {
  EXPECT_THROW(drill_source(kStarter, kReference, 3), Fault);
  EXPECT_THROW(drill_source(kStarter, "int x;", 2), Fault);
  EXPECT_THROW(solved_drill_source("// level 2\n", 2), Fault);
}

}  // namespace
}  // namespace unaided
