#include <gtest/gtest.h>

#include "level2.h"

namespace {

TEST(Summing, EXAMPLE_OneAndTwo) {
  EXPECT_EQ(kata::total(torch::arange(1, 3, torch::kFloat64)), 3.0) << "total({1, 2}) is 3";
}

TEST(Summing, SLOW_NothingIsZero) {
  EXPECT_EQ(kata::total(torch::zeros({0})), 0.0);
}

}  // namespace
