// The functions of the katas in CUDA as plain loops over memory of the processor, for tests of the
// contracts through which attempts are timed. Declared here: the katas' headers share their names.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

struct CUstream_st;

namespace kata {

void softmax(const float* x, float* y, std::int64_t rows, std::int64_t columns, CUstream_st*) {
  for (const float* end = x + rows * columns; x < end; x += columns, y += columns) {
    const float peak = *std::max_element(x, x + columns);
    double sum = 0;
    for (std::int64_t c = 0; c < columns; ++c) sum += y[c] = std::exp(x[c] - peak);
    for (std::int64_t c = 0; c < columns; ++c) y[c] = static_cast<float>(y[c] / sum);
  }
}

void rms_norm(const float* x, const float* weight, float* y, std::int64_t rows,
              std::int64_t columns, float epsilon, CUstream_st*) {
  for (const float* end = x + rows * columns; x < end; x += columns, y += columns) {
    double squares = 0;
    for (std::int64_t c = 0; c < columns; ++c) squares += double{x[c]} * x[c];
    const double scale = 1 / std::sqrt(squares / static_cast<double>(columns) + epsilon);
    for (std::int64_t c = 0; c < columns; ++c) y[c] = static_cast<float>(x[c] * scale) * weight[c];
  }
}

void top_k_rows(const float* x, std::int64_t x_stride, float* values, std::int32_t* indices,
                std::int64_t rows, std::int64_t columns, std::int64_t k, CUstream_st*) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(columns));
  for (std::int64_t row = 0; row < rows; ++row, x += x_stride, values += k, indices += k) {
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + k, order.end(),
                      [x](std::int32_t a, std::int32_t b) { return x[a] > x[b]; });
    for (std::int64_t i = 0; i < k; ++i) {
      indices[i] = order[static_cast<std::size_t>(i)];
      values[i] = x[indices[i]];
    }
  }
}

namespace {

/// One query over keys and values that lie row after row, in float64.
void attend(const float* query, const float* keys, const float* values, float* out,
            std::int64_t count, std::int64_t size) {
  double total = 0;
  std::vector<double> sum(static_cast<std::size_t>(size), 0);
  for (std::int64_t j = 0; j < count; ++j, keys += size, values += size) {
    const double score = std::inner_product(query, query + size, keys, 0.0);
    const double weight = std::exp(score / std::sqrt(static_cast<double>(size)));
    total += weight;
    for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += weight * values[d];
  }
  for (const double entry : sum) *out++ = static_cast<float>(entry / total);
}

}  // namespace

void causal_attention(const float* q, const float* k, const float* v, float* out,
                      std::int64_t heads, std::int64_t length, CUstream_st*) {
  constexpr std::int64_t kSize = 64;
  for (std::int64_t i = 0; i < heads * length; ++i) {
    const std::int64_t head = i / length * length * kSize;
    attend(q + i * kSize, k + head, v + head, out + i * kSize, i % length + 1, kSize);
  }
}

void decode_attention(const float* q, const float* k, const float* v, float* out, float*,
                      std::int64_t heads, std::int64_t group, std::int64_t keys, CUstream_st*) {
  constexpr std::int64_t kSize = 128;
  for (std::int64_t i = 0; i < heads * group; ++i) {
    const std::int64_t head = i / group * keys * kSize;
    attend(q + i * kSize, k + head, v + head, out + i * kSize, keys, kSize);
  }
}

}  // namespace kata
