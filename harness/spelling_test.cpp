#include "spelling.h"

#include <gtest/gtest.h>

#include <vector>

namespace unaided {
namespace {

const std::vector<std::string> kIds = {"adam", "attention", "top_k"};

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(edit_distance("attention", "attention"), 0);
  EXPECT_EQ(edit_distance("attenion", "attention"), 1);
  EXPECT_EQ(edit_distance("atttention", "attention"), 1);
  EXPECT_EQ(edit_distance("attentiom", "attention"), 1);
  EXPECT_EQ(edit_distance("attnetion", "attention"), 1);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(NearestSpelling, FindsTheMisspeltWordWhateverItsCase) {
  EXPECT_EQ(nearest_spelling("atention", kIds), "attention");
  EXPECT_EQ(nearest_spelling("ADMA", kIds), "adam");
  EXPECT_EQ(nearest_spelling("topk", kIds), "top_k");
}

TEST(NearestSpelling, StaysSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_spelling("softmax", kIds), std::nullopt);
  EXPECT_EQ(nearest_spelling("", kIds), std::nullopt);
  EXPECT_EQ(nearest_spelling(std::string(100000, 'a'), kIds), std::nullopt);
  EXPECT_EQ(did_you_mean("softmax", kIds), "");
}

TEST(NearestSpelling, ReadsAsAQuestion) {
  EXPECT_EQ(did_you_mean("atention", kIds), "; did you mean 'attention'?");
}

}  // namespace
}  // namespace unaided
