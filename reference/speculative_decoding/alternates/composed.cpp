// Composed tensor operators, float32: all of a round's rows are judged at once, by masks and
// cumulative products, and the first refusal is found afterwards. The caches' lengths are two plain
// numbers.
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

Tokens rest_of(const Tokens& tokens, int64_t from) {
  return {tokens.begin() + from, tokens.end()};
}

/// (n, V) → (n): whether a row has a largest entry.
torch::Tensor usable(const torch::Tensor& logits) {
  return logits.isnan().any(-1).logical_or(logits.isneginf().all(-1)).logical_not();
}

void insist(const torch::Tensor& usable_rows, int64_t first_rows) {
  if (!usable_rows.slice(0, 0, first_rows).all().item<bool>()) throw std::domain_error("logits");
}

/// (n, V) → (n), the first of equals.
torch::Tensor first_largest(const torch::Tensor& logits) {
  return (logits == logits.amax(-1, true)).to(torch::kInt32).argmax(-1);
}

torch::Tensor as_tensor(const Tokens& tokens) {
  return torch::tensor(tokens, torch::kInt64);
}

/// How many leading entries are true.
int64_t leading(const torch::Tensor& flags) {
  return flags.to(torch::kInt64).cumprod(0).sum().item<int64_t>();
}

void require_arguments(const Tokens& prompt, int64_t draft_length, int64_t max_new_tokens) {
  if (prompt.empty() || draft_length < 0 || max_new_tokens < 0) {
    throw std::invalid_argument("prompt, draft_length or max_new_tokens");
  }
}

Tokens speculative_greedy(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                          int64_t draft_length, int64_t max_new_tokens, int64_t eos) {
  require_arguments(prompt, draft_length, max_new_tokens);
  Tokens all = prompt;  // with the proposals of the round at its end
  int64_t sure = int64_t(prompt.size()), in_target = 0, in_draft = 0;
  const auto found = [&] { return sure - int64_t(prompt.size()); };
  for (bool ended = false; !ended && found() < max_new_tokens;) {
    const int64_t most = std::min(draft_length, max_new_tokens - found() - 1);
    int64_t k = 0;
    for (bool stop = false; k < most && !stop; ++k) {
      const torch::Tensor logits = draft.forward(rest_of(all, in_draft)).slice(0, -1);
      in_draft = int64_t(all.size());
      insist(usable(logits), 1);
      all.push_back(first_largest(logits).item<int64_t>());
      stop = all.back() == eos;
    }
    const torch::Tensor logits = target.forward(rest_of(all, in_target)).slice(0, -(k + 1));
    in_target = int64_t(all.size());
    const torch::Tensor fine = usable(logits), choices = first_largest(logits);
    const torch::Tensor proposals = as_tensor(rest_of(all, sure));
    const torch::Tensor agrees =
        (choices.slice(0, 0, k) == proposals).logical_and(fine.slice(0, 0, k));
    const int64_t right = leading(agrees);
    all.resize(size_t(sure + right));
    const bool had_eos = right > 0 && all.back() == eos;
    if (!had_eos) {
      insist(fine, right + 1);
      all.push_back(choices[right].item<int64_t>());
    }
    const int64_t kept = sure + right;
    target.rollback(std::min(in_target, kept));
    draft.rollback(std::min(in_draft, kept));
    in_target = std::min(in_target, kept), in_draft = std::min(in_draft, kept);
    sure = int64_t(all.size());
    ended = all.back() == eos;
  }
  return rest_of(all, int64_t(prompt.size()));
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

/// weights (V), not all 0.
int64_t inverse_cdf(const torch::Tensor& weights, double u) {
  const torch::Tensor cdf = (weights / weights.sum()).cumsum(0, torch::kFloat64);
  const torch::Tensor number = torch::full({1}, u, torch::kFloat64);
  const int64_t id = torch::searchsorted(cdf, number, false, /*right=*/true).item<int64_t>();
  return std::min(id, weights.nonzero().max().item<int64_t>());
}

/// p and q in any floating type; rows of p that are all NaN are an error where they are looked at.
/// `right` becomes the number of proposals accepted.
Tokens verify_any(const torch::Tensor& p, const torch::Tensor& q, const Tokens& proposals,
                  int64_t eos, const Uniform& uniform, int64_t& right) {
  right = 0;
  const int64_t k = int64_t(proposals.size());
  const auto looked_at = [&](int64_t i) {
    const torch::Tensor row = p.select(0, i);
    if (row.isnan().any().item<bool>()) throw std::domain_error("logits");
    return row;
  };
  const torch::Tensor index = as_tensor(proposals).unsqueeze(-1);
  const torch::Tensor px = p.slice(0, 0, k).gather(-1, index).to(torch::kFloat64);
  const torch::Tensor qx = q.gather(-1, index).to(torch::kFloat64);
  for (int64_t i = 0; i < k; ++i) {
    const torch::Tensor row = looked_at(i);
    const double u = uniform();
    if ((qx[i] * u < px[i]).item<bool>()) {
      right++;
      if (proposals[size_t(i)] == eos) return {proposals.begin(), proposals.begin() + i + 1};
      continue;
    }
    const torch::Tensor lack = (row - q.select(0, i)).relu();
    const bool none = lack.count_nonzero().item<int64_t>() == 0;
    Tokens tokens(proposals.begin(), proposals.begin() + i);
    tokens.push_back(inverse_cdf(none ? row : lack, uniform()));
    return tokens;
  }
  Tokens tokens = proposals;
  tokens.push_back(inverse_cdf(looked_at(k), uniform()));
  return tokens;
}

Tokens verify(const torch::Tensor& p, const torch::Tensor& q, const Tokens& proposals, int64_t eos,
              const Uniform& uniform) {
  int64_t right = 0;
  return verify_any(p, q, proposals, eos, uniform, right);
}

Tokens speculative_sample(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                          int64_t draft_length, int64_t max_new_tokens, int64_t eos,
                          const Uniform& uniform) {
  require_arguments(prompt, draft_length, max_new_tokens);
  Tokens all = prompt;
  int64_t sure = int64_t(prompt.size()), in_target = 0, in_draft = 0;
  const auto found = [&] { return sure - int64_t(prompt.size()); };
  for (bool ended = false; !ended && found() < max_new_tokens;) {
    const int64_t most = std::min(draft_length, max_new_tokens - found() - 1);
    std::vector<torch::Tensor> rows;  // softmax makes tensors of its own
    for (bool stop = false; int64_t(rows.size()) < most && !stop;) {
      const torch::Tensor logits = draft.forward(rest_of(all, in_draft)).slice(0, -1);
      in_draft = int64_t(all.size());
      insist(usable(logits), 1);
      rows.push_back(logits.softmax(-1));
      all.push_back(inverse_cdf(rows.back()[0], uniform()));
      stop = all.back() == eos;
    }
    const int64_t k = int64_t(rows.size());
    const torch::Tensor p = target.forward(rest_of(all, in_target)).slice(0, -(k + 1)).softmax(-1);
    in_target = int64_t(all.size());
    const torch::Tensor q = k == 0 ? p.slice(0, 0, 0) : torch::cat(rows);
    const Tokens proposals = rest_of(all, sure);
    int64_t right = 0;
    const Tokens tokens = verify_any(p, q, proposals, eos, uniform, right);
    all.resize(size_t(sure));
    all.insert(all.end(), tokens.begin(), tokens.end());
    const int64_t kept = sure + right;
    if (in_target > kept) target.rollback(in_target = kept);
    if (in_draft > kept) draft.rollback(in_draft = kept);
    sure = int64_t(all.size());
    ended = all.back() == eos;
  }
  return rest_of(all, int64_t(prompt.size()));
}

}  // namespace kata
