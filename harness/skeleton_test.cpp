#include "skeleton.h"

#include <gtest/gtest.h>

#include "kata_material.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

TEST(Skeleton, HasEveryFileOfAKataAndNoneTooMany) {
  const TemporaryFolder root;
  for (const SkeletonFile& file : kata_skeleton("top_k")) {
    write_text_file(root.path() / file.path, file.text);
  }
  const Kata kata = load_kata(root.path(), "top_k");
  EXPECT_EQ(kata.title, "top_k");
  const KataMaterial material = read_kata_material(kata);
  for (const Problem& problem : material.problems) ADD_FAILURE() << problem.message;
  ASSERT_EQ(material.mutants.size(), 1u);
  EXPECT_NE(material.mutants[0].source.find("return x + 2;"), std::string::npos);
  EXPECT_EQ(material.alternates.size(), 1u);
}

}  // namespace
}  // namespace unaided
