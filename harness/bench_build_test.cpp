#include "bench_build.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

TEST(BenchBuild, TheHighestLevelThatTheAttemptSpeaksOfIsTimed) {
  const std::vector<BenchContract> contracts{{"sampling", "decoding", 2, "sample", {}},
                                             {"sampling", "decoding", 3, "sample_batch", {}}};
  EXPECT_EQ(contract_for(contracts, "Tokens sample_batch(…) … sample(…)")->level, 3);
  EXPECT_EQ(contract_for(contracts, "std::int64_t sample(…)")->level, 2);
  EXPECT_EQ(contract_for(contracts, "int other()"), nullptr);
}

}  // namespace
}  // namespace unaided
