#pragma once

// One call of the attempt on the device, for the checks of both levels.

#include "oracle.h"
#include "support/device_rows.h"

namespace selection {

/// Calls `attempt(x, values, indices)`, which only launches, on x (rows, columns) in this layout,
/// and compares with `expected`.
template <typename Attempt>
void expect_selected(const torch::Tensor& x, std::int64_t k, support::DeviceRows::Layout layout,
                     const oracle::TopK& expected, Attempt&& attempt) {
  const support::Inputs in{{"x", x}, {"k", torch::tensor(k)}};
  const std::int64_t rows = x.size(0);
  const support::DeviceStream stream;
  const support::DeviceRows given(stream, x, layout);
  const support::DeviceRows values(stream, rows, k, {});
  const support::DeviceArray<std::int32_t> indices(stream, rows * k);
  const bool done = support::ran(
      stream, in, [&] { attempt(given, values.data(), indices.data(), stream.get()); });
  if (!done) return;
  support::expect_none(
      {given.change("x"), values.damage("values"), indices.guard_damage("indices")}, in);
  support::expect_close("values", values.values(), expected.values, support::kExact32, in);
  const std::vector<std::int32_t> columns = indices.download();
  const torch::Tensor got = torch::empty({rows, k}, torch::kFloat64);
  std::copy(columns.begin(), columns.end(), got.data_ptr<double>());
  support::expect_close("indices", got, expected.indices.to(torch::kFloat64), support::kExact64,
                        in);
}

}  // namespace selection
