// Composed tensor operators, float32 throughout: log_softmax, one stable sort over all candidates.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

using torch::Tensor;

/// (n, V) logits → (n, V) log-probabilities.
Tensor log_probs(const Tensor& logits) {
  if (logits.isnan().any().item<bool>()) throw std::domain_error("NaN in the logits");
  if (logits.isneginf().all(-1).any().item<bool>()) throw std::domain_error("nothing can follow");
  return logits.log_softmax(-1);
}

void refuse_bad(const Tokens& prompt, int64_t width, int64_t limit) {
  if (prompt.empty() || width < 1 || limit < 0) throw std::invalid_argument("bad argument");
}

/// Positions of the possible ones among `scores` (n), best first, ties in the order they are in.
Tensor best_first(const Tensor& scores, int64_t count) {
  const auto sorted = scores.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true);
  const int64_t possible = scores.isfinite().sum().item<int64_t>();
  return std::get<1>(sorted).slice(0, 0, std::min(count, possible)).contiguous();
}

}  // namespace

std::vector<Hypothesis> beam_search(Model& model, const Tokens& prompt, int64_t width,
                                    int64_t max_new_tokens, int64_t eos) {
  refuse_bad(prompt, width, max_new_tokens);
  std::vector<Tokens> beam = {{}};
  Tensor totals = torch::zeros({1});
  const auto over = [&](const Tokens& t) { return !t.empty() && t.back() == eos; };

  for (int64_t step = 0; step < max_new_tokens; ++step) {
    std::vector<Tensor> scores;
    std::vector<Tokens> candidates;
    bool any_live = false;
    for (size_t i = 0; i < beam.size(); ++i) {
      const Tensor total = totals.slice(0, int64_t(i), int64_t(i) + 1);
      if (over(beam[i])) {
        scores.push_back(total);
        candidates.push_back(beam[i]);
        continue;
      }
      any_live = true;
      Tokens all = prompt;
      all.insert(all.end(), beam[i].begin(), beam[i].end());
      scores.push_back(log_probs(model.forward(all).slice(0, int64_t(all.size()) - 1))[0] + total);
      for (int64_t id = 0; id < scores.back().numel(); ++id) {
        candidates.push_back(beam[i]);
        candidates.back().push_back(id);
      }
    }
    if (!any_live) break;
    const Tensor flat = torch::cat(scores);
    const Tensor order = best_first(flat, width);
    totals = flat.index_select(0, order);
    beam.clear();
    for (int64_t i = 0; i < order.numel(); ++i) {
      beam.push_back(candidates[size_t(order.data_ptr<int64_t>()[i])]);
    }
  }

  std::vector<Hypothesis> result;
  for (size_t i = 0; i < beam.size(); ++i) {
    result.push_back({beam[i], double(totals[int64_t(i)].item<float>())});
  }
  return result;
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

std::vector<Hypothesis> beam_search_cached(CachedModel& model, const Tokens& prompt,
                                           const BeamOptions& o) {
  refuse_bad(prompt, o.width, o.max_new_tokens);
  if (!std::isfinite(o.length_penalty)) throw std::invalid_argument("length penalty");

  Tensor totals = torch::zeros({1});                  // (n) of the live ones
  Tensor texts = torch::zeros({1, 0}, torch::kLong);  // (n, step)
  std::vector<Hypothesis> pool;
  const auto pool_up = [&](const Tensor& text, const Tensor& total) {
    const Tensor own = text.contiguous();
    const auto* ids = own.data_ptr<int64_t>();
    const double length = double(own.numel());
    const double divisor = length == 0 ? 1 : std::pow(length, o.length_penalty);
    pool.push_back({Tokens(ids, ids + own.numel()), double(total.item<float>()) / divisor});
  };
  const auto full = [&] { return pool.size() >= uint64_t(o.width); };

  std::vector<Tokens> feed = {prompt};
  for (int64_t step = 0; step < o.max_new_tokens && !full() && totals.numel() > 0; ++step) {
    const Tensor scores = totals.unsqueeze(1) + log_probs(model.forward(feed));
    const int64_t vocabulary = scores.size(1);
    const Tensor flat = scores.reshape({-1});
    const Tensor order = best_first(flat, flat.numel());
    const Tensor tokens = order.remainder(vocabulary);
    const Tensor longer =
        torch::cat({texts.index_select(0, order.floor_divide(vocabulary)), tokens.unsqueeze(1)}, 1);
    const Tensor sums = flat.index_select(0, order);
    const Tensor is_eos = tokens.eq(o.eos);
    const Tensor ends = is_eos.slice(0, 0, std::min(o.width, order.numel())).nonzero().flatten();
    for (int64_t i = 0; i < ends.numel(); ++i) {
      const int64_t place = ends[i].item<int64_t>();
      pool_up(longer[place], sums[place]);
    }
    Tensor live = is_eos.logical_not().nonzero().flatten();
    live = live.slice(0, 0, std::min(o.width, live.numel()));
    texts = longer.index_select(0, live);
    totals = sums.index_select(0, live);
    if (step + 1 == o.max_new_tokens || full() || live.numel() == 0) break;

    const Tensor parents = order.index_select(0, live).floor_divide(vocabulary).contiguous();
    const auto* first = parents.data_ptr<int64_t>();
    model.reorder({first, first + parents.numel()});
    feed.clear();
    for (int64_t i = 0; i < texts.size(0); ++i) feed.push_back({texts[i][-1].item<int64_t>()});
  }
  if (!full()) {
    for (int64_t i = 0; i < totals.numel(); ++i) pool_up(texts[i], totals[i]);
  }
  std::stable_sort(pool.begin(), pool.end(),
                   [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
  if (pool.size() > uint64_t(o.width)) pool.resize(size_t(o.width));
  return pool;
}

}  // namespace kata
