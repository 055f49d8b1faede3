// Composed tensor operators, float32, all rows of a batch at once: masks and where instead of
// branches, a stable sort and its inverse by scatter for the nucleus, searchsorted for the draw.
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

/// logits (…, V) that each have a largest one.
const torch::Tensor& usable(const torch::Tensor& logits) {
  if (logits.isnan().any().item<bool>()) throw std::domain_error("NaN");
  if (logits.isneginf().all(-1).any().item<bool>()) throw std::domain_error("all -inf");
  return logits;
}

/// (n, V) → (n), the first of equals.
torch::Tensor first_largest(const torch::Tensor& logits) {
  return (logits == logits.amax(-1, true)).to(torch::kInt32).argmax(-1);
}

Tokens greedy(Model& model, const Tokens& prompt, int64_t max_new_tokens, int64_t eos) {
  if (prompt.empty() || max_new_tokens < 0) throw std::invalid_argument("prompt or limit");
  Tokens all = prompt;
  const auto produced = [&] { return int64_t(all.size() - prompt.size()); };
  for (bool ended = false; !ended && produced() < max_new_tokens;) {
    const torch::Tensor last = model.forward(all).select(0, -1).unsqueeze(0);
    all.push_back(first_largest(usable(last)).item<int64_t>());
    ended = all.back() == eos;
  }
  return {all.begin() + int64_t(prompt.size()), all.end()};
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

torch::Tensor top_k_only(const torch::Tensor& logits, int64_t k) {
  if (k <= 0 || k >= logits.size(-1)) return logits;
  const torch::Tensor kth = std::get<0>(logits.topk(k, -1)).slice(-1, k - 1, k);
  return logits.masked_fill(logits < kth, -INFINITY);
}

/// probabilities (n, V), u (n) → ids (n)
torch::Tensor inverse_cdf(const torch::Tensor& probabilities, const torch::Tensor& u) {
  const torch::Tensor cdf = probabilities.cumsum(-1, torch::kFloat64);
  const torch::Tensor id =
      torch::searchsorted(cdf, u.unsqueeze(-1), /*out_int32=*/false, /*right=*/true).squeeze(-1);
  const torch::Tensor ids = torch::arange(probabilities.size(-1));
  const torch::Tensor last = torch::where(probabilities > 0, ids, -1).amax(-1);
  return torch::minimum(id, last);
}

int64_t sample(const torch::Tensor& logits, double temperature, int64_t top_k, double u) {
  if (!(temperature >= 0) || std::isinf(temperature)) throw std::invalid_argument("temperature");
  const torch::Tensor row = usable(logits).unsqueeze(0);
  if (temperature == 0) return first_largest(row).item<int64_t>();
  // Less the maximum before the division: a float32 quotient of large logits has few digits left.
  const torch::Tensor scaled = (row - row.amax(-1, true)) / temperature;
  return inverse_cdf(top_k_only(scaled, top_k).softmax(-1), torch::full({1}, u, torch::kFloat64))
      .item<int64_t>();
}

}  // namespace kata

// level 3
#include "level3.h"

namespace kata {

void check(const Sampling& s) {
  const bool good = s.temperature >= 0 && s.temperature <= std::numeric_limits<double>::max() &&
                    s.top_p > 0 && s.top_p <= 1 && s.min_p >= 0 && s.min_p <= 1 &&
                    s.repetition_penalty > 0 &&
                    s.repetition_penalty <= std::numeric_limits<double>::max();
  if (!good) throw std::invalid_argument("sampling");
}

torch::Tensor normalised(const torch::Tensor& weights) {
  return weights / weights.sum(-1, true);
}

torch::Tensor nucleus(const torch::Tensor& p, double top_p) {
  const auto [sorted, ids] = p.sort(/*stable=*/true, /*dim=*/-1, /*descending=*/true);
  const torch::Tensor before = sorted.cumsum(-1, torch::kFloat64) - sorted;
  const torch::Tensor kept = sorted.masked_fill(before >= top_p, 0);
  return torch::zeros_like(p).scatter(-1, ids, kept);
}

Tokens sample_batch(const torch::Tensor& logits, const std::vector<Tokens>& prompts,
                    const std::vector<Tokens>& outputs, const Sampling& s,
                    const std::vector<double>& u) {
  check(s);
  const int64_t rows = logits.size(0);
  if (rows == 0) return {};

  torch::Tensor seen = torch::zeros(logits.sizes(), torch::kBool);
  for (int64_t b = 0; b < rows; ++b) {
    for (const Tokens* history : {&prompts[size_t(b)], &outputs[size_t(b)]}) {
      if (!history->empty()) seen[b].index_fill_(0, torch::tensor(*history), true);
    }
  }
  const torch::Tensor changed = torch::where(usable(logits) > 0, logits / s.repetition_penalty,
                                             logits * s.repetition_penalty);
  torch::Tensor x = torch::where(seen, changed, logits);

  torch::Tensor drawn;
  if (s.temperature == 0) {
    drawn = first_largest(x);
  } else {
    x = top_k_only((x - x.amax(-1, true)) / s.temperature, s.top_k);
    torch::Tensor p = x.softmax(-1);
    if (s.top_p < 1) p = normalised(nucleus(p, s.top_p));
    p = normalised(p.masked_fill(p < p.amax(-1, true) * s.min_p, 0));
    drawn = inverse_cdf(p, torch::tensor(u, torch::kFloat64));
  }
  const int64_t* first = drawn.data_ptr<int64_t>();
  return {first, first + rows};
}

}  // namespace kata

// level 4
#include "level4.h"

namespace kata {

bool ends(const Tokens& t, const Tokens& tail) {
  return t.size() >= tail.size() && Tokens(t.end() - int64_t(tail.size()), t.end()) == tail;
}

std::vector<Tokens> generate(CachedModel& model, const std::vector<Tokens>& prompts,
                             const GenerationOptions& o, const Uniform& uniform) {
  check(o.sampling);
  if (o.max_new_tokens < 0) throw std::invalid_argument("max_new_tokens");
  for (const auto* lists : {&prompts, &o.stop_sequences}) {
    for (const Tokens& list : *lists) {
      if (list.empty()) throw std::invalid_argument("empty");
    }
  }

  std::vector<Tokens> done(prompts.size());
  std::vector<int64_t> ids;  // of the unfinished rows; all lists below are parallel to it
  std::vector<Tokens> before, after, feed;
  for (size_t r = 0; r < prompts.size() && o.max_new_tokens > 0; ++r) ids.push_back(int64_t(r));
  before = feed = prompts;
  after.resize(prompts.size());
  for (int64_t step = 0; !ids.empty(); ++step) {
    const torch::Tensor logits = model.forward(ids, feed);
    std::vector<double> u;
    for (const int64_t id : ids) u.push_back(uniform(id, step));
    const Tokens drawn = sample_batch(logits, before, after, o.sampling, u);

    std::vector<int64_t> next_ids;
    std::vector<Tokens> next_before, next_after, next_feed;
    for (size_t i = 0; i < ids.size(); ++i) {
      after[i].push_back(drawn[i]);
      bool over = drawn[i] == o.eos || step + 1 == o.max_new_tokens;
      for (const Tokens& stop : o.stop_sequences) over = over || ends(after[i], stop);
      if (over) {
        done[size_t(ids[i])] = after[i];
        continue;
      }
      next_ids.push_back(ids[i]);
      next_before.push_back(before[i]);
      next_after.push_back(after[i]);
      next_feed.push_back({drawn[i]});
    }
    ids = next_ids, before = next_before, after = next_after, feed = next_feed;
  }
  return done;
}

}  // namespace kata
