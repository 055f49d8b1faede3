#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace unaided::bench {

/// Attention of one query over `keys` rows of kWidth, by plain loops.
template <std::size_t kWidth>
void attend_naively(const float* q, const float* k, const float* v, float* out, std::size_t keys) {
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

}  // namespace unaided::bench
