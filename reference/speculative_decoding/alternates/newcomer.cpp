#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// Row i of a float tensor, copied: a model's logits do not outlive its next call.
std::vector<double> row_of(const torch::Tensor& table, std::int64_t i) {
  const torch::Tensor row = table.select(0, i).to(torch::kFloat64).contiguous();
  const double* data = row.const_data_ptr<double>();
  return {data, data + row.numel()};
}

// The id of the largest logit, the lowest of equals; throws for a row that cannot decide.
std::int64_t best_id(const std::vector<double>& logits) {
  if (std::any_of(logits.begin(), logits.end(), [](double x) { return std::isnan(x); })) {
    throw std::domain_error("logits: NaN in a row that decides");
  }
  const auto best = std::max_element(logits.begin(), logits.end());  // the first of equals
  if (best == logits.end() || *best == kMinusInfinity) {
    throw std::domain_error("logits: no id is possible in a row that decides");
  }
  return best - logits.begin();
}

// A model and how much of the text its cache holds.
class Reader {
 public:
  explicit Reader(CachedModel& model) : model_(model) {}

  // Feeds what the cache lacks of `text`; row i of the result belongs to the i-th token fed.
  torch::Tensor read(const Tokens& text) {
    const Tokens missing(text.begin() + held_, text.end());
    held_ = static_cast<std::int64_t>(text.size());
    return model_.forward(missing);
  }

  void keep(std::int64_t length) {
    if (held_ > length) {
      model_.rollback(length);
      held_ = length;
    }
  }

 private:
  CachedModel& model_;
  std::int64_t held_ = 0;
};

// What became of a round's proposals: how many were accepted, and the token found after them.
struct Verdict {
  std::int64_t accepted = 0;
  std::optional<std::int64_t> token;  // none after an accepted EOS
};

// The rounds of both levels.
// propose(row) → token, from the draft's logits for the next place.
// judge(rows, first, proposals) → Verdict; row first + i of the target's logits judges
// proposals[i], row first + k is for the bonus.
template <class Propose, class Judge>
Tokens speculate(CachedModel& target_model, CachedModel& draft_model, const Tokens& prompt,
                 std::int64_t draft_length, std::int64_t max_new_tokens, std::int64_t eos,
                 Propose propose, Judge judge) {
  if (prompt.empty() || draft_length < 0 || max_new_tokens < 0) {
    throw std::invalid_argument("speculative decoding: empty prompt or negative length");
  }
  Reader target(target_model);
  Reader draft(draft_model);
  Tokens text = prompt;  // prompt, new tokens and, within a round, its proposals

  std::int64_t found = 0;
  bool ended = false;
  while (!ended && found < max_new_tokens) {
    const auto settled = static_cast<std::int64_t>(text.size());
    const std::int64_t k = std::min(draft_length, max_new_tokens - found - 1);

    Tokens proposals;
    while (static_cast<std::int64_t>(proposals.size()) < k &&
           (proposals.empty() || proposals.back() != eos)) {
      const torch::Tensor logits = draft.read(text);
      proposals.push_back(propose(row_of(logits, logits.size(0) - 1)));
      text.push_back(proposals.back());
    }

    const torch::Tensor logits = target.read(text);
    const auto proposed = static_cast<std::int64_t>(proposals.size());
    const Verdict verdict = judge(logits, logits.size(0) - 1 - proposed, proposals);

    const std::int64_t kept = settled + verdict.accepted;
    target.keep(kept);
    draft.keep(kept);
    text.resize(static_cast<std::size_t>(kept));
    if (verdict.token) text.push_back(*verdict.token);
    found += verdict.accepted + (verdict.token ? 1 : 0);
    ended = text.back() == eos;
  }
  return Tokens(text.begin() + static_cast<std::ptrdiff_t>(prompt.size()), text.end());
}

}  // namespace

Tokens speculative_greedy(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                          std::int64_t draft_length, std::int64_t max_new_tokens,
                          std::int64_t eos) {
  const auto judge = [eos](const torch::Tensor& rows, std::int64_t first,
                           const Tokens& proposals) -> Verdict {
    const auto k = static_cast<std::int64_t>(proposals.size());
    for (std::int64_t i = 0; i < k; ++i) {
      const std::int64_t choice = best_id(row_of(rows, first + i));
      if (choice != proposals[i]) return {i, choice};
      if (choice == eos) return {i + 1, std::nullopt};
    }
    return {k, best_id(row_of(rows, first + k))};
  };
  return speculate(target, draft, prompt, draft_length, max_new_tokens, eos, best_id, judge);
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {
namespace {

// The smallest id whose cumulative probability exceeds u; the last possible one if rounding leaves
// the total at or below u.
std::int64_t draw(const std::vector<double>& probabilities, double u) {
  std::int64_t last = 0;
  double cumulative = 0;
  for (std::size_t id = 0; id < probabilities.size(); ++id) {
    if (!(probabilities[id] > 0)) continue;
    last = static_cast<std::int64_t>(id);
    cumulative += probabilities[id];
    if (cumulative > u) break;
  }
  return last;
}

std::vector<double> softmax(std::vector<double> logits) {
  const double largest = logits[static_cast<std::size_t>(best_id(logits))];  // checks the row, too
  double total = 0;
  for (double& x : logits) total += x = std::exp(x - largest);
  for (double& x : logits) x /= total;
  return logits;
}

// max(p − q, 0), renormalised; p where that is 0 throughout.
std::vector<double> residual(const std::vector<double>& p, const std::vector<double>& q) {
  std::vector<double> rest(p.size());
  std::transform(p.begin(), p.end(), q.begin(), rest.begin(),
                 [](double a, double b) { return std::max(a - b, 0.0); });
  const double total = std::accumulate(rest.begin(), rest.end(), 0.0);
  if (total <= 0) return p;
  for (double& x : rest) x /= total;
  return rest;
}

// p_row(i) and q_row(i) give row i; they are asked only for rows that are looked at.
template <class PRow, class QRow>
Verdict judge_by_rejection(PRow p_row, QRow q_row, const Tokens& proposals, std::int64_t eos,
                           const Uniform& uniform) {
  const auto k = static_cast<std::int64_t>(proposals.size());
  for (std::int64_t i = 0; i < k; ++i) {
    const std::vector<double> p = p_row(i);
    const std::vector<double> q = q_row(i);
    const std::int64_t x = proposals[i];
    const double u = uniform();
    const bool accepted = u * q[x] < p[x];
    if (!accepted) return {i, draw(residual(p, q), uniform())};
    if (x == eos) return {i + 1, std::nullopt};
  }
  return {k, draw(p_row(k), uniform())};
}

}  // namespace

Tokens verify(const torch::Tensor& p, const torch::Tensor& q, const Tokens& proposals,
              std::int64_t eos, const Uniform& uniform) {
  const Verdict verdict =
      judge_by_rejection([&](std::int64_t i) { return row_of(p, i); },
                         [&](std::int64_t i) { return row_of(q, i); }, proposals, eos, uniform);
  Tokens result(proposals.begin(), proposals.begin() + verdict.accepted);
  if (verdict.token) result.push_back(*verdict.token);
  return result;
}

Tokens speculative_sample(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                          std::int64_t draft_length, std::int64_t max_new_tokens, std::int64_t eos,
                          const Uniform& uniform) {
  std::vector<std::vector<double>> q;  // of this round's proposals
  const auto propose = [&](const std::vector<double>& logits) {
    q.push_back(softmax(logits));
    return draw(q.back(), uniform());
  };
  const auto judge = [&](const torch::Tensor& rows, std::int64_t first, const Tokens& proposals) {
    const Verdict verdict = judge_by_rejection(
        [&](std::int64_t i) { return softmax(row_of(rows, first + i)); },
        [&](std::int64_t i) { return q[static_cast<std::size_t>(i)]; }, proposals, eos, uniform);
    q.clear();
    return verdict;
  };
  return speculate(target, draft, prompt, draft_length, max_new_tokens, eos, propose, judge);
}

}  // namespace kata
