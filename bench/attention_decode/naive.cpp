#include <algorithm>
#include <cmath>
#include <vector>

#include "attention_decode/rungs.h"

namespace unaided::bench::attention_decode {
namespace {

void attend(const float* q, const float* k, const float* v, float* out, std::size_t length) {
  const float scale = 1 / std::sqrt(static_cast<float>(kWidth));
  std::vector<float> scores(length);
  for (std::size_t j = 0; j < length; ++j) {
    float score = 0;
    for (std::size_t i = 0; i < kWidth; ++i) score += q[i] * k[j * kWidth + i];
    scores[j] = score * scale;
  }
  const float max = *std::max_element(scores.begin(), scores.end());
  float sum = 0;
  std::fill(out, out + kWidth, 0.0F);
  for (std::size_t j = 0; j < length; ++j) {
    const float weight = std::exp(scores[j] - max);
    sum += weight;
    for (std::size_t i = 0; i < kWidth; ++i) out[i] += weight * v[j * kWidth + i];
  }
  for (std::size_t i = 0; i < kWidth; ++i) out[i] /= sum;
}

}  // namespace

void naive(const float* q, const float* k, const float* v, float* out, Sizes sizes) {
  const std::size_t head_size = sizes.length * kWidth;
  for (std::size_t query = 0; query < sizes.heads * kGroup; ++query) {
    const std::size_t head = query / kGroup;
    attend(q + query * kWidth, k + head * head_size, v + head * head_size, out + query * kWidth,
           sizes.length);
  }
}

}  // namespace unaided::bench::attention_decode
