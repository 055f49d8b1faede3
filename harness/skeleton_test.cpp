#include "skeleton.h"

#include <gtest/gtest.h>

#include "kata_material.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

void write(const std::vector<SkeletonFile>& files, const std::filesystem::path& root) {
  for (const SkeletonFile& file : files) write_text_file(root / file.path, file.text);
}

TEST(Skeleton, HasEveryFileOfAKataAndNoneTooMany) {
  const TemporaryFolder root;
  write(kata_skeleton("top_k"), root.path());
  const Kata kata = load_kata(root.path(), "top_k");
  EXPECT_EQ(kata.title, "top_k");
  const KataMaterial material = read_kata_material(kata);
  for (const Problem& problem : material.problems) ADD_FAILURE() << problem.message;
  ASSERT_EQ(material.mutants.size(), 1u);
  EXPECT_NE(material.mutants[0].source.find("return x + 2;"), std::string::npos);
  EXPECT_EQ(material.alternates.size(), 1u);
}

TEST(Skeleton, OfAKataInCudaIsWrittenInCuda) {
  const TemporaryFolder root;
  write(kata_skeleton("scan", /*cuda=*/true), root.path());
  const Kata kata = load_kata(root.path(), "scan");
  EXPECT_EQ(kata.device, "cuda");
  EXPECT_EQ(kata.attempt_name(), "scan.cu");
  const KataMaterial material = read_kata_material(kata);
  for (const Problem& problem : material.problems) ADD_FAILURE() << problem.message;
  ASSERT_EQ(material.mutants.size(), 1u);
  EXPECT_EQ(material.alternates.size(), 1u);
}

}  // namespace
}  // namespace unaided
