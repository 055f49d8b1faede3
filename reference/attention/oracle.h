#pragma once

// What is right, in float64 and in plain loops over memory. Shares nothing with the reference and
// asks no LibTorch operator. Keys that a query may not attend to are never read, so that what lies
// there cannot matter.

#include <torch/types.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace oracle {

inline torch::Tensor float64(const torch::Tensor& t) {
  return t.detach().to(torch::kFloat64).contiguous();
}

/// bool (…, Lq, Lk): which query may attend to which key. `leading` are the dimensions "…".
inline torch::Tensor allowed_pairs(torch::IntArrayRef leading, std::int64_t queries,
                                   std::int64_t keys, const std::optional<torch::Tensor>& keep,
                                   bool causal) {
  std::vector<std::int64_t> shape = leading.vec();
  shape.insert(shape.end(), {queries, keys});
  torch::Tensor allowed = keep ? keep->expand(shape).clone(torch::MemoryFormat::Contiguous)
                               : torch::full(shape, true, torch::kBool);
  if (!causal) return allowed;
  bool* pair = allowed.data_ptr<bool>();
  for (std::int64_t n = 0; n < allowed.numel(); ++n) {
    const std::int64_t i = n / keys % queries, j = n % keys;
    if (j > i + keys - queries) pair[n] = false;
  }
  return allowed;
}

/// One query against the keys that it may attend to (all if `allowed` is null).
inline void attend(const double* q, const double* k, const double* v, const bool* allowed,
                   std::int64_t keys, std::int64_t d, std::int64_t dv, double* weights,
                   double* out) {
  double peak = -std::numeric_limits<double>::infinity(), sum = 0;
  const double scale = 1 / std::sqrt(static_cast<double>(d));
  for (std::int64_t j = 0; j < keys; ++j) {
    if (allowed != nullptr && !allowed[j]) continue;
    double dot = 0;
    for (std::int64_t c = 0; c < d; ++c) dot += q[c] * k[j * d + c];
    weights[j] = dot * scale;
    peak = std::max(peak, weights[j]);
  }
  for (std::int64_t c = 0; c < dv; ++c) out[c] = 0;
  for (std::int64_t j = 0; j < keys; ++j) {
    if (allowed != nullptr && !allowed[j]) continue;
    const double weight = std::exp(weights[j] - peak);
    sum += weight;
    for (std::int64_t c = 0; c < dv; ++c) out[c] += weight * v[j * dv + c];
  }
  if (sum == 0) return;
  for (std::int64_t c = 0; c < dv; ++c) out[c] /= sum;
}

/// q (…, Lq, D), k (…, Lk, D), v (…, Lk, Dv), allowed bool (…, Lq, Lk) or undefined for all pairs
/// → float64 (…, Lq, Dv). A query without an allowed key gives 0.
inline torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v, const torch::Tensor& allowed = {}) {
  const torch::Tensor q64 = float64(q), k64 = float64(k), v64 = float64(v);
  const std::int64_t queries = q.size(-2), d = q.size(-1), keys = k.size(-2), dv = v.size(-1);
  std::vector<std::int64_t> shape = q.sizes().vec();
  shape.back() = dv;
  torch::Tensor out = torch::empty(shape, torch::kFloat64);
  const torch::Tensor pairs = allowed.defined() ? allowed.contiguous() : allowed;
  std::vector<double> weights(static_cast<std::size_t>(keys));
  for (std::int64_t row = 0; row < out.numel() / dv; ++row) {
    const std::int64_t n = row / queries;  // batch element and head
    attend(q64.data_ptr<double>() + row * d, k64.data_ptr<double>() + n * keys * d,
           v64.data_ptr<double>() + n * keys * dv,
           pairs.defined() ? pairs.data_ptr<bool>() + row * keys : nullptr, keys, d, dv,
           weights.data(), out.data_ptr<double>() + row * dv);
  }
  return out;
}

/// masked_attention as the contract of level 2 says it.
inline torch::Tensor masked_attention(const torch::Tensor& q, const torch::Tensor& k,
                                      const torch::Tensor& v,
                                      const std::optional<torch::Tensor>& keep, bool causal) {
  const auto leading = q.sizes().slice(0, static_cast<std::size_t>(q.dim() - 2));
  return attention(q, k, v, allowed_pairs(leading, q.size(-2), k.size(-2), keep, causal));
}

/// Turns row t of x (…, T, D) as position start + t.
inline torch::Tensor rope(const torch::Tensor& x, std::int64_t start) {
  const std::int64_t tokens = x.size(-2), d = x.size(-1);
  torch::Tensor out = float64(x).clone();
  double* entries = out.data_ptr<double>();
  for (std::int64_t n = 0; n < out.numel(); n += 2) {
    const auto position = static_cast<double>(start + n / d % tokens);
    const auto pair = static_cast<double>(n % d);  // 2i
    const double angle = position * std::pow(10000.0, -pair / static_cast<double>(d));
    const double a = entries[n], b = entries[n + 1];
    entries[n] = a * std::cos(angle) - b * std::sin(angle);
    entries[n + 1] = a * std::sin(angle) + b * std::cos(angle);
  }
  return out;
}

/// x (rows, in) times a weight stored (out, in) → float64 (rows, out).
inline torch::Tensor project(const torch::Tensor& x, const torch::Tensor& weight) {
  const torch::Tensor x64 = float64(x), w64 = float64(weight);
  const std::int64_t rows = x.size(0), in = x.size(1), outs = weight.size(0);
  torch::Tensor result = torch::empty({rows, outs}, torch::kFloat64);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t o = 0; o < outs; ++o) {
      const double* a = x64.data_ptr<double>() + r * in;
      const double* b = w64.data_ptr<double>() + o * in;
      double dot = 0;
      for (std::int64_t c = 0; c < in; ++c) dot += a[c] * b[c];
      result.data_ptr<double>()[r * outs + o] = dot;
    }
  }
  return result;
}

/// Columns of one head of one batch element: tokens (B·T, heads·D) → (T, D).
inline torch::Tensor head_of(const torch::Tensor& tokens, std::int64_t row, std::int64_t length,
                             std::int64_t head, std::int64_t d) {
  return tokens.narrow(0, row * length, length).narrow(1, head * d, d);
}

/// causal_self_attention as the contract of level 3 says it; Layer is kata::Layer.
template <typename Layer>
torch::Tensor causal_self_attention(const torch::Tensor& x, const Layer& layer,
                                    std::int64_t start) {
  const std::int64_t batch = x.size(0), tokens = x.size(1), width = x.size(2);
  const std::int64_t d = layer.wq.size(0) / layer.query_heads;
  const torch::Tensor rows = float64(x).reshape({batch * tokens, width});
  const torch::Tensor q = project(rows, layer.wq), k = project(rows, layer.wk),
                      v = project(rows, layer.wv);
  torch::Tensor merged = torch::empty({batch * tokens, layer.query_heads * d}, torch::kFloat64);
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t h = 0; h < layer.query_heads; ++h) {
      const std::int64_t shared = h / (layer.query_heads / layer.key_value_heads);
      head_of(merged, b, tokens, h, d)
          .copy_(masked_attention(rope(head_of(q, b, tokens, h, d), start),
                                  rope(head_of(k, b, tokens, shared, d), start),
                                  head_of(v, b, tokens, shared, d), std::nullopt, true));
    }
  }
  return project(merged, layer.wo).reshape({batch, tokens, width});
}

}  // namespace oracle
