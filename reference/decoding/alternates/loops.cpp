// Plain loops over elements in float32, weights that are never normalised (a draw compares with
// u times the total instead), and sums in double.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

/// The floats of a row of logits (n, V), wherever they lie.
std::vector<float> floats_of(const torch::Tensor& logits, int64_t row) {
  const auto all = logits.accessor<float, 2>();
  std::vector<float> out(size_t(logits.size(1)));
  int64_t finite = 0;
  for (int64_t i = 0; i < logits.size(1); ++i) {
    const float x = all[row][i];
    if (x != x) throw std::domain_error("NaN logit");
    if (x > -INFINITY) ++finite;
    out[size_t(i)] = x;
  }
  if (finite == 0) throw std::domain_error("nothing is possible");
  return out;
}

size_t best_of(const std::vector<float>& x) {
  size_t best = 0;
  for (size_t i = 1; i < x.size(); ++i) {
    if (x[i] > x[best]) best = i;
  }
  return best;
}

Tokens greedy(Model& model, const Tokens& prompt, int64_t max_new_tokens, int64_t eos) {
  if (prompt.size() == 0) throw std::invalid_argument("no prompt");
  if (max_new_tokens < 0) throw std::invalid_argument("negative limit");
  Tokens seen = prompt, fresh;
  for (int64_t n = 0; n < max_new_tokens; ++n) {
    const torch::Tensor logits = model.forward(seen);
    const int64_t id = int64_t(best_of(floats_of(logits, logits.size(0) - 1)));
    seen.push_back(id);
    fresh.push_back(id);
    if (id == eos) return fresh;
  }
  return fresh;
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

/// Turns logits into weights, the largest 1; what top-k drops gets weight 0.
void weigh(std::vector<float>& x, double temperature, int64_t k) {
  float border = -INFINITY;
  if (k > 0 && k < int64_t(x.size())) {
    std::vector<float> down = x;
    std::sort(down.begin(), down.end(), [](float a, float b) { return a > b; });
    border = down[size_t(k - 1)];
  }
  const float top = x[best_of(x)], t = float(temperature);
  for (float& value : x) value = value < border ? 0.0f : std::exp((value - top) / t);
}

int64_t pick(const std::vector<float>& weights, double u) {
  double total = 0;
  for (const float w : weights) total += w;
  double left = u * total;
  size_t chosen = weights.size();
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    chosen = i;
    if (left < weights[i]) break;
    left -= weights[i];
  }
  return int64_t(chosen);
}

int64_t sample(const torch::Tensor& logits, double temperature, int64_t top_k, double u) {
  if (std::isnan(temperature) || std::isinf(temperature) || temperature < 0) {
    throw std::invalid_argument("temperature");
  }
  std::vector<float> x = floats_of(logits.unsqueeze(0), 0);
  if (temperature == 0) return int64_t(best_of(x));
  weigh(x, temperature, top_k);
  return pick(x, u);
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

void refuse_bad(const Sampling& s) {
  if (std::isnan(s.temperature) || std::isnan(s.top_p) || std::isnan(s.min_p) ||
      std::isnan(s.repetition_penalty)) {
    throw std::invalid_argument("NaN");
  }
  if (s.temperature < 0 || std::isinf(s.temperature)) throw std::invalid_argument("temperature");
  if (s.top_p <= 0 || s.top_p > 1) throw std::invalid_argument("top_p");
  if (s.min_p < 0 || s.min_p > 1) throw std::invalid_argument("min_p");
  if (s.repetition_penalty <= 0 || std::isinf(s.repetition_penalty)) {
    throw std::invalid_argument("penalty");
  }
}

void punish(std::vector<float>& x, const Tokens& a, const Tokens& b, double penalty) {
  std::vector<bool> done(x.size(), false);
  for (size_t i = 0; i < a.size() + b.size(); ++i) {
    const size_t id = size_t(i < a.size() ? a[i] : b[i - a.size()]);
    if (done[id]) continue;
    done[id] = true;
    if (x[id] > 0) x[id] = float(x[id] / penalty);
    if (x[id] < 0) x[id] = float(x[id] * penalty);
  }
}

void cut_nucleus(std::vector<float>& weights, double p) {
  std::vector<std::pair<float, int64_t>> order;  // ascending: the heaviest, lowest id first
  double total = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    order.emplace_back(-weights[i], int64_t(i));
    total += weights[i];
  }
  std::sort(order.begin(), order.end());
  double sum = 0;
  size_t kept = 0;
  while (kept < order.size() && sum < p * total) sum -= order[kept++].first;
  for (size_t i = kept; i < order.size(); ++i) weights[size_t(order[i].second)] = 0;
}

/// One row; weights, and so their sums, are only ever compared with each other.
int64_t sample_one(std::vector<float> x, const Tokens& prompt, const Tokens& output,
                   const Sampling& s, double u) {
  punish(x, prompt, output, s.repetition_penalty);
  if (s.temperature == 0) return int64_t(best_of(x));
  weigh(x, s.temperature, s.top_k);
  if (s.top_p != 1) cut_nucleus(x, s.top_p);
  for (float& w : x) {
    if (double(w) < s.min_p) w = 0;  // the largest weight is 1
  }
  return pick(x, u);
}

Tokens sample_batch(const torch::Tensor& logits, const std::vector<Tokens>& prompts,
                    const std::vector<Tokens>& outputs, const Sampling& s,
                    const std::vector<double>& u) {
  refuse_bad(s);
  Tokens out;
  for (size_t b = 0; b < u.size(); ++b) {
    out.push_back(sample_one(floats_of(logits, int64_t(b)), prompts[b], outputs[b], s, u[b]));
  }
  return out;
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

/// How much of a stop sequence the last new tokens match, kept up to date as in Knuth, Morris and
/// Pratt's algorithm.
struct Watch {
  Tokens stop;
  std::vector<size_t> fallback;  // [n]: longest proper border of the first n tokens
  size_t matched = 0;

  explicit Watch(const Tokens& sequence) : stop(sequence), fallback(sequence.size() + 1, 0) {
    for (size_t n = 1, border = 0; n < stop.size(); ++n) {
      while (border > 0 && stop[n] != stop[border]) border = fallback[border];
      if (stop[n] == stop[border]) ++border;
      fallback[n + 1] = border;
    }
  }

  bool complete_after(int64_t token) {
    while (matched > 0 && stop[matched] != token) matched = fallback[matched];
    if (stop[matched] == token) ++matched;
    return matched == stop.size();
  }
};

struct RowState {
  Tokens fresh;
  std::vector<Watch> watches;
  bool over = false;
};

std::vector<Tokens> generate(CachedModel& model, const std::vector<Tokens>& prompts,
                             const GenerationOptions& options, const Uniform& uniform) {
  refuse_bad(options.sampling);
  if (options.max_new_tokens < 0) throw std::invalid_argument("negative limit");
  std::vector<Watch> watches;
  for (const Tokens& stop : options.stop_sequences) {
    if (stop.empty()) throw std::invalid_argument("empty stop sequence");
    watches.emplace_back(stop);
  }
  std::vector<RowState> rows;
  size_t running = 0;
  for (const Tokens& prompt : prompts) {
    if (prompt.empty()) throw std::invalid_argument("empty prompt");
    rows.push_back({{}, watches, options.max_new_tokens == 0});
    if (!rows.back().over) ++running;
  }

  for (int64_t step = 0; running > 0; ++step) {
    std::vector<int64_t> ids;
    std::vector<Tokens> fed;
    for (size_t r = 0; r < rows.size(); ++r) {
      if (rows[r].over) continue;
      ids.push_back(int64_t(r));
      if (step == 0) fed.push_back(prompts[r]);
      if (step > 0) fed.push_back(Tokens(1, rows[r].fresh.back()));
    }
    const torch::Tensor logits = model.forward(ids, fed);
    for (size_t i = 0; i < ids.size(); ++i) {
      const size_t r = size_t(ids[i]);
      RowState& row = rows[r];
      const int64_t token = sample_one(floats_of(logits, int64_t(i)), prompts[r], row.fresh,
                                       options.sampling, uniform(ids[i], step));
      row.fresh.push_back(token);
      row.over = token == options.eos || step + 1 == options.max_new_tokens;
      for (Watch& watch : row.watches) {
        if (!row.over && watch.complete_after(token)) row.over = true;
      }
      if (row.over) --running;
    }
  }
  std::vector<Tokens> out;
  for (const RowState& row : rows) out.push_back(row.fresh);
  return out;
}

}  // namespace kata
