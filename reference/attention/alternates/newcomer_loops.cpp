#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

// level 1
#include <torch/csrc/autograd/custom_function.h>

#include "level1.h"

namespace kata {
namespace {

/// Sums in double, whatever the elements are; four partial sums, so that they overlap.
template <class T>
double dot(const T* a, const T* b, std::int64_t n) {
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  std::int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    s0 += double(a[i]) * double(b[i]);
    s1 += double(a[i + 1]) * double(b[i + 1]);
    s2 += double(a[i + 2]) * double(b[i + 2]);
    s3 += double(a[i + 3]) * double(b[i + 3]);
  }
  for (; i < n; ++i) s0 += double(a[i]) * double(b[i]);
  return (s0 + s1) + (s2 + s3);
}

/// The weights that one query gives to the first n keys: w[0 .. n). keep is null or has one byte a
/// key; a hidden key is never read and its weight is 0. All are 0 if every key is hidden.
template <class T>
void softmax_row(const T* q, const T* keys, std::int64_t d, std::int64_t n, const bool* keep,
                 double* w) {
  const double scale = 1.0 / std::sqrt(double(d));
  double highest = -std::numeric_limits<double>::infinity();
  for (std::int64_t j = 0; j < n; ++j) {
    w[j] = 0;
    if (keep != nullptr && !keep[j]) continue;
    w[j] = dot(q, keys + j * d, d) * scale;
    if (w[j] > highest) highest = w[j];
  }
  double sum = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    if (keep != nullptr && !keep[j]) continue;
    w[j] = std::exp(w[j] - highest);
    sum += w[j];
  }
  for (std::int64_t j = 0; j < n; ++j) {
    if (keep != nullptr && !keep[j]) continue;
    w[j] /= sum;
  }
}

/// sum_j w[j] · values[j], skipping hidden keys; room for dv doubles in acc.
template <class T>
void mean_row(const double* w, const T* values, std::int64_t dv, std::int64_t n, const bool* keep,
              double* acc, T* out) {
  for (std::int64_t e = 0; e < dv; ++e) acc[e] = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    if (keep != nullptr && !keep[j]) continue;
    const T* row = values + j * dv;
    for (std::int64_t e = 0; e < dv; ++e) acc[e] += w[j] * double(row[e]);
  }
  for (std::int64_t e = 0; e < dv; ++e) out[e] = T(acc[e]);
}

struct Sizes {
  std::int64_t n = 1, lq = 0, lk = 0, d = 0, dv = 0;
};

Sizes sizes_of(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  Sizes s;
  for (std::int64_t i = 0; i + 2 < q.dim(); ++i) s.n *= q.size(i);
  s.lq = q.size(-2);
  s.d = q.size(-1);
  s.lk = k.size(-2);
  s.dv = v.size(-1);
  return s;
}

/// Which pairs are hidden. keep: undefined, or (n, lq, lk) without gaps.
struct Hidden {
  torch::Tensor keep;
  bool causal = false;

  const bool* row(const Sizes& s, std::int64_t b, std::int64_t i) const {
    return keep.defined() ? keep.const_data_ptr<bool>() + (b * s.lq + i) * s.lk : nullptr;
  }
  /// Only the first so many keys are there for query i.
  std::int64_t keys(const Sizes& s, std::int64_t i) const {
    return causal ? i + s.lk - s.lq + 1 : s.lk;
  }
};

torch::ScalarType working_type(const torch::Tensor& x) {
  return x.scalar_type() == torch::kBFloat16 ? torch::kFloat32 : x.scalar_type();
}

torch::Tensor plain(const torch::Tensor& x) {
  return x.detach().to(working_type(x)).contiguous();
}

template <class T>
void forward_loops(const Sizes& s, const T* q, const T* k, const T* v, const Hidden& hidden,
                   T* out) {
  std::vector<double> w(s.lk), acc(s.dv);
  for (std::int64_t b = 0; b < s.n; ++b) {
    for (std::int64_t i = 0; i < s.lq; ++i) {
      const bool* keep = hidden.row(s, b, i);
      const std::int64_t n = hidden.keys(s, i);
      softmax_row(q + (b * s.lq + i) * s.d, k + b * s.lk * s.d, s.d, n, keep, w.data());
      mean_row(w.data(), v + b * s.lk * s.dv, s.dv, n, keep, acc.data(),
               out + (b * s.lq + i) * s.dv);
    }
  }
}

/// With P the weights and G the gradient of the result:
/// dV = Pᵀ G,  dP = G Vᵀ,  dS = P (dP − Σ P dP),  dQ = dS K / √D,  dK = dSᵀ Q / √D.
template <class T>
void backward_loops(const Sizes& s, const T* q, const T* k, const T* v, const Hidden& hidden,
                    const T* g, T* dq, T* dk, T* dv) {
  const double scale = 1.0 / std::sqrt(double(s.d));
  std::vector<double> w(s.lk), dw(s.lk), sum_q(s.d), sum_k(s.lk * s.d), sum_v(s.lk * s.dv);
  for (std::int64_t b = 0; b < s.n; ++b) {
    const T* kb = k + b * s.lk * s.d;
    const T* vb = v + b * s.lk * s.dv;
    sum_k.assign(sum_k.size(), 0);
    sum_v.assign(sum_v.size(), 0);
    for (std::int64_t i = 0; i < s.lq; ++i) {
      const bool* keep = hidden.row(s, b, i);
      const std::int64_t n = hidden.keys(s, i);
      const T* qi = q + (b * s.lq + i) * s.d;
      const T* gi = g + (b * s.lq + i) * s.dv;
      softmax_row(qi, kb, s.d, n, keep, w.data());
      double mean = 0;
      for (std::int64_t j = 0; j < n; ++j) {
        if (keep != nullptr && !keep[j]) continue;
        dw[j] = dot(gi, vb + j * s.dv, s.dv);
        mean += w[j] * dw[j];
      }
      sum_q.assign(sum_q.size(), 0);
      for (std::int64_t j = 0; j < n; ++j) {
        if (keep != nullptr && !keep[j]) continue;
        const double ds = w[j] * (dw[j] - mean) * scale;
        for (std::int64_t e = 0; e < s.d; ++e) {
          sum_q[e] += ds * double(kb[j * s.d + e]);
          sum_k[j * s.d + e] += ds * double(qi[e]);
        }
        for (std::int64_t e = 0; e < s.dv; ++e) sum_v[j * s.dv + e] += w[j] * double(gi[e]);
      }
      for (std::int64_t e = 0; e < s.d; ++e) dq[(b * s.lq + i) * s.d + e] = T(sum_q[e]);
    }
    for (std::int64_t e = 0; e < s.lk * s.d; ++e) dk[b * s.lk * s.d + e] = T(sum_k[e]);
    for (std::int64_t e = 0; e < s.lk * s.dv; ++e) dv[b * s.lk * s.dv + e] = T(sum_v[e]);
  }
}

struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* ctx, const torch::Tensor& q,
                               const torch::Tensor& k, const torch::Tensor& v,
                               const Hidden& hidden) {
    ctx->save_for_backward({q, k, v});
    ctx->saved_data["causal"] = hidden.causal;
    if (hidden.keep.defined()) ctx->saved_data["keep"] = hidden.keep;

    const Sizes s = sizes_of(q, k, v);
    const torch::Tensor qp = plain(q), kp = plain(k), vp = plain(v);
    std::vector<std::int64_t> shape = q.sizes().vec();
    shape.back() = s.dv;
    torch::Tensor out = torch::empty(shape, qp.options());
    if (qp.scalar_type() == torch::kFloat64) {
      forward_loops(s, qp.const_data_ptr<double>(), kp.const_data_ptr<double>(),
                    vp.const_data_ptr<double>(), hidden, out.mutable_data_ptr<double>());
    } else {
      forward_loops(s, qp.const_data_ptr<float>(), kp.const_data_ptr<float>(),
                    vp.const_data_ptr<float>(), hidden, out.mutable_data_ptr<float>());
    }
    return out.to(q.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const torch::autograd::variable_list saved = ctx->get_saved_variables();
    const torch::Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    Hidden hidden;
    hidden.causal = ctx->saved_data["causal"].toBool();
    if (ctx->saved_data.count("keep") != 0) hidden.keep = ctx->saved_data["keep"].toTensor();

    const Sizes s = sizes_of(q, k, v);
    const torch::Tensor qp = plain(q), kp = plain(k), vp = plain(v), g = plain(grads[0]);
    torch::Tensor dq = torch::empty(q.sizes(), qp.options());
    torch::Tensor dk = torch::empty(k.sizes(), qp.options());
    torch::Tensor dv = torch::empty(v.sizes(), qp.options());
    if (qp.scalar_type() == torch::kFloat64) {
      backward_loops(s, qp.const_data_ptr<double>(), kp.const_data_ptr<double>(),
                     vp.const_data_ptr<double>(), hidden, g.const_data_ptr<double>(),
                     dq.mutable_data_ptr<double>(), dk.mutable_data_ptr<double>(),
                     dv.mutable_data_ptr<double>());
    } else {
      backward_loops(s, qp.const_data_ptr<float>(), kp.const_data_ptr<float>(),
                     vp.const_data_ptr<float>(), hidden, g.const_data_ptr<float>(),
                     dq.mutable_data_ptr<float>(), dk.mutable_data_ptr<float>(),
                     dv.mutable_data_ptr<float>());
    }
    const auto type = q.scalar_type();
    return {dq.to(type), dk.to(type), dv.to(type), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  return AttentionFunction::apply(q, k, v, Hidden{});
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

torch::Tensor masked_attention(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v, const std::optional<torch::Tensor>& keep,
                               bool causal) {
  const Sizes s = sizes_of(q, k, v);
  if (causal && s.lq > s.lk) throw std::invalid_argument("causal: more queries than keys");
  Hidden hidden;
  hidden.causal = causal;
  if (keep.has_value()) {
    if (keep->scalar_type() != torch::kBool) throw std::invalid_argument("keep: not bool");
    std::vector<std::int64_t> shape = q.sizes().vec();
    shape.back() = s.lk;
    if (keep->dim() > q.dim()) throw std::invalid_argument("keep: too many dimensions");
    for (std::int64_t i = 1; i <= keep->dim(); ++i) {
      if (keep->size(-i) != 1 && keep->size(-i) != shape[shape.size() - i]) {
        throw std::invalid_argument("keep: does not broadcast");
      }
    }
    // A copy: the caller may change his mask before backward().
    hidden.keep = keep->expand(shape).clone(torch::MemoryFormat::Contiguous);
  }
  return AttentionFunction::apply(q, k, v, hidden);
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {
namespace {

std::vector<double> frequencies(std::int64_t d) {
  std::vector<double> f(d / 2);
  for (std::int64_t i = 0; i < d / 2; ++i) f[i] = std::pow(10000.0, -2.0 * double(i) / double(d));
  return f;
}

/// Turns one row of 2 · f.size() elements, in place.
template <class T>
void turn(T* row, std::int64_t position, const std::vector<double>& f) {
  for (std::size_t i = 0; i < f.size(); ++i) {
    const double angle = double(position) * f[i], c = std::cos(angle), s = std::sin(angle);
    const double a = row[2 * i], b = row[2 * i + 1];
    row[2 * i] = T(a * c - b * s);
    row[2 * i + 1] = T(a * s + b * c);
  }
}

/// y = W x, W (rows, columns).
template <class T>
void project(const T* w, const T* x, std::int64_t rows, std::int64_t columns, T* y) {
  for (std::int64_t r = 0; r < rows; ++r) y[r] = T(dot(w + r * columns, x, columns));
}

/// A layer that has been checked, its weights without gaps.
struct Checked {
  torch::Tensor wq, wk, wv, wo;
  std::int64_t hq, hkv, d, c;
  std::vector<double> f;
};

Checked check(const Layer& layer, std::int64_t c) {
  const std::int64_t hq = layer.query_heads, hkv = layer.key_value_heads;
  if (hq < 1 || hkv < 1) throw std::invalid_argument("layer: fewer than one head");
  if (hq % hkv != 0) throw std::invalid_argument("layer: query heads do not divide into groups");
  for (const torch::Tensor* w : {&layer.wq, &layer.wk, &layer.wv, &layer.wo}) {
    if (!w->defined() || w->dim() != 2) throw std::invalid_argument("layer: a weight is no matrix");
  }
  if (layer.wq.size(0) % hq != 0) throw std::invalid_argument("layer: rows of wq");
  const std::int64_t d = layer.wq.size(0) / hq;
  if (d < 1 || d % 2 != 0) throw std::invalid_argument("layer: head dimension");
  const auto fits = [](const torch::Tensor& w, std::int64_t rows, std::int64_t columns) {
    return w.size(0) == rows && w.size(1) == columns;
  };
  if (!fits(layer.wq, hq * d, c) || !fits(layer.wk, hkv * d, c) || !fits(layer.wv, hkv * d, c) ||
      !fits(layer.wo, c, hq * d)) {
    throw std::invalid_argument("layer: shape of a weight");
  }
  return {plain(layer.wq), plain(layer.wk), plain(layer.wv), plain(layer.wo), hq, hkv, d, c,
          frequencies(d)};
}

/// The layer for one token of one row after another. keys and values: (Hkv, room, D) of that row.
template <class T>
class Worker {
 public:
  Worker(const Checked& l, std::int64_t longest)
      : l_(l),
        wq_(l.wq.const_data_ptr<T>()),
        wk_(l.wk.const_data_ptr<T>()),
        wv_(l.wv.const_data_ptr<T>()),
        wo_(l.wo.const_data_ptr<T>()),
        heads_(l.hq * l.d),
        merged_(l.hq * l.d),
        flat_(l.hkv * l.d),
        w_(longest),
        acc_(l.d) {}

  /// x is token number `index`, at `position`; stores its key and value, then attends to the first
  /// index + 1 tokens.
  void step(const T* x, std::int64_t index, std::int64_t position, T* keys, T* values,
            std::int64_t room, T* y) {
    const std::int64_t d = l_.d;
    project(wk_, x, l_.hkv * d, l_.c, flat_.data());
    for (std::int64_t h = 0; h < l_.hkv; ++h) {
      turn(flat_.data() + h * d, position, l_.f);
      std::copy_n(flat_.data() + h * d, d, keys + (h * room + index) * d);
    }
    project(wv_, x, l_.hkv * d, l_.c, flat_.data());
    for (std::int64_t h = 0; h < l_.hkv; ++h) {
      std::copy_n(flat_.data() + h * d, d, values + (h * room + index) * d);
    }
    project(wq_, x, l_.hq * d, l_.c, heads_.data());
    for (std::int64_t h = 0; h < l_.hq; ++h) {
      const std::int64_t from = h / (l_.hq / l_.hkv) * room * d;
      turn(heads_.data() + h * d, position, l_.f);
      softmax_row<T>(heads_.data() + h * d, keys + from, d, index + 1, nullptr, w_.data());
      mean_row<T>(w_.data(), values + from, d, index + 1, nullptr, acc_.data(),
                  merged_.data() + h * d);
    }
    project(wo_, merged_.data(), l_.c, l_.hq * d, y);
  }

 private:
  const Checked& l_;
  const T *wq_, *wk_, *wv_, *wo_;
  std::vector<T> heads_, merged_, flat_;
  std::vector<double> w_, acc_;
};

template <class T>
torch::Tensor layer_loops(const torch::Tensor& x, const Checked& l, std::int64_t start) {
  const torch::Tensor xp = plain(x);
  torch::Tensor y = torch::empty(x.sizes(), xp.options());
  const std::int64_t length = x.size(1);
  std::vector<T> keys(l.hkv * length * l.d), values(l.hkv * length * l.d);
  Worker<T> worker(l, length);
  for (std::int64_t b = 0; b < x.size(0); ++b) {
    for (std::int64_t t = 0; t < length; ++t) {
      const std::int64_t at = (b * length + t) * l.c;
      worker.step(xp.const_data_ptr<T>() + at, t, start + t, keys.data(), values.data(), length,
                  y.mutable_data_ptr<T>() + at);
    }
  }
  return y;
}

template <class T>
void turn_all(torch::Tensor& x, std::int64_t start) {
  const std::int64_t d = x.size(-1), length = x.size(-2);
  const std::int64_t rows = d == 0 ? 0 : x.numel() / d;
  const std::vector<double> f = frequencies(d);
  for (std::int64_t r = 0; r < rows; ++r) {
    turn(x.mutable_data_ptr<T>() + r * d, start + r % length, f);
  }
}

}  // namespace

torch::Tensor rope(const torch::Tensor& x, std::int64_t start_position) {
  if (x.size(-1) % 2 != 0) throw std::invalid_argument("rope: odd dimension");
  torch::Tensor y = x.detach().clone(torch::MemoryFormat::Contiguous);
  if (y.scalar_type() == torch::kFloat64) {
    turn_all<double>(y, start_position);
  } else {
    turn_all<float>(y, start_position);
  }
  return y;
}

torch::Tensor causal_self_attention(const torch::Tensor& x, const Layer& layer,
                                    std::int64_t start_position) {
  if (x.dim() != 3) throw std::invalid_argument("x: not (B, T, C)");
  const Checked l = check(layer, x.size(2));
  return x.scalar_type() == torch::kFloat64 ? layer_loops<double>(x, l, start_position)
                                            : layer_loops<float>(x, l, start_position);
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {
namespace {

template <class T>
class LoopDecoder final : public Decoder {
 public:
  LoopDecoder(Checked l, std::int64_t batch, std::int64_t capacity)
      : l_(std::move(l)),
        batch_(batch),
        capacity_(capacity),
        keys_(batch * l_.hkv * capacity * l_.d),
        values_(keys_.size()) {}

  torch::Tensor append(const torch::Tensor& x) override {
    const std::int64_t count = x.size(1);
    if (count > capacity_ - length_) throw std::length_error("append: beyond the capacity");
    const torch::Tensor xp = plain(x);
    torch::Tensor y = torch::empty(x.sizes(), xp.options());
    Worker<T> worker(l_, length_ + count);
    const std::int64_t per_row = l_.hkv * capacity_ * l_.d;
    for (std::int64_t b = 0; b < batch_; ++b) {
      for (std::int64_t t = 0; t < count; ++t) {
        const std::int64_t at = (b * count + t) * l_.c;
        worker.step(xp.const_data_ptr<T>() + at, length_ + t, length_ + t,
                    keys_.data() + b * per_row, values_.data() + b * per_row, capacity_,
                    y.mutable_data_ptr<T>() + at);
      }
    }
    length_ += count;
    return y;
  }

  std::int64_t length() const override { return length_; }
  void reset() override { length_ = 0; }

 private:
  Checked l_;
  std::int64_t batch_, capacity_, length_ = 0;
  std::vector<T> keys_, values_;  // (B, Hkv, capacity, D)
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(const Layer& layer, std::int64_t batch,
                                      std::int64_t capacity) {
  if (!layer.wo.defined() || layer.wo.dim() != 2) {
    throw std::invalid_argument("layer: wo is no matrix");
  }
  Checked l = check(layer, layer.wo.size(0));
  if (l.wq.scalar_type() == torch::kFloat64) {
    return std::make_unique<LoopDecoder<double>>(std::move(l), batch, capacity);
  }
  return std::make_unique<LoopDecoder<float>>(std::move(l), batch, capacity);
}

}  // namespace kata
