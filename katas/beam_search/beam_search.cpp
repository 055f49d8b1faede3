#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

std::vector<Hypothesis> beam_search(Model& /*model*/, const Tokens& /*prompt*/,
                                    std::int64_t /*width*/, std::int64_t /*max_new_tokens*/,
                                    std::int64_t /*eos*/) {
  // TODO: from one empty hypothesis: extend the live ones, rank all candidates, keep the best.
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

std::vector<Hypothesis> beam_search_cached(CachedModel& /*model*/, const Tokens& /*prompt*/,
                                           const BeamOptions& /*options*/) {
  // TODO: one forward a step, set finished ones aside, reorder the cache, score at the end.
  throw std::logic_error("level 2: not written yet");
}

}  // namespace kata
