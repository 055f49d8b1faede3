#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

namespace {

/// softmax(q kᵀ / √D) v over the pairs that `allowed` has (all without it), in the inputs' dtype.
/// `allowed` broadcasts to (…, Lq, Lk). A row with no pair gives 0. k and v must be finite.
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const std::optional<torch::Tensor>& allowed = std::nullopt) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
  const torch::Tensor logits = torch::matmul(q * scale, k.transpose(-2, -1));  // (…, Lq, Lk)
  if (!allowed) {
    return torch::matmul(torch::softmax(logits, -1), v);
  }
  // A finite fill: a row without any pair is uniform then instead of NaN, and cleared below.
  const torch::Tensor hidden = allowed->logical_not();
  const double lowest = logits.scalar_type() == torch::kFloat64
                            ? std::numeric_limits<double>::lowest()
                            : static_cast<double>(std::numeric_limits<float>::lowest());
  const torch::Tensor weights = torch::softmax(logits.masked_fill(hidden, lowest), -1);
  return torch::matmul(weights.masked_fill(hidden, 0), v);
}

/// The dtype to compute in: float32 for bfloat16, else the tensor's own.
torch::ScalarType compute_dtype(const torch::Tensor& x) {
  return x.scalar_type() == torch::kBFloat16 ? torch::kFloat32 : x.scalar_type();
}

}  // namespace

torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  const torch::ScalarType dtype = compute_dtype(q);
  return attend(q.to(dtype), k.to(dtype), v.to(dtype)).to(q.scalar_type());
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

namespace {

/// Throws unless `keep` is bool and expands to `shape`, without enlarging it.
void check_keep(const torch::Tensor& keep, const std::vector<std::int64_t>& shape) {
  if (keep.scalar_type() != torch::kBool) {
    throw std::invalid_argument("masked_attention: keep must be bool");
  }
  const auto dims = static_cast<std::int64_t>(shape.size());
  if (keep.dim() > dims) {
    throw std::invalid_argument("masked_attention: keep has too many dimensions");
  }
  for (std::int64_t back = 1; back <= keep.dim(); ++back) {
    const std::int64_t size = keep.size(-back);
    if (size != 1 && size != shape[static_cast<std::size_t>(dims - back)]) {
      throw std::invalid_argument("masked_attention: keep does not broadcast to (..., Lq, Lk)");
    }
  }
}

/// (queries, keys), true where key j ≤ i + keys − queries.
torch::Tensor causal_mask(std::int64_t queries, std::int64_t keys) {
  return torch::ones({queries, keys}, torch::kBool).tril(keys - queries);
}

}  // namespace

torch::Tensor masked_attention(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v, const std::optional<torch::Tensor>& keep,
                               bool causal) {
  const std::int64_t queries = q.size(-2);
  const std::int64_t keys = k.size(-2);
  std::vector<std::int64_t> shape = q.sizes().vec();  // of the logits: (…, Lq, Lk)
  shape.back() = keys;

  if (keep) {
    check_keep(*keep, shape);
  }
  if (causal && queries > keys) {
    throw std::invalid_argument("masked_attention: causal needs Lq <= Lk");
  }
  if (!keep && !causal) {
    return attention(q, k, v);
  }

  torch::Tensor allowed = keep ? *keep : causal_mask(queries, keys);
  if (keep && causal) {
    allowed = allowed.logical_and(causal_mask(queries, keys));
  }
  allowed = allowed.expand(shape);

  // Weight 0 times NaN is NaN: what no query sees must not enter the products at all.
  const torch::Tensor unused = allowed.any(-2).logical_not().unsqueeze(-1);  // (…, Lk, 1)
  const torch::ScalarType dtype = compute_dtype(q);
  return attend(q.to(dtype), k.masked_fill(unused, 0).to(dtype), v.masked_fill(unused, 0).to(dtype),
                allowed)
      .to(q.scalar_type());
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

namespace {

/// Checks the layer against C = `channels` and returns the head dimension D.
std::int64_t checked_head_dim(const Layer& layer, std::int64_t channels) {
  const auto require = [](bool ok, const char* what) {
    if (!ok) {
      throw std::invalid_argument(std::string("attention layer: ") + what);
    }
  };
  require(layer.query_heads >= 1 && layer.key_value_heads >= 1, "heads must be at least 1");
  require(layer.query_heads % layer.key_value_heads == 0, "Hkv must divide Hq");
  require(layer.wq.dim() == 2 && layer.wk.dim() == 2 && layer.wv.dim() == 2 && layer.wo.dim() == 2,
          "weights must have two dimensions");
  const std::int64_t inner = layer.wq.size(0);
  require(inner > 0 && inner % layer.query_heads == 0, "Hq must divide the rows of wq");
  const std::int64_t head_dim = inner / layer.query_heads;
  require(head_dim % 2 == 0, "the head dimension must be even");
  const std::vector<std::int64_t> key_value_shape{layer.key_value_heads * head_dim, channels};
  require(layer.wq.size(1) == channels, "wq does not fit");
  require(layer.wk.sizes() == key_value_shape, "wk does not fit");
  require(layer.wv.sizes() == key_value_shape, "wv does not fit");
  require(layer.wo.size(0) == channels && layer.wo.size(1) == inner, "wo does not fit");
  return head_dim;
}

/// x (B, T, C) through weight (H·D, C) → (B, H, T, D).
torch::Tensor project_heads(const torch::Tensor& x, const torch::Tensor& weight,
                            std::int64_t heads) {
  return torch::matmul(x, weight.t()).unflatten(-1, {heads, -1}).transpose(1, 2);
}

/// Queries of the last T positions of S: q (B, Hq, T, D), k and v (B, Hkv, S, D) → (B, T, Hq·D).
/// The query heads that share a key/value head become rows of it, so keys are never repeated.
torch::Tensor grouped_causal(const torch::Tensor& q, const torch::Tensor& k,
                             const torch::Tensor& v) {
  const std::int64_t group = q.size(1) / k.size(1);
  const std::int64_t length = q.size(2);
  std::optional<torch::Tensor> allowed;
  if (length > 1) {
    allowed = causal_mask(length, k.size(2)).repeat({group, 1});  // (G·T, S)
  }
  const torch::Tensor rows = q.reshape({q.size(0), k.size(1), group * length, q.size(3)});
  return attend(rows, k, v, allowed).reshape(q.sizes()).transpose(1, 2).flatten(-2);
}

}  // namespace

torch::Tensor rope(const torch::Tensor& x, std::int64_t start_position) {
  const std::int64_t dim = x.size(-1);
  if (dim % 2 != 0) {
    throw std::invalid_argument("rope: the last dimension must be even");
  }
  const torch::NoGradGuard no_grad;
  const torch::Tensor positions =
      torch::arange(start_position, start_position + x.size(-2), torch::kFloat64);
  const torch::Tensor exponents =
      torch::arange(0, dim, 2, torch::kFloat64) / (-static_cast<double>(dim));
  const torch::Tensor angles = torch::outer(positions, torch::pow(10000.0, exponents));
  const torch::Tensor cos = angles.cos().to(x.scalar_type());  // (T, D/2)
  const torch::Tensor sin = angles.sin().to(x.scalar_type());
  const torch::Tensor a = x.slice(-1, 0, dim, 2);
  const torch::Tensor b = x.slice(-1, 1, dim, 2);
  return torch::stack({a * cos - b * sin, a * sin + b * cos}, -1).flatten(-2);
}

torch::Tensor causal_self_attention(const torch::Tensor& x, const Layer& layer,
                                    std::int64_t start_position) {
  checked_head_dim(layer, x.size(-1));
  const torch::NoGradGuard no_grad;
  const torch::Tensor q = rope(project_heads(x, layer.wq, layer.query_heads), start_position);
  const torch::Tensor k = rope(project_heads(x, layer.wk, layer.key_value_heads), start_position);
  const torch::Tensor v = project_heads(x, layer.wv, layer.key_value_heads);
  return torch::matmul(grouped_causal(q, k, v), layer.wo.t());
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

namespace {

class CachedDecoder final : public Decoder {
 public:
  CachedDecoder(Layer layer, std::int64_t batch, std::int64_t capacity)
      : layer_(std::move(layer)), capacity_(capacity) {
    const std::int64_t head_dim = checked_head_dim(layer_, layer_.wo.size(0));
    const std::vector<std::int64_t> shape{batch, layer_.key_value_heads, capacity, head_dim};
    keys_ = torch::empty(shape, layer_.wk.options());
    values_ = torch::empty(shape, layer_.wk.options());
    // A matmul copies a weight of odd strides; once here rather than in every step.
    for (torch::Tensor* weight : {&layer_.wq, &layer_.wk, &layer_.wv, &layer_.wo}) {
      *weight = weight->contiguous();
    }
  }

  torch::Tensor append(const torch::Tensor& x) override {
    const std::int64_t added = x.size(1);
    if (added > capacity_ - length_) {
      throw std::length_error("Decoder::append: beyond the capacity");
    }
    const torch::NoGradGuard no_grad;
    const std::int64_t length = length_ + added;
    keys_.narrow(2, length_, added)
        .copy_(rope(project_heads(x, layer_.wk, layer_.key_value_heads), length_));
    values_.narrow(2, length_, added).copy_(project_heads(x, layer_.wv, layer_.key_value_heads));
    const torch::Tensor q = rope(project_heads(x, layer_.wq, layer_.query_heads), length_);
    torch::Tensor result = torch::matmul(
        grouped_causal(q, keys_.narrow(2, 0, length), values_.narrow(2, 0, length)), layer_.wo.t());
    length_ = length;
    return result;
  }

  std::int64_t length() const override { return length_; }

  void reset() override { length_ = 0; }

 private:
  Layer layer_;
  std::int64_t capacity_;
  std::int64_t length_ = 0;
  torch::Tensor keys_;    // (B, Hkv, capacity, D), turned; the first length_ positions are in use
  torch::Tensor values_;  // likewise
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(const Layer& layer, std::int64_t batch,
                                      std::int64_t capacity) {
  return std::make_unique<CachedDecoder>(layer, batch, capacity);
}

}  // namespace kata
