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

Tokens greedy(Model& /*model*/, const Tokens& /*prompt*/, std::int64_t /*max_new_tokens*/,
              std::int64_t /*eos*/) {
  // TODO: ask the model, take the largest logit of the last row, append, stop in time.
  throw std::logic_error("level 1: not written yet");
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

std::int64_t sample(const torch::Tensor& /*logits*/, double /*temperature*/, std::int64_t /*top_k*/,
                    double /*u*/) {
  // TODO: temperature, top-k, softmax, then the first id whose cumulative probability exceeds u.
  throw std::logic_error("level 2: not written yet");
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

Tokens sample_batch(const torch::Tensor& /*logits*/, const std::vector<Tokens>& /*prompts*/,
                    const std::vector<Tokens>& /*outputs*/, const Sampling& /*sampling*/,
                    const std::vector<double>& /*u*/) {
  // TODO: for each row penalty, temperature, top-k, top-p, min-p, draw.
  throw std::logic_error("level 3: not written yet");
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

std::vector<Tokens> generate(CachedModel& /*model*/, const std::vector<Tokens>& /*prompts*/,
                             const GenerationOptions& /*options*/, const Uniform& /*uniform*/) {
  // TODO: feed the prompts, then step by step the unfinished rows, until none is left.
  throw std::logic_error("level 4: not written yet");
}

}  // namespace kata
