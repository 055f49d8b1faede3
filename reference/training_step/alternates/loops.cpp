// Plain loops over elements. Tensors only carry memory; autograd does level 1's and 4's backward.
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

/// The elements of a float32 or float64 tensor in row order, as double.
std::vector<double> elements(const torch::Tensor& t) {
  const torch::Tensor row = t.detach().contiguous();
  const auto count = static_cast<size_t>(row.numel());
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = row.scalar_type() == torch::kFloat64 ? row.const_data_ptr<double>()[i]
                                                     : row.const_data_ptr<float>()[i];
  }
  return values;
}

/// A new tensor of this form with these elements.
torch::Tensor tensor_of(const std::vector<double>& values, torch::IntArrayRef sizes,
                        torch::ScalarType type) {
  torch::Tensor row = torch::empty(sizes, type);
  for (size_t i = 0; i < values.size(); ++i) {
    if (type == torch::kFloat64) {
      row.data_ptr<double>()[i] = values[i];
    } else {
      row.data_ptr<float>()[i] = static_cast<float>(values[i]);
    }
  }
  return row;
}

/// Writes values into the memory that `t` has already, whatever its strides.
void overwrite(const torch::Tensor& t, const std::vector<double>& values) {
  const torch::Tensor place = t.detach();  // the same memory, unknown to autograd
  place.copy_(tensor_of(values, t.sizes(), t.scalar_type()));
}

double length_of_gradients(const std::vector<torch::Tensor>& parameters) {
  double squares = 0;
  for (const torch::Tensor& p : parameters) {
    if (!p.grad().defined()) continue;
    for (const double g : elements(p.grad())) squares += g * g;
  }
  return std::sqrt(squares);
}

void shorten_gradients(const std::vector<torch::Tensor>& parameters, double length,
                       double longest) {
  const double factor = longest / (length + 1e-6);
  if (factor >= 1) return;
  for (const torch::Tensor& p : parameters) {
    if (!p.grad().defined()) continue;
    std::vector<double> g = elements(p.grad());
    for (double& each : g) each *= factor;
    overwrite(p.grad(), g);
  }
}

torch::Tensor training_step(Model& model, Optimizer& optimizer, const Batch& batch,
                            double max_norm) {
  optimizer.zero_grad();
  const torch::Tensor outputs = model.forward(batch.inputs);
  const std::vector<double> y = elements(outputs), t = elements(batch.targets);
  std::vector<double> slope(y.size());
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    sum += (y[i] - t[i]) * (y[i] - t[i]);
    slope[i] = 2 * (y[i] - t[i]) / double(y.size());
  }
  outputs.backward(tensor_of(slope, outputs.sizes(), outputs.scalar_type()));
  const auto parameters = optimizer.parameters();
  shorten_gradients(parameters, length_of_gradients(parameters), max_norm);
  optimizer.step();
  return tensor_of({sum / double(y.size())}, {}, outputs.scalar_type());
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

CrossEntropy cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                           std::int64_t ignore_index) {
  const int64_t rows = logits.size(0), classes = logits.size(1);
  const std::vector<double> x = elements(logits);
  const torch::Tensor packed = targets.contiguous();
  const int64_t* target = packed.const_data_ptr<int64_t>();
  int64_t counted = 0;
  for (int64_t r = 0; r < rows; ++r) {
    if (target[r] == ignore_index) continue;
    if (target[r] < 0 || target[r] >= classes) throw std::out_of_range("target");
    ++counted;
  }
  double loss = 0;
  std::vector<double> gradient(x.size(), 0.0);
  for (int64_t r = 0; r < rows; ++r) {
    if (target[r] == ignore_index) continue;
    const double* row = x.data() + r * classes;
    double top = row[0], sum = 0;
    for (int64_t c = 1; c < classes; ++c) top = row[c] > top ? row[c] : top;
    for (int64_t c = 0; c < classes; ++c) sum += std::exp(row[c] - top);
    loss += std::log(sum) + top - row[target[r]];
    for (int64_t c = 0; c < classes; ++c) {
      const double p = std::exp(row[c] - top) / sum;
      gradient[size_t(r * classes + c)] = (p - (c == target[r] ? 1 : 0)) / double(counted);
    }
  }
  if (counted > 0) loss /= double(counted);
  return {tensor_of({loss}, {}, logits.scalar_type()),
          tensor_of(gradient, logits.sizes(), logits.scalar_type())};
}

MlpGradients mlp_backward(const Mlp& mlp, const torch::Tensor& inputs, const torch::Tensor& targets,
                          std::int64_t ignore_index) {
  const int64_t n = inputs.size(0), d = inputs.size(1), h = mlp.w1.size(0), v = mlp.w2.size(0);
  const auto type = inputs.scalar_type();
  const auto x = elements(inputs), w1 = elements(mlp.w1), b1 = elements(mlp.b1);
  const auto w2 = elements(mlp.w2), b2 = elements(mlp.b2);
  std::vector<double> a(size_t(n * h)), z(size_t(n * v));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < h; ++j) {
      double s = b1[size_t(j)];
      for (int64_t k = 0; k < d; ++k) s += x[size_t(i * d + k)] * w1[size_t(j * d + k)];
      a[size_t(i * h + j)] = s > 0 ? s : 0;
    }
    for (int64_t o = 0; o < v; ++o) {
      double s = b2[size_t(o)];
      for (int64_t j = 0; j < h; ++j) s += a[size_t(i * h + j)] * w2[size_t(o * h + j)];
      z[size_t(i * v + o)] = s;
    }
  }
  const CrossEntropy top =
      cross_entropy(tensor_of(z, {n, v}, torch::kFloat64), targets, ignore_index);
  const auto gz = elements(top.gradient);
  std::vector<double> gw1(w1.size()), gb1(b1.size()), gw2(w2.size()), gb2(b2.size()), gx(x.size());
  for (int64_t i = 0; i < n; ++i) {
    std::vector<double> ga(static_cast<size_t>(h), 0.0);
    for (int64_t o = 0; o < v; ++o) {
      const double g = gz[size_t(i * v + o)];
      gb2[size_t(o)] += g;
      for (int64_t j = 0; j < h; ++j) {
        gw2[size_t(o * h + j)] += g * a[size_t(i * h + j)];
        ga[size_t(j)] += g * w2[size_t(o * h + j)];
      }
    }
    for (int64_t j = 0; j < h; ++j) {
      if (a[size_t(i * h + j)] == 0) continue;
      gb1[size_t(j)] += ga[size_t(j)];
      for (int64_t k = 0; k < d; ++k) {
        gw1[size_t(j * d + k)] += ga[size_t(j)] * x[size_t(i * d + k)];
        gx[size_t(i * d + k)] += ga[size_t(j)] * w1[size_t(j * d + k)];
      }
    }
  }
  return {top.loss.to(type),         tensor_of(gw1, {h, d}, type),
          tensor_of(gb1, {h}, type), tensor_of(gw2, {v, h}, type),
          tensor_of(gb2, {v}, type), tensor_of(gx, {n, d}, type)};
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

/// Moments of one parameter, in doubles.
struct Moments {
  std::vector<double> m, v;
  int64_t t = 0;
};

class LoopAdamW : public AdamW {
 public:
  explicit LoopAdamW(const std::vector<ParameterGroup>& groups) : groups_(groups) {
    for (const auto& group : groups_) {
      for (const auto& p : group.parameters) {
        for (const auto& other : all_) {
          if (other.is_same(p)) throw std::invalid_argument("twice");
        }
        all_.push_back(p);
        const auto count = static_cast<size_t>(p.numel());
        moments.push_back({std::vector<double>(count, 0.0), std::vector<double>(count, 0.0)});
      }
    }
  }

  std::vector<torch::Tensor> parameters() const override { return all_; }

  void zero_grad() override {
    for (auto& p : all_) p.mutable_grad() = torch::Tensor();
  }

  void set_lr(double lr) override {
    for (auto& group : groups_) group.options.lr = lr;
  }

  void step() override {
    size_t index = 0;
    for (const auto& group : groups_) {
      for (size_t i = 0; i < group.parameters.size(); ++i, ++index) {
        if (all_[index].grad().defined()) update(all_[index], moments[index], group.options);
      }
    }
  }

  std::vector<Moments> moments;

 private:
  static void update(const torch::Tensor& parameter, Moments& own, const AdamWOptions& o) {
    ++own.t;
    std::vector<double> p = elements(parameter);
    const std::vector<double> g = elements(parameter.grad());
    double power1 = 1, power2 = 1;
    for (int64_t i = 0; i < own.t; ++i) power1 *= o.beta1, power2 *= o.beta2;
    for (size_t i = 0; i < p.size(); ++i) {
      own.m[i] += (1 - o.beta1) * (g[i] - own.m[i]);
      own.v[i] += (1 - o.beta2) * (g[i] * g[i] - own.v[i]);
      const double direction =
          own.m[i] / (1 - power1) / (std::sqrt(own.v[i] / (1 - power2)) + o.eps);
      p[i] -= o.lr * (direction + o.weight_decay * p[i]);  // the old p: the same, multiplied out
    }
    overwrite(parameter, p);
  }

  std::vector<ParameterGroup> groups_;
  std::vector<torch::Tensor> all_;
};

std::unique_ptr<AdamW> make_adamw(const std::vector<ParameterGroup>& groups) {
  return std::make_unique<LoopAdamW>(groups);
}

double clip_gradients(const std::vector<torch::Tensor>& parameters, double max_norm) {
  const double length = length_of_gradients(parameters);
  if (std::isnan(length) || std::isinf(length)) return length;
  shorten_gradients(parameters, length, max_norm);
  return length;
}

double clip_and_step(Optimizer& optimizer, double max_norm) {
  const double length = clip_gradients(optimizer.parameters(), max_norm);
  if (!std::isnan(length) && !std::isinf(length)) optimizer.step();
  return length;
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

double learning_rate(const Schedule& s, std::int64_t step) {
  if (step < s.warmup_steps) return s.max_lr * double(step) / double(s.warmup_steps);
  if (step == s.warmup_steps) return s.max_lr;
  if (step >= s.total_steps) return s.min_lr;
  const double done = double(step - s.warmup_steps) / double(s.total_steps - s.warmup_steps);
  const double half = std::sin(done * std::acos(0.0));  // (1 + cos 2a)/2 = 1 − sin² a
  return s.max_lr - (s.max_lr - s.min_lr) * half * half;
}

class LoopTrainer : public Trainer {
 public:
  LoopTrainer(Model& model, const std::vector<torch::Tensor>& parameters,
              const TrainerOptions& options)
      : model_(model), options_(options), adamw_({{parameters, options.adamw}}) {}

  StepReport step(const std::vector<Batch>& micro_batches) override {
    StepReport report{.lr = learning_rate(options_.schedule, steps_)};
    std::vector<int64_t> valid;
    for (const Batch& batch : micro_batches) {
      const torch::Tensor targets = batch.targets.contiguous();
      int64_t count = 0;
      for (int64_t i = 0; i < targets.numel(); ++i) {
        count += targets.const_data_ptr<int64_t>()[i] != options_.ignore_index ? 1 : 0;
      }
      valid.push_back(count);
      report.valid_tokens += count;
    }
    if (report.valid_tokens == 0) return report;
    adamw_.zero_grad();
    for (size_t i = 0; i < valid.size(); ++i) {
      if (valid[i] == 0) continue;
      const double weight = double(valid[i]) / double(report.valid_tokens);
      report.loss += weight * backward(micro_batches[i], weight);
    }
    adamw_.set_lr(report.lr);
    report.norm = clip_and_step(adamw_, options_.max_norm);
    report.stepped = std::isfinite(report.norm);
    steps_ += report.stepped ? 1 : 0;
    return report;
  }

  std::int64_t steps() const override { return steps_; }

  /// One float64 tensor a parameter: shape, t, p, m, v; and one for the counter.
  std::vector<torch::Tensor> state() const override {
    std::vector<torch::Tensor> state;
    const auto parameters = adamw_.parameters();
    for (size_t i = 0; i < parameters.size(); ++i) {
      std::vector<double> row = header(parameters[i]);
      const Moments& own = adamw_.moments[i];
      row.push_back(double(own.t));
      for (const auto& part : {elements(parameters[i]), own.m, own.v}) {
        row.insert(row.end(), part.begin(), part.end());
      }
      state.push_back(torch::tensor(row, torch::kFloat64));
    }
    state.push_back(torch::full({}, double(steps_), torch::kFloat64));
    return state;
  }

  void load_state(const std::vector<torch::Tensor>& state) override {
    const auto parameters = adamw_.parameters();
    if (state.size() != parameters.size() + 1) throw std::invalid_argument("number");
    for (size_t i = 0; i < parameters.size(); ++i) {
      const auto row = elements(state[i]), head = header(parameters[i]);
      for (size_t k = 0; k < head.size(); ++k) {
        if (k >= row.size() || row[k] != head[k]) throw std::invalid_argument("shape");
      }
    }
    for (size_t i = 0; i < parameters.size(); ++i) restore(parameters[i], i, elements(state[i]));
    steps_ = int64_t(state.back().item<double>());
  }

 private:
  static std::vector<double> header(const torch::Tensor& p) {
    std::vector<double> head{double(p.dim())};
    for (const int64_t size : p.sizes()) head.push_back(double(size));
    return head;
  }

  void restore(const torch::Tensor& parameter, size_t index, const std::vector<double>& row) {
    Moments& own = adamw_.moments[index];
    size_t at = header(parameter).size();
    own.t = int64_t(row[at++]);
    std::vector<double> p(own.m.size());
    for (auto* part : {&p, &own.m, &own.v}) {
      for (double& value : *part) value = row[at++];
    }
    overwrite(parameter, p);
  }

  double backward(const Batch& batch, double weight) {
    const torch::Tensor logits = model_.forward(batch.inputs);
    const CrossEntropy top =
        cross_entropy(logits.detach().to(torch::kFloat64), batch.targets, options_.ignore_index);
    std::vector<double> slope = elements(top.gradient);
    for (double& each : slope) each *= weight;
    logits.backward(tensor_of(slope, logits.sizes(), logits.scalar_type()));
    return top.loss.item<double>();
  }

  Model& model_;
  TrainerOptions options_;
  LoopAdamW adamw_;
  int64_t steps_ = 0;
};

std::unique_ptr<Trainer> make_trainer(Model& model, const std::vector<torch::Tensor>& parameters,
                                      const TrainerOptions& options) {
  return std::make_unique<LoopTrainer>(model, parameters, options);
}

}  // namespace kata
