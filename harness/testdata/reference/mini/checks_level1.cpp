#include <gtest/gtest.h>

#include "level1.h"

namespace {

TEST(Doubling, EXAMPLE_ThreeBecomesSix) {
  EXPECT_EQ(kata::twice(torch::full({1}, 3.0)).item<double>(), 6.0) << "twice(3) is 6";
}

TEST(Doubling, KeepsTheShape) {
  EXPECT_EQ(kata::twice(torch::ones({2, 3})).sizes(), torch::IntArrayRef({2, 3}));
}

}  // namespace
