// Plain loops over elements. Tensors only carry memory; levels 1 and 2 bring their own backward
// pass.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <vector>

// level 1
#include <torch/csrc/autograd/custom_function.h>

#include "level1.h"

namespace kata {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Sizes of one problem: n independent ones of lq queries and lk keys.
struct Extent {
  int64_t n = 1, lq, lk, d, dv;

  Extent(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v)
      : lq(q.size(-2)), lk(k.size(-2)), d(q.size(-1)), dv(v.size(-1)) {
    for (int64_t i = 0; i + 2 < q.dim(); ++i) n *= q.size(i);
  }
};

/// Weights of one query; hidden pairs (hide[j]) and whole hidden rows get 0.
template <typename T>
void weigh(const T* q, const T* k, const bool* hide, int64_t lk, int64_t d, std::vector<T>& w) {
  const T scale = T(1) / std::sqrt(T(d));
  T top = -std::numeric_limits<T>::infinity(), total = 0;
  for (int64_t j = 0; j < lk; ++j) {
    w[size_t(j)] = 0;
    if (hide && hide[j]) continue;
    T dot = 0;
    for (int64_t c = 0; c < d; ++c) dot += q[c] * k[j * d + c];
    w[size_t(j)] = dot * scale;
    top = std::max(top, w[size_t(j)]);
  }
  for (int64_t j = 0; j < lk; ++j) {
    if (hide && hide[j]) continue;
    w[size_t(j)] = std::exp(w[size_t(j)] - top);
    total += w[size_t(j)];
  }
  if (total > 0) {
    for (int64_t j = 0; j < lk; ++j) w[size_t(j)] /= total;
  }
}

template <typename T>
void forward_loops(const Extent& e, const T* q, const T* k, const T* v, const bool* hide, T* out) {
  std::vector<T> w(static_cast<size_t>(e.lk));
  for (int64_t r = 0; r < e.n * e.lq; ++r) {
    const int64_t n = r / e.lq;
    const bool* hidden = hide ? hide + r * e.lk : nullptr;
    weigh(q + r * e.d, k + n * e.lk * e.d, hidden, e.lk, e.d, w);
    T* o = out + r * e.dv;
    for (int64_t c = 0; c < e.dv; ++c) o[c] = 0;
    for (int64_t j = 0; j < e.lk; ++j) {
      if (hidden && hidden[j]) continue;
      const T* row = v + (n * e.lk + j) * e.dv;
      for (int64_t c = 0; c < e.dv; ++c) o[c] += w[size_t(j)] * row[c];
    }
  }
}

template <typename T>
void backward_loops(const Extent& e, const T* q, const T* k, const T* v, const bool* hide,
                    const T* g, T* gq, T* gk, T* gv) {
  const T scale = T(1) / std::sqrt(T(e.d));
  std::vector<T> w(static_cast<size_t>(e.lk)), gw(static_cast<size_t>(e.lk));
  for (int64_t r = 0; r < e.n * e.lq; ++r) {
    const int64_t first_key = r / e.lq * e.lk;
    const bool* hidden = hide ? hide + r * e.lk : nullptr;
    weigh(q + r * e.d, k + first_key * e.d, hidden, e.lk, e.d, w);
    T mean = 0;
    for (int64_t j = 0; j < e.lk; ++j) {
      gw[size_t(j)] = 0;
      if (hidden && hidden[j]) continue;
      const int64_t at = (first_key + j) * e.dv;
      for (int64_t c = 0; c < e.dv; ++c) {
        gw[size_t(j)] += g[r * e.dv + c] * v[at + c];
        gv[at + c] += w[size_t(j)] * g[r * e.dv + c];
      }
      mean += w[size_t(j)] * gw[size_t(j)];
    }
    for (int64_t j = 0; j < e.lk; ++j) {
      if (hidden && hidden[j]) continue;
      const T gs = w[size_t(j)] * (gw[size_t(j)] - mean) * scale;
      const int64_t at = (first_key + j) * e.d;
      for (int64_t c = 0; c < e.d; ++c) {
        gq[r * e.d + c] += gs * k[at + c];
        gk[at + c] += gs * q[r * e.d + c];
      }
    }
  }
}

/// `hide` is a contiguous bool tensor of all pairs, or empty where nothing is hidden.
struct LoopAttention : torch::autograd::Function<LoopAttention> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& q,
                               const torch::Tensor& k, const torch::Tensor& v,
                               const torch::Tensor& hide) {
    context->save_for_backward({q, k, v, hide});
    const Extent e(q, k, v);
    auto shape = q.sizes().vec();
    shape.back() = e.dv;
    torch::Tensor out = torch::empty(shape, q.options());
    const bool* hidden = hide.numel() > 0 ? hide.data_ptr<bool>() : nullptr;
    if (q.scalar_type() == torch::kFloat64) {
      forward_loops(e, q.data_ptr<double>(), k.data_ptr<double>(), v.data_ptr<double>(), hidden,
                    out.data_ptr<double>());
    } else {
      forward_loops(e, q.data_ptr<float>(), k.data_ptr<float>(), v.data_ptr<float>(), hidden,
                    out.data_ptr<float>());
    }
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &hide = saved[3];
    const torch::Tensor g = gradients[0].contiguous();
    const bool* hidden = hide.numel() > 0 ? hide.data_ptr<bool>() : nullptr;
    torch::Tensor gq = torch::zeros_like(q), gk = torch::zeros_like(k), gv = torch::zeros_like(v);
    const Extent e(q, k, v);
    if (q.scalar_type() == torch::kFloat64) {
      backward_loops(e, q.data_ptr<double>(), k.data_ptr<double>(), v.data_ptr<double>(), hidden,
                     g.data_ptr<double>(), gq.data_ptr<double>(), gk.data_ptr<double>(),
                     gv.data_ptr<double>());
    } else {
      backward_loops(e, q.data_ptr<float>(), k.data_ptr<float>(), v.data_ptr<float>(), hidden,
                     g.data_ptr<float>(), gq.data_ptr<float>(), gk.data_ptr<float>(),
                     gv.data_ptr<float>());
    }
    return {gq, gk, gv, torch::Tensor()};
  }
};

torch::Tensor run_loops(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                        const torch::Tensor& hide) {
  const auto type = q.scalar_type() == torch::kBFloat16 ? torch::kFloat32 : q.scalar_type();
  return LoopAttention::apply(q.to(type).contiguous(), k.to(type).contiguous(),
                              v.to(type).contiguous(), hide)
      .to(q.scalar_type());
}

torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
  return run_loops(q, k, v, torch::empty({0}, torch::kBool));
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

torch::Tensor masked_attention(const torch::Tensor& q, const torch::Tensor& k,
                               const torch::Tensor& v, const std::optional<torch::Tensor>& keep,
                               bool causal) {
  const Extent e(q, k, v);
  if (causal && e.lq > e.lk) throw std::invalid_argument("more queries than keys");
  const int64_t dims = q.dim();
  auto shape = q.sizes().vec();
  shape.back() = e.lk;
  std::vector<int64_t> strides(size_t(dims), 0);  // of keep, 0 where it broadcasts
  const bool* keeps = nullptr;
  if (keep) {
    if (keep->scalar_type() != torch::kBool) throw std::invalid_argument("keep is not bool");
    if (keep->dim() > dims) throw std::invalid_argument("keep has too many dimensions");
    for (int64_t i = keep->dim() - 1, to = dims - 1; i >= 0; --i, --to) {
      if (keep->size(i) == 1) continue;
      if (keep->size(i) != shape[size_t(to)]) throw std::invalid_argument("keep does not fit");
      strides[size_t(to)] = keep->stride(i);
    }
    keeps = keep->data_ptr<bool>();
  }
  torch::Tensor hide = torch::empty(shape, torch::kBool);
  bool* hidden = hide.data_ptr<bool>();
  for (int64_t at = 0; at < hide.numel(); ++at) {
    int64_t rest = at, offset = 0;
    for (int64_t i = dims - 1; i >= 0; --i) {
      offset += rest % shape[size_t(i)] * strides[size_t(i)];
      rest /= shape[size_t(i)];
    }
    const int64_t j = at % e.lk, i = at / e.lk % e.lq;
    hidden[at] = (keeps && !keeps[offset]) || (causal && j > i + e.lk - e.lq);
  }
  return run_loops(q, k, v, hide);
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

/// Turns `rows` rows of d elements in place, all at one position.
template <typename T>
void turn(T* x, int64_t rows, int64_t d, int64_t position) {
  for (int64_t i = 0; i < d; i += 2) {
    const double angle = double(position) * std::pow(10000.0, -double(i) / double(d));
    const T cosine = T(std::cos(angle)), sine = T(std::sin(angle));
    for (int64_t r = 0; r < rows; ++r) {
      const T a = x[r * d + i], b = x[r * d + i + 1];
      x[r * d + i] = a * cosine - b * sine;
      x[r * d + i + 1] = a * sine + b * cosine;
    }
  }
}

torch::Tensor rope(const torch::Tensor& x, int64_t start_position) {
  const int64_t t = x.size(-2), d = x.size(-1);
  if (d % 2 != 0) throw std::invalid_argument("odd D");
  torch::Tensor out = x.clone(torch::MemoryFormat::Contiguous);
  for (int64_t r = 0; r < out.numel() / d; ++r) {
    if (out.scalar_type() == torch::kFloat64) {
      turn(out.data_ptr<double>() + r * d, 1, d, start_position + r % t);
    } else {
      turn(out.data_ptr<float>() + r * d, 1, d, start_position + r % t);
    }
  }
  return out;
}

/// y (out) = w (out, in) x (in)
template <typename T>
void multiply(const T* w, const T* x, int64_t outs, int64_t ins, T* y) {
  for (int64_t o = 0; o < outs; ++o) {
    T sum = 0;
    for (int64_t i = 0; i < ins; ++i) sum += w[o * ins + i] * x[i];
    y[o] = sum;
  }
}

int64_t check(const Layer& l, int64_t c) {
  const auto fits = [](const torch::Tensor& w, int64_t rows, int64_t columns) {
    return w.dim() == 2 && w.size(0) == rows && w.size(1) == columns;
  };
  const int64_t hq = l.query_heads, hkv = l.key_value_heads;
  if (hq <= 0 || hkv <= 0 || hq % hkv != 0) throw std::invalid_argument("heads");
  if (l.wq.dim() != 2 || l.wq.size(0) % hq != 0) throw std::invalid_argument("wq");
  const int64_t d = l.wq.size(0) / hq;
  if (d < 2 || d % 2 != 0) throw std::invalid_argument("D");
  if (!fits(l.wq, hq * d, c) || !fits(l.wk, hkv * d, c) || !fits(l.wv, hkv * d, c) ||
      !fits(l.wo, c, hq * d)) {
    throw std::invalid_argument("weights");
  }
  return d;
}

/// A layer whose keys and values go to memory that the caller owns, (row, token, Hkv·D).
template <typename T>
struct LayerLoops {
  LayerLoops(const Layer& l, int64_t width)
      : d(check(l, width)),
        c(width),
        hq(l.query_heads),
        hkv(l.key_value_heads),
        wq(l.wq.contiguous()),
        wk(l.wk.contiguous()),
        wv(l.wv.contiguous()),
        wo(l.wo.contiguous()) {}

  /// One token at `index` of its row, turned as `position`; keys and values of the row so far in
  /// `keys` and `values`.
  void step(const T* x, T* keys, T* values, int64_t index, int64_t position, T* out) const {
    const int64_t width = hkv * d;
    multiply(wk.data_ptr<T>(), x, width, c, keys + index * width);
    multiply(wv.data_ptr<T>(), x, width, c, values + index * width);
    turn(keys + index * width, hkv, d, position);
    std::vector<T> q(size_t(hq * d)), heads(size_t(hq * d), T(0)), w(size_t(index + 1));
    multiply(wq.data_ptr<T>(), x, hq * d, c, q.data());
    turn(q.data(), hq, d, position);
    for (int64_t h = 0; h < hq; ++h) {
      const int64_t column = h / (hq / hkv) * d;
      T top = -std::numeric_limits<T>::infinity(), total = 0;
      for (int64_t j = 0; j <= index; ++j) {
        const T* key = keys + j * width + column;
        T dot = 0;
        for (int64_t i = 0; i < d; ++i) dot += q[size_t(h * d + i)] * key[i];
        w[size_t(j)] = dot / std::sqrt(T(d));
        top = std::max(top, w[size_t(j)]);
      }
      for (T& weight : w) total += weight = std::exp(weight - top);
      for (int64_t j = 0; j <= index; ++j) {
        const T weight = w[size_t(j)] / total;
        const T* value = values + j * width + column;
        for (int64_t i = 0; i < d; ++i) heads[size_t(h * d + i)] += weight * value[i];
      }
    }
    multiply(wo.data_ptr<T>(), heads.data(), c, hq * d, out);
  }

  int64_t d, c, hq, hkv;
  torch::Tensor wq, wk, wv, wo;
};

template <typename T>
torch::Tensor layer_loops(const torch::Tensor& x, const Layer& l, int64_t start) {
  const int64_t b = x.size(0), t = x.size(1), c = x.size(2);
  const LayerLoops<T> loops(l, c);
  const torch::Tensor in = x.contiguous();
  torch::Tensor out = torch::empty({b, t, c}, x.options());
  std::vector<T> keys(size_t(t * loops.hkv * loops.d)), values(keys.size());
  for (int64_t r = 0; r < b * t; ++r) {
    loops.step(in.data_ptr<T>() + r * c, keys.data(), values.data(), r % t, start + r % t,
               out.data_ptr<T>() + r * c);
  }
  return out;
}

torch::Tensor causal_self_attention(const torch::Tensor& x, const Layer& l, int64_t start) {
  return x.scalar_type() == torch::kFloat64 ? layer_loops<double>(x, l, start)
                                            : layer_loops<float>(x, l, start);
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

template <typename T>
class LoopDecoder : public Decoder {
 public:
  LoopDecoder(const Layer& l, int64_t batch, int64_t capacity)
      : loops_(l, l.wo.size(0)),
        batch_(batch),
        capacity_(capacity),
        keys_(size_t(batch * capacity * loops_.hkv * loops_.d)),
        values_(keys_.size()) {}

  torch::Tensor append(const torch::Tensor& x) override {
    const int64_t t = x.size(1);
    if (length_ + t > capacity_) throw std::length_error("full");
    const torch::Tensor in = x.contiguous();
    torch::Tensor out = torch::empty_like(in);
    const int64_t row_size = capacity_ * loops_.hkv * loops_.d;
    for (int64_t r = 0; r < batch_ * t; ++r) {
      const int64_t b = r / t, position = length_ + r % t;
      loops_.step(in.data_ptr<T>() + r * loops_.c, keys_.data() + b * row_size,
                  values_.data() + b * row_size, position, position,
                  out.data_ptr<T>() + r * loops_.c);
    }
    length_ += t;
    return out;
  }

  int64_t length() const override { return length_; }
  void reset() override { length_ = 0; }

 private:
  LayerLoops<T> loops_;
  int64_t batch_, capacity_, length_ = 0;
  std::vector<T> keys_, values_;
};

std::unique_ptr<Decoder> make_decoder(const Layer& l, int64_t batch, int64_t capacity) {
  if (l.wq.scalar_type() == torch::kFloat64) {
    return std::make_unique<LoopDecoder<double>>(l, batch, capacity);
  }
  return std::make_unique<LoopDecoder<float>>(l, batch, capacity);
}

}  // namespace kata
