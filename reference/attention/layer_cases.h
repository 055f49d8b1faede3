#pragma once

// Layers and inputs that the checks of levels 3 and 4 share.

#include "level3.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace layer_cases {

struct LayerShape {
  std::int64_t width;  // C
  std::int64_t query_heads, key_value_heads, head_dim;
};

/// Random weights, scaled so that every projection of standard normal inputs has entries of size 1.
inline kata::Layer random_layer(support::RandomTensors& random, const LayerShape& shape,
                                torch::ScalarType dtype = torch::kFloat32) {
  const auto weight = [&](std::int64_t rows, std::int64_t columns) {
    return random.normal({rows, columns}, torch::kFloat64)
        .mul(1 / std::sqrt(static_cast<double>(columns)))
        .to(dtype);
  };
  const std::int64_t query_rows = shape.query_heads * shape.head_dim;
  const std::int64_t key_rows = shape.key_value_heads * shape.head_dim;
  return {weight(query_rows, shape.width),
          weight(key_rows, shape.width),
          weight(key_rows, shape.width),
          weight(shape.width, query_rows),
          shape.query_heads,
          shape.key_value_heads};
}

/// C = D = 2, one head, every weight the identity.
inline kata::Layer identity_layer() {
  const torch::Tensor one = support::matrix({{1, 0}, {0, 1}});
  return {one, one, one, one, 1, 1};
}

/// What a failure shows.
inline support::Inputs shown(const torch::Tensor& x, const kata::Layer& layer) {
  return {{"x", x},
          {"wq", layer.wq},
          {"wk", layer.wk},
          {"wv", layer.wv},
          {"wo", layer.wo},
          {"query_heads", torch::tensor(layer.query_heads)},
          {"key_value_heads", torch::tensor(layer.key_value_heads)}};
}

/// Layers that must be refused for inputs of width 8, with the reason.
struct BadLayer {
  const char* reason;
  kata::Layer layer;
};

/// Weights that fit each other as (query rows, key rows), for counts of heads that may not.
inline kata::Layer flat_layer(std::int64_t query_rows, std::int64_t key_rows,
                              std::int64_t query_heads, std::int64_t key_value_heads) {
  return {torch::ones({query_rows, 8}),
          torch::ones({key_rows, 8}),
          torch::ones({key_rows, 8}),
          torch::ones({8, query_rows}),
          query_heads,
          key_value_heads};
}

inline std::vector<BadLayer> layers_with_bad_head_counts() {
  return {{"3 key/value heads for 4 query heads", flat_layer(16, 12, 4, 3)},
          {"4 key/value heads for 2 query heads", flat_layer(8, 16, 2, 4)},
          {"no query head", flat_layer(16, 16, 0, 1)},
          {"no key/value head", flat_layer(16, 16, 4, 0)},
          {"a negative number of heads", flat_layer(16, 16, -4, -4)},
          {"5 query heads for 16 rows of wq", flat_layer(16, 16, 5, 5)}};
}

}  // namespace layer_cases
