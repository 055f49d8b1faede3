#include "support/simd.h"

#include <hwy/highway.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "fault.h"

namespace unaided::bench {
namespace {

struct Level {
  const char* name;  // as it is asked for
  const char* text;  // as it is shown
  std::int64_t target;
};

// From the best down.
constexpr std::array<Level, 3> kLevels = {{
    {"avx512", "AVX-512", HWY_AVX3},
    {"avx2", "AVX2", HWY_AVX2},
    {"sse4", "SSE4", HWY_SSE4},
}};

/// What is better than `target`: in Highway's masks, better targets are lower bits.
std::int64_t above(std::int64_t target) {
  return target - 1;
}

std::int64_t disabled_above(const std::string& name) {
  if (name.empty()) return 0;
  std::string known;
  for (const Level& level : kLevels) {
    if (name == level.name) return above(level.target);
    known += std::string(known.empty() ? "" : ", ") + level.name;
  }
  throw Fault("UNAIDED_BENCH_SIMD=" + name + " is no instruction set: use one of " + known + ".");
}

}  // namespace

std::string simd_name() {
  const std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  const std::int64_t best = usable & -usable;
  for (const Level& level : kLevels) {
    if (best == level.target) return level.text;
  }
  return hwy::TargetName(best);
}

void limit_simd(const std::string& name) {
  const std::int64_t disabled = disabled_above(name);
  hwy::DisableTargets(0);  // forgets earlier limits
  hwy::DisableTargets(disabled);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

void limit_simd_by_environment() {
  const char* name = std::getenv("UNAIDED_BENCH_SIMD");
  limit_simd(name == nullptr ? "" : name);
}

}  // namespace unaided::bench
