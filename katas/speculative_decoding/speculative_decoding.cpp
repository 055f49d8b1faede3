#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

Tokens speculative_greedy(CachedModel& /*target*/, CachedModel& /*draft*/, const Tokens& /*prompt*/,
                          std::int64_t /*draft_length*/, std::int64_t /*max_new_tokens*/,
                          std::int64_t /*eos*/) {
  // TODO: propose with the draft, verify with one call of the target, roll back what was rejected.
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

Tokens verify(const torch::Tensor& /*p*/, const torch::Tensor& /*q*/, const Tokens& /*proposals*/,
              std::int64_t /*eos*/, const Uniform& /*uniform*/) {
  // TODO: accept, or draw from the residual; a bonus token when all were accepted.
  throw std::logic_error("level 2: not written yet");
}

Tokens speculative_sample(CachedModel& /*target*/, CachedModel& /*draft*/, const Tokens& /*prompt*/,
                          std::int64_t /*draft_length*/, std::int64_t /*max_new_tokens*/,
                          std::int64_t /*eos*/, const Uniform& /*uniform*/) {
  // TODO: the rounds of level 1, with draws for proposals and verify for the rest.
  throw std::logic_error("level 2: not written yet");
}

}  // namespace kata
