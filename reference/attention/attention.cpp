#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

/// bfloat16 has 8 significant bits: every operation done in it would round again. So everything is
/// computed in float32, and the result rounded once.
torch::ScalarType compute_type(const torch::Tensor& t) {
  return t.scalar_type() == torch::kBFloat16 ? torch::kFloat32 : t.scalar_type();
}

/// Logits (…, Lq, Lk): how well each query matches each key. A dot product of D independent terms
/// grows like √D; dividing by it keeps the softmax from saturating as D grows.
torch::Tensor scaled_scores(const torch::Tensor& q, const torch::Tensor& k) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
  return torch::matmul(q * scale, k.transpose(-2, -1));
}

}  // namespace

torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  const auto type = compute_type(q);
  const torch::Tensor scores = scaled_scores(q.to(type), k.to(type));

  // exp overflows float32 at 89. A softmax does not change when its row is shifted, so each row is
  // shifted to have its maximum at 0; no gradient flows through the shift, since it cancels.
  const torch::Tensor peak = scores.detach().amax(/*dim=*/-1, /*keepdim=*/true);
  const torch::Tensor exponentials = torch::exp(scores - peak);
  const torch::Tensor weights = exponentials / exponentials.sum(/*dim=*/-1, /*keepdim=*/true);

  return torch::matmul(weights, v.to(type)).to(q.scalar_type());
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

/// The shape (…, Lq, Lk) of the scores, leading dimensions from q.
std::vector<std::int64_t> score_shape(const torch::Tensor& q, const torch::Tensor& k) {
  std::vector<std::int64_t> shape = q.sizes().vec();
  shape.back() = k.size(-2);
  return shape;
}

/// Whether `from` broadcasts to exactly `to`: aligned at the last dimension, each of its sizes is 1
/// or equal, and it has no dimension more.
bool broadcasts_to(torch::IntArrayRef from, torch::IntArrayRef to) {
  if (from.size() > to.size()) return false;
  const auto offset = to.size() - from.size();
  for (std::size_t d = 0; d < from.size(); ++d) {
    if (from[d] != 1 && from[d] != to[offset + d]) return false;
  }
  return true;
}

/// Query i sits at position i + Lk − Lq of the keys' sequence and sees the keys up to there.
torch::Tensor causal_pairs(std::int64_t queries, std::int64_t keys) {
  return torch::ones({queries, keys}, torch::kBool).tril(/*diagonal=*/keys - queries);
}

/// bool (…, Lq, Lk): true where query i may attend to key j.
torch::Tensor allowed_pairs(const torch::Tensor& q, const torch::Tensor& k,
                            const std::optional<torch::Tensor>& keep, bool causal) {
  const std::vector<std::int64_t> shape = score_shape(q, k);
  const std::int64_t queries = q.size(-2), keys = k.size(-2);
  torch::Tensor allowed = torch::ones({queries, keys}, torch::kBool);
  if (causal) {
    if (queries > keys) throw std::invalid_argument("causal attention with more queries than keys");
    allowed = causal_pairs(queries, keys);
  }
  if (keep) {
    if (keep->scalar_type() != torch::kBool) throw std::invalid_argument("keep is not bool");
    if (!broadcasts_to(keep->sizes(), shape)) {
      throw std::invalid_argument("keep does not broadcast to (..., Lq, Lk)");
    }
    allowed = torch::logical_and(allowed, *keep);
  }
  return allowed.expand(shape);
}

/// `rows` (…, Lk, ·) with the rows that nobody attends to set to 0. Their weights are 0 already,
/// but 0 · NaN is NaN, in weights × v as in the gradient of scores × k.
torch::Tensor without_unused(const torch::Tensor& rows, const torch::Tensor& used) {
  return rows.masked_fill(torch::logical_not(used).unsqueeze(-1), 0);
}

/// A softmax over the last dimension in which a row without an allowed entry becomes 0: its maximum
/// is −∞ (and −∞ − −∞ is NaN) and its sum is 0, so both are replaced by harmless numbers.
torch::Tensor masked_softmax(const torch::Tensor& scores, const torch::Tensor& allowed) {
  constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
  const torch::Tensor masked = scores.masked_fill(torch::logical_not(allowed), kMinusInfinity);
  torch::Tensor peak = masked.detach().amax(/*dim=*/-1, /*keepdim=*/true);
  peak = peak.masked_fill(peak == kMinusInfinity, 0);
  const torch::Tensor exponentials = torch::exp(masked - peak);
  const torch::Tensor total = exponentials.sum(/*dim=*/-1, /*keepdim=*/true);
  return exponentials / total.masked_fill(total == 0, 1);
}

}  // namespace

torch::Tensor masked_attention(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v, const std::optional<torch::Tensor>& keep,
                               bool causal) {
  const torch::Tensor allowed = allowed_pairs(q, k, keep, causal);
  const torch::Tensor used = allowed.any(/*dim=*/-2);  // (…, Lk)
  const auto type = compute_type(q);
  const torch::Tensor keys = without_unused(k.to(type), used);
  const torch::Tensor values = without_unused(v.to(type), used);
  const torch::Tensor weights = masked_softmax(scaled_scores(q.to(type), keys), allowed);
  return torch::matmul(weights, values).to(q.scalar_type());
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {
namespace {

constexpr double kRopeBase = 10000.0;

/// The head dimension D of a layer for inputs of width `channels`, after all of its shapes were
/// checked against each other.
std::int64_t checked_head_dim(const Layer& layer, std::int64_t channels) {
  const auto require = [](bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(what);
  };
  const std::int64_t hq = layer.query_heads, hkv = layer.key_value_heads;
  require(hq >= 1 && hkv >= 1, "a layer needs at least one head");
  require(hq % hkv == 0, "key/value heads must divide the query heads");
  require(layer.wq.dim() == 2 && layer.wq.size(0) % hq == 0, "wq must have Hq * D rows");
  const std::int64_t d = layer.wq.size(0) / hq;
  require(d >= 2 && d % 2 == 0, "the head dimension must be even");
  const auto has_shape = [](const torch::Tensor& w, std::int64_t rows, std::int64_t columns) {
    return w.dim() == 2 && w.size(0) == rows && w.size(1) == columns;
  };
  require(has_shape(layer.wq, hq * d, channels), "wq must be (Hq * D, C)");
  require(has_shape(layer.wk, hkv * d, channels), "wk must be (Hkv * D, C)");
  require(has_shape(layer.wv, hkv * d, channels), "wv must be (Hkv * D, C)");
  require(has_shape(layer.wo, channels, hq * d), "wo must be (C, Hq * D)");
  return d;
}

/// x (B, T, C) times a stored (heads·D, C) weight → (B, heads, T, D).
torch::Tensor project_to_heads(const torch::Tensor& x, const torch::Tensor& weight,
                               std::int64_t heads) {
  return torch::matmul(x, weight.t())
      .reshape({x.size(0), x.size(1), heads, weight.size(0) / heads})
      .transpose(1, 2);
}

/// (B, H, T, D) → (B, T, H·D), the heads side by side.
torch::Tensor merge_heads(const torch::Tensor& heads) {
  return heads.transpose(1, 2).reshape({heads.size(0), heads.size(2), -1});
}

}  // namespace

torch::Tensor rope(const torch::Tensor& x, std::int64_t start_position) {
  const std::int64_t tokens = x.size(-2), d = x.size(-1);
  if (d % 2 != 0) throw std::invalid_argument("rope needs an even last dimension");

  // Angles in float64: at position 10^6 a float32 angle is off by up to 0.03.
  const torch::Tensor positions =
      torch::arange(start_position, start_position + tokens, torch::kFloat64);
  const torch::Tensor exponents = torch::arange(0, d, 2, torch::kFloat64) / static_cast<double>(d);
  const torch::Tensor angles = torch::outer(positions, torch::pow(kRopeBase, -exponents));
  const torch::Tensor cos = torch::cos(angles).to(x.scalar_type());  // (T, D/2)
  const torch::Tensor sin = torch::sin(angles).to(x.scalar_type());

  const torch::Tensor even = x.slice(/*dim=*/-1, 0, d, /*step=*/2);
  const torch::Tensor odd = x.slice(/*dim=*/-1, 1, d, /*step=*/2);
  return torch::stack({even * cos - odd * sin, even * sin + odd * cos}, /*dim=*/-1).flatten(-2);
}

torch::Tensor causal_self_attention(const torch::Tensor& x, const Layer& layer,
                                    std::int64_t start_position) {
  checked_head_dim(layer, x.size(-1));
  const std::int64_t hq = layer.query_heads, hkv = layer.key_value_heads;
  const torch::Tensor q = rope(project_to_heads(x, layer.wq, hq), start_position);
  const torch::Tensor k = rope(project_to_heads(x, layer.wk, hkv), start_position);
  const torch::Tensor v = project_to_heads(x, layer.wv, hkv);

  // Query head h reads key/value head h / group: 0, 0, 0, 1, 1, 1 for 6 and 2.
  const std::int64_t group = hq / hkv;
  const torch::Tensor out =
      masked_attention(q, k.repeat_interleave(group, /*dim=*/1),
                       v.repeat_interleave(group, /*dim=*/1), std::nullopt, /*causal=*/true);
  return torch::matmul(merge_heads(out), layer.wo.t());
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {
namespace {

/// Keys (already turned by rope: a key's position never changes) and values live in two tensors
/// (B, Hkv, capacity, D), of which the first length_ tokens are valid. A step reads them in place.
class CachedDecoder final : public Decoder {
 public:
  CachedDecoder(const Layer& layer, std::int64_t batch, std::int64_t capacity)
      : layer_(layer), capacity_(capacity) {
    const std::int64_t d = checked_head_dim(layer, layer.wo.size(0));
    keys_ = torch::zeros({batch, layer.key_value_heads, capacity, d}, layer.wq.options());
    values_ = torch::zeros_like(keys_);
  }

  torch::Tensor append(const torch::Tensor& x) override {
    const std::int64_t tokens = x.size(1);
    if (tokens > capacity_ - length_) throw std::length_error("the decoder's cache is full");
    const torch::Tensor q = rope(project_to_heads(x, layer_.wq, layer_.query_heads), length_);
    const std::int64_t hkv = layer_.key_value_heads;
    keys_.narrow(2, length_, tokens).copy_(rope(project_to_heads(x, layer_.wk, hkv), length_));
    values_.narrow(2, length_, tokens).copy_(project_to_heads(x, layer_.wv, hkv));
    length_ += tokens;
    return torch::matmul(merge_heads(attend(q)), layer_.wo.t());
  }

  std::int64_t length() const override { return length_; }
  void reset() override { length_ = 0; }

 private:
  /// q (B, Hq, T, D), the newest T tokens → (B, Hq, T, D). Repeating keys for each query head would
  /// copy the cache; instead the G = Hq/Hkv queries that share a head become rows of one matrix.
  torch::Tensor attend(const torch::Tensor& q) const {
    const std::int64_t b = q.size(0), hq = q.size(1), t = q.size(2), d = q.size(3);
    const std::int64_t hkv = layer_.key_value_heads, group = hq / hkv;
    const torch::Tensor keys = keys_.narrow(2, 0, length_);
    const torch::Tensor values = values_.narrow(2, 0, length_);
    const torch::Tensor rows = q.reshape({b, hkv, group * t, d});  // row g·T + i is query i
    const torch::Tensor allowed = causal_pairs(t, length_).repeat({group, 1});
    const torch::Tensor weights = masked_softmax(scaled_scores(rows, keys), allowed);
    return torch::matmul(weights, values).reshape({b, hq, t, d});
  }

  Layer layer_;
  std::int64_t capacity_;
  std::int64_t length_ = 0;
  torch::Tensor keys_, values_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(const Layer& layer, std::int64_t batch,
                                      std::int64_t capacity) {
  return std::make_unique<CachedDecoder>(layer, batch, capacity);
}

}  // namespace kata
