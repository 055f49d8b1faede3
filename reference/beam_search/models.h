#pragma once

// What the checks' models say, and the memory in which an attempt sees it.

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "oracle.h"
#include "support/logits.h"
#include "support/report.h"

namespace models {

using logits::kMinusInfinity;
using logits::kNaN;
using logits::Random;
using oracle::Next;
using oracle::Row;
using oracle::Tokens;

/// A model and how a message describes it.
struct Model {
  Next next;
  std::string description;
};

struct Hashed {
  std::uint64_t key;
  std::int64_t vocabulary;
  double spread = 2;  // logits lie between −spread and spread
  std::int64_t favoured = -1;
  double favour = 0;  // what is added to the logit of the favoured id
};

/// Logits that depend on every token of the history, and on their order.
inline Model hashed(const Hashed& h) {
  const Next next = [h](const Tokens& history) {
    Row row = logits::hashed_row(h.key, history, h.vocabulary, h.spread);
    if (h.favoured >= 0 && h.favoured < h.vocabulary)
      row[static_cast<std::size_t>(h.favoured)] += static_cast<float>(h.favour);
    return row;
  };
  return {next, "its logits depend on all tokens; V = " + std::to_string(h.vocabulary)};
}

/// A large vocabulary in which ten ids, anywhere, stand out after every history: with logits spread
/// evenly over so many ids the best ones would lie too near each other.
inline Model peaked(std::uint64_t key, std::int64_t vocabulary) {
  const Next values = hashed({key, 20}).next;
  const Next next = [=](const Tokens& history) {
    Row row(static_cast<std::size_t>(vocabulary), -6);
    const Row random = values(history);
    for (std::size_t i = 0; i < 10; ++i) {
      const double place = (random[i] + 2) / 4 * static_cast<double>(vocabulary - 1);
      row[static_cast<std::size_t>(place)] = 2 * random[10 + i];
    }
    return row;
  };
  return {next,
          "ten logits above -6, which depend on all tokens; V = " + std::to_string(vocabulary)};
}

/// After every history two ids, which depend on it, have probability 1/2, and all others 0: the
/// scores of all that are equally long tie.
inline Model coins(std::uint64_t key, std::int64_t vocabulary) {
  const Next order = hashed({key, vocabulary}).next;
  const Next next = [=](const Tokens& history) {
    const Row random = order(history);
    Row sorted = random;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    Row row;
    for (const float value : random) row.push_back(value >= sorted[1] ? 0 : kMinusInfinity);
    return row;
  };
  return {next, "two ids follow, which depend on all tokens, with probability 1/2 each; V = " +
                    std::to_string(vocabulary)};
}

/// Logits whose softmax these probabilities are; −∞ for 0.
inline Row logarithms(const std::vector<double>& probabilities) {
  Row row;
  for (const double p : probabilities) row.push_back(static_cast<float>(std::log(p)));
  return row;
}

/// Probabilities of the next id by the history's last token.
inline Model by_last_token(const std::vector<std::vector<double>>& table) {
  std::string description = "probabilities of the next id";
  std::vector<Row> rows;
  for (std::size_t id = 0; id < table.size(); ++id) {
    description += "\n    after " + std::to_string(id) + ": " + report::text(table[id]);
    rows.push_back(logarithms(table[id]));
  }
  return {
      [rows](const Tokens& history) { return rows.at(static_cast<std::size_t>(history.back())); },
      description};
}

/// Probabilities by the new tokens, which begin after `prompt`; `otherwise` where none are given.
inline Model tree(const Tokens& prompt, const std::map<Tokens, std::vector<double>>& branches,
                  const std::vector<double>& otherwise) {
  std::string description = "probabilities of the next id";
  std::map<Tokens, Row> rows;
  for (const auto& [tokens, probabilities] : branches) {
    description += "\n    new tokens " + report::text(tokens) + ": " + report::text(probabilities);
    rows[tokens] = logarithms(probabilities);
  }
  description += "\n    any others: " + report::text(otherwise);
  const Row rest = logarithms(otherwise);
  const auto begin = static_cast<std::ptrdiff_t>(prompt.size());
  return {[=](const Tokens& history) {
            if (static_cast<std::ptrdiff_t>(history.size()) < begin) return rest;
            const auto found = rows.find(Tokens(history.begin() + begin, history.end()));
            return found == rows.end() ? rest : found->second;
          },
          description};
}

/// Logits by the number of new tokens alone; the last row again and again.
inline Model by_step(const Tokens& prompt, std::vector<Row> rows, const std::string& told = "") {
  std::string description = told;
  for (std::size_t step = 0; told.empty() && step < rows.size(); ++step) {
    description += (step == 0 ? "" : "\n    ") + ("logits at step " + std::to_string(step)) + ": " +
                   report::text(rows[step]);
  }
  const std::size_t begin = prompt.size();
  return {[rows = std::move(rows), begin](const Tokens& history) {
            const std::size_t step = std::max(history.size(), begin) - begin;
            return rows[std::min(step, rows.size() - 1)];
          },
          description};
}

/// A tensor (n, V) that a model hands out, and whether it was changed. Not contiguous, if asked:
/// then each entry has a NaN beside it, in memory that is not part of the tensor.
class Memory {
 public:
  explicit Memory(bool contiguous) : stride_(contiguous ? 1 : 2) {}

  /// All rows one after the other.
  torch::Tensor show(const std::vector<float>& entries, std::size_t vocabulary) {
    const auto columns = static_cast<std::int64_t>(vocabulary) * stride_;
    const auto rows = static_cast<std::int64_t>(entries.size() / vocabulary);
    shown_.assign(entries.size() * static_cast<std::size_t>(stride_), kNaN);
    const auto stride = static_cast<std::size_t>(stride_);
    for (std::size_t i = 0; i < entries.size(); ++i) shown_[i * stride] = entries[i];
    whole_ = torch::empty({rows, columns}, torch::kFloat32);
    std::memcpy(whole_.data_ptr<float>(), shown_.data(), shown_.size() * sizeof(float));
    return stride_ == 1 ? whole_ : whole_.slice(/*dim=*/1, 0, columns, stride_);
  }

  /// What was shown must be as it was (bit for bit, NaN included); then it is overwritten.
  void overwrite() {
    if (!whole_.defined()) return;
    float* entries = whole_.data_ptr<float>();
    changed_ = changed_ || std::memcmp(entries, shown_.data(), shown_.size() * sizeof(float)) != 0;
    std::fill(entries, entries + shown_.size(), kNaN);
    whole_ = torch::Tensor();
  }

  bool was_changed() const { return changed_; }

 private:
  std::int64_t stride_;
  bool changed_ = false;
  std::vector<float> shown_;
  torch::Tensor whole_;
};

}  // namespace models
