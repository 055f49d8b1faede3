// Plain loops over accessors, and no model of a cache: what each model is fed next is kept as a
// list that grows by tokens it has not seen and is emptied by a call.
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {

void refuse_nonsense(const float* row, int64_t stride, int64_t vocabulary) {
  bool finite = false;
  for (int64_t id = 0; id < vocabulary; id++) {
    const float logit = row[id * stride];
    if (logit != logit) throw std::domain_error("NaN");
    if (!std::isinf(logit)) finite = true;
  }
  if (!finite) throw std::domain_error("no finite logit");
}

int64_t best_id(const torch::Tensor& logits, int64_t row) {
  const float* begin = logits.data_ptr<float>() + row * logits.stride(0);
  const int64_t stride = logits.stride(1), vocabulary = logits.size(1);
  refuse_nonsense(begin, stride, vocabulary);
  int64_t best = 0;
  for (int64_t id = 1; id < vocabulary; id++) {
    if (begin[id * stride] > begin[best * stride]) best = id;
  }
  return best;
}

void refuse_arguments(const Tokens& prompt, int64_t draft_length, int64_t max_new_tokens) {
  if (prompt.empty()) throw std::invalid_argument("prompt");
  if (draft_length < 0) throw std::invalid_argument("draft_length");
  if (max_new_tokens < 0) throw std::invalid_argument("max_new_tokens");
}

Tokens speculative_greedy(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                          int64_t draft_length, int64_t max_new_tokens, int64_t eos) {
  refuse_arguments(prompt, draft_length, max_new_tokens);
  Tokens output, for_target = prompt, for_draft = prompt;
  int64_t length = int64_t(prompt.size());  // of prompt and output
  while (int64_t(output.size()) < max_new_tokens) {
    const int64_t room = max_new_tokens - int64_t(output.size()) - 1;
    Tokens proposals;
    while (int64_t(proposals.size()) < room && int64_t(proposals.size()) < draft_length) {
      const torch::Tensor logits = draft.forward(for_draft);
      const int64_t guess = best_id(logits, logits.size(0) - 1);
      for_draft.assign(1, guess);
      for_target.push_back(guess);
      proposals.push_back(guess);
      if (guess == eos) break;
    }
    const torch::Tensor logits = target.forward(for_target);
    int64_t row = int64_t(for_target.size() - proposals.size()) - 1;
    size_t accepted = 0;
    int64_t token = best_id(logits, row);
    while (accepted < proposals.size() && token == proposals[accepted]) {
      output.push_back(token);
      accepted++;
      if (token == eos) break;
      token = best_id(logits, ++row);
    }
    length += int64_t(accepted);
    if (accepted < proposals.size()) {
      target.rollback(length);
      draft.rollback(length);
      for_draft.clear();
    }
    if (!output.empty() && output.back() == eos) break;
    output.push_back(token);
    length++;
    for_target.assign(1, token);
    for_draft.push_back(token);
    if (token == eos) break;
  }
  return output;
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

std::vector<double> softmax_row(const torch::Tensor& logits, int64_t row) {
  const float* begin = logits.data_ptr<float>() + row * logits.stride(0);
  const int64_t stride = logits.stride(1), vocabulary = logits.size(1);
  refuse_nonsense(begin, stride, vocabulary);
  float peak = begin[0];
  for (int64_t id = 1; id < vocabulary; id++) {
    if (begin[id * stride] > peak) peak = begin[id * stride];
  }
  std::vector<double> p(size_t(vocabulary), 0);
  double total = 0;
  for (int64_t id = 0; id < vocabulary; id++) {
    p[size_t(id)] = std::exp(double(begin[id * stride]) - double(peak));
    total += p[size_t(id)];
  }
  for (size_t id = 0; id < p.size(); id++) p[id] /= total;
  return p;
}

std::vector<double> plain_row(const torch::Tensor& matrix, int64_t row) {
  std::vector<double> p;
  for (int64_t id = 0; id < matrix.size(1); id++) {
    p.push_back(matrix.data_ptr<double>()[row * matrix.stride(0) + id * matrix.stride(1)]);
  }
  return p;
}

/// Takes u down by one weight after the other; the total is what u is a part of.
int64_t pick(const std::vector<double>& weights, double total, double u) {
  double below = 0;
  int64_t last = 0;
  for (size_t id = 0; id < weights.size(); id++) {
    if (weights[id] <= 0) continue;
    below += weights[id];
    last = int64_t(id);
    if (below > u * total) return last;
  }
  return last;
}

int64_t pick_lack(std::vector<double> p, const std::vector<double>& q, double u) {
  std::vector<double> lack = p;
  double total = 0, total_p = 0;
  for (size_t id = 0; id < p.size(); id++) {
    lack[id] = p[id] > q[id] ? p[id] - q[id] : 0;
    total += lack[id];
    total_p += p[id];
  }
  return total > 0 ? pick(lack, total, u) : pick(p, total_p, u);
}

double sum_of(const std::vector<double>& p) {
  double total = 0;
  for (size_t id = 0; id < p.size(); id++) total += p[id];
  return total;
}

Tokens verify(const torch::Tensor& p, const torch::Tensor& q, const Tokens& proposals, int64_t eos,
              const Uniform& uniform) {
  Tokens tokens;
  for (size_t i = 0; i < proposals.size(); i++) {
    const std::vector<double> pi = plain_row(p, int64_t(i)), qi = plain_row(q, int64_t(i));
    const size_t x = size_t(proposals[i]);
    const double u = uniform();
    const bool accepted = qi[x] > 0 ? u < pi[x] / qi[x] : pi[x] > 0;
    if (!accepted) {
      tokens.push_back(pick_lack(pi, qi, uniform()));
      return tokens;
    }
    tokens.push_back(proposals[i]);
    if (proposals[i] == eos) return tokens;
  }
  const std::vector<double> bonus = plain_row(p, int64_t(proposals.size()));
  tokens.push_back(pick(bonus, sum_of(bonus), uniform()));
  return tokens;
}

Tokens speculative_sample(CachedModel& target, CachedModel& draft, const Tokens& prompt,
                          int64_t draft_length, int64_t max_new_tokens, int64_t eos,
                          const Uniform& uniform) {
  refuse_arguments(prompt, draft_length, max_new_tokens);
  Tokens output, for_target = prompt, for_draft = prompt;
  int64_t length = int64_t(prompt.size());
  bool ended = false;
  while (!ended && int64_t(output.size()) < max_new_tokens) {
    const int64_t room = max_new_tokens - int64_t(output.size()) - 1;
    Tokens proposals;
    std::vector<std::vector<double>> q;
    while (int64_t(q.size()) < room && int64_t(q.size()) < draft_length) {
      const torch::Tensor logits = draft.forward(for_draft);
      q.push_back(softmax_row(logits, logits.size(0) - 1));
      const int64_t guess = pick(q.back(), 1, uniform());
      for_draft.assign(1, guess);
      for_target.push_back(guess);
      proposals.push_back(guess);
      if (guess == eos) break;
    }
    const torch::Tensor logits = target.forward(for_target);
    const int64_t first = int64_t(for_target.size() - proposals.size()) - 1;
    for_target.clear();
    bool rejected = false;
    for (size_t i = 0; i < proposals.size() && !rejected && !ended; i++) {
      const std::vector<double> p = softmax_row(logits, first + int64_t(i));
      const size_t x = size_t(proposals[i]);
      if (uniform() * q[i][x] < p[x]) {
        output.push_back(proposals[i]);
        length++;
        ended = proposals[i] == eos;
      } else {
        rejected = true;
        output.push_back(pick_lack(p, q[i], uniform()));
      }
    }
    if (ended) break;  // the proposal that was EOS is the last that was made
    if (rejected) {
      target.rollback(length);
      draft.rollback(length);
      for_draft.clear();
    } else {
      const std::vector<double> p = softmax_row(logits, first + int64_t(proposals.size()));
      output.push_back(pick(p, 1, uniform()));
    }
    length++;
    for_target.push_back(output.back());
    for_draft.push_back(output.back());
    ended = output.back() == eos;
  }
  return output;
}

}  // namespace kata
