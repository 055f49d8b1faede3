#include "kata_material.h"

#include <gtest/gtest.h>

#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

constexpr char kManifest[] =
    "title = \"Tiny\"\nsummary = \"A kata for tests.\"\n"
    "[[level]]\ntitle = \"One\"\npar_minutes = 1\n[[level]]\ntitle = \"Two\"\npar_minutes = 1\n";
constexpr char kSource[] = "#include <cmath>\n// level 1\nint one;\n// level 2\nint two;\n";
constexpr char kFirstMutant[] =
    "Calls it uno.\n\n--- a/tiny.cpp\n+++ b/tiny.cpp\n@@ -3 +3 @@\n-int one;\n+int uno;\n";
constexpr char kSecondMutant[] =
    "Calls it due.\n\n--- a/tiny.cpp\n+++ b/tiny.cpp\n@@ -5 +5 @@\n-int two;\n+int due;\n";

class KataMaterialTest : public testing::Test {
 protected:
  KataMaterialTest() {
    for (const char* name : {"README.md", "level1.md", "level1.h", "level2.md", "level2.h"}) {
      write(std::string("katas/tiny/") + name, "x\n");
    }
    write("katas/tiny/kata.toml", kManifest);
    write("katas/tiny/tiny.cpp", kSource);
    write("reference/tiny/tiny.cpp", kSource);
    write("reference/tiny/checks_level1.cpp", "#include \"oracle.h\"\n");
    write("reference/tiny/checks_level2.cpp", "");
    write("reference/tiny/oracle.h", "#include \"cases.h\"\n");
    write("reference/tiny/cases.h", "");  // included by a header that a check includes
    write("reference/tiny/notes.md", "");
    write("reference/tiny/mutants/level1_uno.patch", kFirstMutant);
    write("reference/tiny/mutants/level2_blind_due.patch", kSecondMutant);
    write("reference/tiny/alternates/loops.cpp", "int one, two;\n");
    write("reference/tiny/alternates/second.cpp", "// level 2\nint two;\n");
  }

  void write(const std::string& relative, const std::string& text) const {
    write_text_file(folder_.path() / relative, text);
  }

  KataMaterial read() const { return read_kata_material(load_kata(folder_.path(), "tiny")); }

  /// Problems as "id: message" lines.
  std::string problems() const {
    std::string text;
    for (const Problem& problem : read().problems)
      text += problem.id + ": " + problem.message + "\n";
    return text;
  }

  TemporaryFolder folder_;
};

TEST_F(KataMaterialTest, ReadsMutantsAndAlternates) {
  EXPECT_EQ(problems(), "");
  const KataMaterial material = read();
  ASSERT_EQ(material.mutants.size(), 2u);
  EXPECT_EQ(material.mutants[0].name, "level1_uno");
  EXPECT_EQ(material.mutants[0].description, "Calls it uno.");
  EXPECT_FALSE(material.mutants[0].blind);
  EXPECT_NE(material.mutants[0].source.find("int uno;"), std::string::npos);
  EXPECT_EQ(material.mutants[1].level, 2);
  EXPECT_TRUE(material.mutants[1].blind);
  ASSERT_EQ(material.alternates.size(), 2u);
  EXPECT_EQ(material.alternates[0].first_level, 1);
  EXPECT_EQ(material.alternates[0].last_level, 2);
  EXPECT_EQ(material.alternates[1].first_level, 2);
}

TEST_F(KataMaterialTest, SourcesOfADevicesKataAreCalledCu) {
  write("katas/tiny/kata.toml", "device = \"cuda\"\n" + std::string(kManifest));
  const std::filesystem::path root = folder_.path();
  for (const char* name :
       {"katas/tiny/tiny", "reference/tiny/tiny", "reference/tiny/alternates/loops"}) {
    std::filesystem::rename(root / (name + std::string(".cpp")),
                            root / (name + std::string(".cu")));
  }
  EXPECT_EQ(problems(), "stray: reference/tiny/alternates/second.cpp does not belong here\n");
  ASSERT_EQ(read().alternates.size(), 1U);
  EXPECT_EQ(read().alternates[0].name, "loops");
}

TEST_F(KataMaterialTest, StrayAndMissingFilesAreNamed) {
  write("katas/tiny/tiny.cpp.swp", "");
  write("katas/tiny/solutions/tiny.cpp", "");
  write("reference/tiny/unused.h", "");
  write("reference/tiny/mutants/level1_uno.patch.orig", "");
  write("reference/tiny/alternates/readme.txt", "");
  std::filesystem::remove(folder_.path() / "katas/tiny/README.md");
  std::filesystem::remove(folder_.path() / "reference/tiny/checks_level2.cpp");
  EXPECT_EQ(problems(),
            "stray: katas/tiny/solutions does not belong here\n"
            "stray: katas/tiny/tiny.cpp.swp does not belong here\n"
            "missing: katas/tiny/README.md is missing\n"
            "missing: reference/tiny/checks_level2.cpp is missing\n"
            "stray: reference/tiny/alternates/readme.txt does not belong here\n"
            "stray: reference/tiny/mutants/level1_uno.patch.orig does not belong here\n"
            "stray: reference/tiny/unused.h does not belong here\n");
}

TEST_F(KataMaterialTest, AMutantThatDoesNotFitIsNamed) {
  const std::string drifted =
      std::string(kFirstMutant).replace(std::string(kFirstMutant).find("@@ -3 +3"), 8, "@@ -4 +4");
  write("reference/tiny/mutants/level1_uno.patch", drifted);
  EXPECT_EQ(problems(),
            "patch: reference/tiny/mutants/level1_uno.patch: the patch does not fit at line 4: "
            "make it again\n");
}

TEST_F(KataMaterialTest, AMutantChangesItsLevelAndSaysWhatIsWrong) {
  write("reference/tiny/mutants/level2_uno.patch",
        std::string(kFirstMutant).substr(std::string("Calls it uno.\n\n").size()));
  EXPECT_EQ(problems(),
            "description: reference/tiny/mutants/level2_uno.patch must say in words, before its "
            "diff, what is wrong\n"
            "patch: reference/tiny/mutants/level2_uno.patch changes nothing in level 2\n");
}

TEST_F(KataMaterialTest, AMutantIsNamedAfterALevel) {
  write("reference/tiny/mutants/level3_x.patch", kFirstMutant);
  EXPECT_EQ(problems(),
            "name: reference/tiny/mutants/level3_x.patch must be called level<K>_<what>.patch, K a "
            "level\n");
}

TEST_F(KataMaterialTest, RegionsMustBeWholeAndInOrder) {
  for (const char* source : {"int one, two;\n", "// level 1\n", "// level 2\n// level 1\n",
                             "// level 1\n// level 2\n// level 3\n"}) {
    write("katas/tiny/tiny.cpp", source);
    EXPECT_EQ(problems().find("regions: katas/tiny/tiny.cpp must mark each of its levels"), 0u)
        << source;
  }
}

TEST_F(KataMaterialTest, AnAlternateMayNotSkipALevel) {
  write("reference/tiny/alternates/second.cpp", "// level 2\n// level 4\n");
  EXPECT_EQ(problems(),
            "regions: reference/tiny/alternates/second.cpp must mark levels of the kata without a "
            "gap\n");
}

TEST(SolvedLevels, EndWithTheLevelAskedFor) {
  EXPECT_EQ(solved_levels(kSource, 1), "#include <cmath>\n// level 1\nint one;\n");
  EXPECT_EQ(solved_levels(kSource, 2), kSource);
}

}  // namespace
}  // namespace unaided
