// Composed tensor operators only: softmax as LibTorch has it, masks by torch::where, rotary
// positions as complex numbers, heads by unflatten, keys that are shared broadcast instead of
// repeated.
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  const bool low = q.scalar_type() == torch::kBFloat16;
  const auto wide = [&](const torch::Tensor& t) { return low ? t.to(torch::kFloat32) : t; };
  const torch::Tensor scores = torch::matmul(wide(q), wide(k).mT()) / std::sqrt(double(q.size(-1)));
  const torch::Tensor out = torch::matmul(scores.softmax(-1), wide(v));
  return low ? out.to(torch::kBFloat16) : out;
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

torch::Tensor masked_attention(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v, const std::optional<torch::Tensor>& keep,
                               bool causal) {
  const int64_t lq = q.size(-2), lk = k.size(-2);
  if (causal && lq > lk) throw std::invalid_argument("causal: Lq > Lk");

  auto shape = q.sizes().vec();
  shape[shape.size() - 1] = lk;
  torch::Tensor hidden = torch::zeros(shape, torch::kBool);
  if (keep.has_value()) {
    if (keep->dtype() != torch::kBool) throw std::invalid_argument("keep must be bool");
    const int64_t extra = q.dim() - keep->dim();
    if (extra < 0) throw std::invalid_argument("keep has too many dimensions");
    for (int64_t i = 0; i < keep->dim(); ++i) {
      const int64_t n = keep->size(i);
      if (n != 1 && n != shape[size_t(i + extra)]) throw std::invalid_argument("keep: shape");
    }
    hidden = hidden | ~*keep;
  }
  if (causal) {
    const torch::Tensor rows = torch::arange(lq).unsqueeze(1) + (lk - lq);
    hidden = hidden | (torch::arange(lk).unsqueeze(0) > rows);
  }

  const bool low = q.scalar_type() == torch::kBFloat16;
  const auto wide = [&](const torch::Tensor& t) { return low ? t.to(torch::kFloat32) : t; };
  const torch::Tensor unused = hidden.all(-2).unsqueeze(-1);
  const torch::Tensor zero = torch::zeros({}, wide(q).options().requires_grad(false));
  const torch::Tensor keys = torch::where(unused, zero, wide(k));
  const torch::Tensor values = torch::where(unused, zero, wide(v));
  const torch::Tensor scores = torch::matmul(wide(q), keys.mT()) / std::sqrt(double(q.size(-1)));

  // A row with nothing to see keeps its finite scores, and its weights are dropped afterwards.
  const torch::Tensor blind = hidden.all(-1, /*keepdim=*/true);
  const torch::Tensor minus_infinity = torch::full_like(zero, -INFINITY);
  const torch::Tensor weights = torch::where(hidden & ~blind, minus_infinity, scores).softmax(-1);
  const torch::Tensor out = torch::matmul(torch::where(blind, zero, weights), values);
  return low ? out.to(torch::kBFloat16) : out;
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

torch::Tensor rope(const torch::Tensor& x, int64_t start_position) {
  const int64_t d = x.size(-1);
  if (d % 2) throw std::invalid_argument("odd D");
  const auto f64 = torch::kFloat64;
  const torch::Tensor frequency = torch::exp(torch::arange(0, d, 2, f64) * (-std::log(1e4) / d));
  const torch::Tensor position = torch::arange(x.size(-2), f64) + double(start_position);
  const torch::Tensor angle = position.unsqueeze(1) * frequency;
  const torch::Tensor turn = torch::polar(torch::ones_like(angle), angle);
  const torch::Tensor z = torch::view_as_complex(x.contiguous().unflatten(-1, {d / 2, 2}));
  return torch::view_as_real(z * turn.to(z.scalar_type())).flatten(-2);
}

/// Throws unless the layer is sound; returns D.
int64_t width_of_heads(const Layer& l, int64_t c) {
  using Shape = std::vector<int64_t>;
  if (l.query_heads < 1 || l.key_value_heads < 1) throw std::invalid_argument("no heads");
  if (l.query_heads % l.key_value_heads) throw std::invalid_argument("uneven groups");
  if (l.wq.dim() != 2 || l.wq.size(0) % l.query_heads) throw std::invalid_argument("wq");
  const int64_t d = l.wq.size(0) / l.query_heads;
  if (d == 0 || d % 2) throw std::invalid_argument("odd D");
  const Shape key_shape{l.key_value_heads * d, c};
  if (l.wq.sizes() != Shape{l.query_heads * d, c} || l.wk.sizes() != key_shape ||
      l.wv.sizes() != key_shape || l.wo.sizes() != Shape{c, l.query_heads * d}) {
    throw std::invalid_argument("weights do not fit");
  }
  return d;
}

torch::Tensor causal_self_attention(const torch::Tensor& x, const Layer& l, int64_t start) {
  const int64_t d = width_of_heads(l, x.size(2)), hkv = l.key_value_heads;
  const int64_t group = l.query_heads / hkv;
  // (B, T, Hkv, group, D) → (B, Hkv, group, T, D)
  const torch::Tensor q = rope(torch::einsum("btc,oc->bto", {x, l.wq})
                                   .unflatten(-1, {hkv, group, d})
                                   .permute({0, 2, 3, 1, 4}),
                               start);
  const auto shared = [&](const torch::Tensor& w) {  // (B, Hkv, 1, T, D)
    return torch::einsum("btc,oc->bto", {x, w}).unflatten(-1, {hkv, 1, d}).permute({0, 2, 3, 1, 4});
  };
  const torch::Tensor k = rope(shared(l.wk), start).expand_as(q);
  const torch::Tensor v = shared(l.wv).expand_as(q);
  const torch::Tensor heads = masked_attention(q, k, v, std::nullopt, true);
  return torch::einsum("bto,co->btc", {heads.permute({0, 3, 1, 2, 4}).flatten(2), l.wo});
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

/// One buffer (2, B·Hkv, capacity, D); products by bmm on views of it.
struct BufferedDecoder : Decoder {
  BufferedDecoder(const Layer& layer, int64_t batch, int64_t capacity)
      : l(layer), b(batch), d(width_of_heads(layer, layer.wo.size(0))) {
    cache = torch::empty({2, b * l.key_value_heads, capacity, d}, l.wq.options());
  }

  /// (B, T, C) → (B·heads, T, D)
  torch::Tensor split(const torch::Tensor& x, const torch::Tensor& w, int64_t heads) const {
    return torch::linear(x, w).unflatten(2, {heads, d}).transpose(1, 2).flatten(0, 1);
  }

  torch::Tensor append(const torch::Tensor& x) override {
    const int64_t t = x.size(1), hkv = l.key_value_heads, group = l.query_heads / hkv;
    if (used + t > cache.size(2)) throw std::length_error("no room");
    cache[0].slice(1, used, used + t) = rope(split(x, l.wk, hkv), used);
    cache[1].slice(1, used, used + t) = split(x, l.wv, hkv);
    const torch::Tensor q = rope(split(x, l.wq, l.query_heads), used);
    used += t;

    const torch::Tensor rows = q.reshape({b * hkv, group * t, d});
    const torch::Tensor keys = cache[0].slice(1, 0, used), values = cache[1].slice(1, 0, used);
    torch::Tensor scores = torch::bmm(rows, keys.transpose(1, 2)).div_(std::sqrt(double(d)));
    if (t > 1) {
      const torch::Tensor future = torch::arange(used) > torch::arange(used - t, used).unsqueeze(1);
      scores.view({b * hkv, group, t, used}).masked_fill_(future, -INFINITY);
    }
    const torch::Tensor heads = torch::bmm(scores.softmax(-1), values);
    return torch::linear(
        heads.view({b, l.query_heads, t, d}).transpose(1, 2).reshape({b, t, l.query_heads * d}),
        l.wo);
  }

  int64_t length() const override { return used; }
  void reset() override { used = 0; }

  Layer l;
  int64_t b, d, used = 0;
  torch::Tensor cache;
};

std::unique_ptr<Decoder> make_decoder(const Layer& layer, int64_t batch, int64_t capacity) {
  return std::make_unique<BufferedDecoder>(layer, batch, capacity);
}

}  // namespace kata
