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
#include "support/probe.h"
#include "support/report.h"

namespace models {

using oracle::Next;
using oracle::Row;
using oracle::Tokens;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// A model and how a message describes it.
struct Model {
  Next next;
  std::string description;
};

/// Numbers for the cases of one check: the same again for the same seed.
class Random {
 public:
  Random() : generator_(support::seeded_generator()) {}

  double between(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(generator_);
  }
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(generator_);
  }
  std::uint64_t key() { return generator_(); }
  Tokens tokens(std::int64_t count, std::int64_t vocabulary) {
    Tokens tokens;
    for (std::int64_t i = 0; i < count; ++i) tokens.push_back(integer(0, vocabulary - 1));
    return tokens;
  }

 private:
  std::mt19937_64 generator_;
};

inline std::uint64_t mix(std::uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

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
    std::uint64_t state = mix(h.key);
    for (const std::int64_t token : history) {
      state = mix(state ^ static_cast<std::uint64_t>(token));
    }
    Row row;
    for (std::int64_t id = 0; id < h.vocabulary; ++id) {
      state = mix(state);
      const double unit = std::ldexp(static_cast<double>(state >> 11), -52) - 1;
      row.push_back(static_cast<float>(h.spread * unit + (id == h.favoured ? h.favour : 0)));
    }
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
