#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "level1.h"
#include "support/device.h"

namespace {

TEST(Reversing, HundredIntegers) {
  std::vector<int> values(100);
  std::iota(values.begin(), values.end(), 1);
  const support::DeviceStream stream;
  const support::DeviceArray<int> x(stream, values);
  kata::reverse(x.data(), 100, stream.get());
  ASSERT_EQ(support::device().finish(stream.get()), "");
  EXPECT_EQ(x.guard_damage("x"), "");
  std::reverse(values.begin(), values.end());
  EXPECT_EQ(x.download(), values) << "not reversed";
}

}  // namespace
