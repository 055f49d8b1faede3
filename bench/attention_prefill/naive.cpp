#include <algorithm>
#include <cmath>
#include <vector>

#include "attention_prefill/rungs.h"

namespace unaided::bench::attention_prefill {
namespace {

void attend(const float* q, const float* k, const float* v, float* out, std::size_t keys) {
  const float scale = 1 / std::sqrt(static_cast<float>(kWidth));
  std::vector<float> scores(keys);
  for (std::size_t j = 0; j < keys; ++j) {
    float score = 0;
    for (std::size_t i = 0; i < kWidth; ++i) score += q[i] * k[j * kWidth + i];
    scores[j] = score * scale;
  }
  const float max = *std::max_element(scores.begin(), scores.end());
  float sum = 0;
  std::fill(out, out + kWidth, 0.0F);
  for (std::size_t j = 0; j < keys; ++j) {
    const float weight = std::exp(scores[j] - max);
    sum += weight;
    for (std::size_t i = 0; i < kWidth; ++i) out[i] += weight * v[j * kWidth + i];
  }
  for (std::size_t i = 0; i < kWidth; ++i) out[i] /= sum;
}

}  // namespace

void naive(const float* q, const float* k, const float* v, float* out, Sizes sizes) {
  for (std::size_t head = 0; head < sizes.heads; ++head) {
    const std::size_t begin = head * sizes.length * kWidth;
    for (std::size_t row = 0; row < sizes.length; ++row) {
      const std::size_t at = begin + row * kWidth;
      attend(q + at, k + begin, v + begin, out + at, row + 1);
    }
  }
}

}  // namespace unaided::bench::attention_prefill
