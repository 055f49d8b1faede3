#pragma once

#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace oracle {

struct TopK {
  torch::Tensor values;   // float64 (rows, k)
  torch::Tensor indices;  // int64 (rows, k)
};

/// The k largest of each row (rows, columns), the largest first, of equals the lower column.
inline TopK top_k(const torch::Tensor& x, std::int64_t k) {
  const torch::Tensor in = x.to(torch::kFloat64).contiguous();
  const std::int64_t rows = in.size(0), columns = in.size(1);
  TopK result{torch::empty({rows, k}, torch::kFloat64), torch::empty({rows, k}, torch::kInt64)};
  std::vector<std::int64_t> order(static_cast<std::size_t>(columns));
  for (std::int64_t r = 0; r < rows; ++r) {
    const double* const row = in.data_ptr<double>() + r * columns;
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + k, order.end(),
                      [row](std::int64_t a, std::int64_t b) {
                        return row[a] > row[b] || (row[a] == row[b] && a < b);
                      });
    for (std::int64_t i = 0; i < k; ++i) {
      const std::int64_t column = order[static_cast<std::size_t>(i)];
      result.values.data_ptr<double>()[r * k + i] = row[column];
      result.indices.data_ptr<std::int64_t>()[r * k + i] = column;
    }
  }
  return result;
}

}  // namespace oracle
