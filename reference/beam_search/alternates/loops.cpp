// Plain loops: each next best candidate is looked for anew, in a table of marks.
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

// level 1
#include "level1.h"

namespace kata {
namespace {

const double kNever = -std::numeric_limits<double>::infinity();

/// Adds log p(id) to `base` for each id of a row that starts at `x`.
std::vector<double> row_of_sums(const float* x, int64_t stride, int64_t n, double base) {
  double top = kNever;
  for (int64_t i = 0; i < n; ++i) {
    if (x[i * stride] != x[i * stride]) throw std::domain_error("not a number");
    if (x[i * stride] > top) top = x[i * stride];
  }
  if (top == kNever) throw std::domain_error("no token is possible");
  double z = 0;
  for (int64_t i = 0; i < n; ++i) z += std::exp(x[i * stride] - top);
  std::vector<double> sums(static_cast<std::size_t>(n), kNever);
  for (int64_t i = 0; i < n; ++i) {
    if (x[i * stride] > kNever) {
      sums[static_cast<std::size_t>(i)] = base + (x[i * stride] - top - std::log(z));
    }
  }
  return sums;
}

/// A cell of a ragged table of sums; taking one marks it.
struct Cell {
  std::size_t row = 0, column = 0;
  double sum = kNever;
};

Cell take_best(std::vector<std::vector<double>>& table) {
  Cell best;
  for (std::size_t r = 0; r < table.size(); ++r) {
    for (std::size_t c = 0; c < table[r].size(); ++c) {
      if (table[r][c] > best.sum) best = {r, c, table[r][c]};
    }
  }
  if (best.sum > kNever) table[best.row][best.column] = kNever;
  return best;
}

}  // namespace

std::vector<Hypothesis> beam_search(Model& model, const Tokens& prompt, int64_t width,
                                    int64_t max_new_tokens, int64_t eos) {
  if (prompt.empty()) throw std::invalid_argument("empty prompt");
  if (width <= 0) throw std::invalid_argument("width");
  if (max_new_tokens < 0) throw std::invalid_argument("max_new_tokens");

  std::vector<Hypothesis> beam = {Hypothesis{}};
  int64_t live = 1;
  for (int64_t step = 0; step != max_new_tokens && live > 0; ++step) {
    std::vector<std::vector<double>> table;
    std::vector<bool> ended;
    for (const Hypothesis& h : beam) {
      ended.push_back(!h.tokens.empty() && h.tokens[h.tokens.size() - 1] == eos);
      if (ended.back()) {
        table.push_back({h.score});
        continue;
      }
      Tokens text;
      for (const int64_t t : prompt) text.push_back(t);
      for (const int64_t t : h.tokens) text.push_back(t);
      const torch::Tensor y = model.forward(text);
      const float* last = y.data_ptr<float>() + (y.size(0) - 1) * y.stride(0);
      table.push_back(row_of_sums(last, y.stride(1), y.size(1), h.score));
    }
    std::vector<Hypothesis> next;
    live = 0;
    while (static_cast<int64_t>(next.size()) < width) {
      const Cell cell = take_best(table);
      if (cell.sum == kNever) break;
      Hypothesis h = beam[cell.row];
      if (!ended[cell.row]) {
        h.tokens.push_back(static_cast<int64_t>(cell.column));
        if (h.tokens.back() != eos) ++live;
      }
      h.score = cell.sum;
      next.push_back(h);
    }
    beam = next;
  }
  return beam;
}

}  // namespace kata

// level 2
#include "level2.h"

namespace kata {

std::vector<Hypothesis> beam_search_cached(CachedModel& model, const Tokens& prompt,
                                           const BeamOptions& options) {
  const double alpha = options.length_penalty;
  if (prompt.empty()) throw std::invalid_argument("empty prompt");
  if (options.width <= 0) throw std::invalid_argument("width");
  if (options.max_new_tokens < 0) throw std::invalid_argument("max_new_tokens");
  if (alpha - alpha != 0) throw std::invalid_argument("length_penalty");

  // Inserted where they belong, behind all that are as good: no sort at the end.
  std::vector<Hypothesis> ranking;
  int64_t finished = 0;
  const auto insert = [&](const Hypothesis& h) {
    Hypothesis own = h;
    const double length = static_cast<double>(h.tokens.size());
    if (length > 0) own.score = h.score * std::pow(length, -alpha);
    std::size_t place = 0;
    while (place < ranking.size() && ranking[place].score >= own.score) ++place;
    ranking.insert(ranking.begin() + static_cast<std::ptrdiff_t>(place), own);
  };

  std::vector<Hypothesis> live = {Hypothesis{}};
  std::vector<int64_t> origin = {0};
  std::size_t rows = 1;  // of the cache
  for (int64_t step = 0; step != options.max_new_tokens; ++step) {
    if (finished >= options.width || live.empty()) break;
    std::vector<Tokens> feed;
    bool moves = origin.size() != rows;  // a reorder that changes nothing is left out
    for (std::size_t i = 0; i < live.size(); ++i) {
      feed.push_back(step == 0 ? prompt : Tokens{live[i].tokens.back()});
      moves = moves || origin[i] != static_cast<int64_t>(i);
    }
    if (step > 0 && moves) model.reorder(origin);
    rows = live.size();
    const torch::Tensor y = model.forward(feed);
    std::vector<std::vector<double>> table;
    for (std::size_t i = 0; i < live.size(); ++i) {
      const float* row = y.data_ptr<float>() + static_cast<int64_t>(i) * y.stride(0);
      table.push_back(row_of_sums(row, y.stride(1), y.size(1), live[i].score));
    }
    std::vector<Hypothesis> next;
    origin.clear();
    for (int64_t rank = 0; static_cast<int64_t>(next.size()) < options.width; ++rank) {
      const Cell cell = take_best(table);
      if (cell.sum == kNever) break;
      Hypothesis h = live[cell.row];
      h.tokens.push_back(static_cast<int64_t>(cell.column));
      h.score = cell.sum;
      if (h.tokens.back() != options.eos) {
        next.push_back(h);
        origin.push_back(static_cast<int64_t>(cell.row));
      } else if (rank < options.width) {
        insert(h);
        ++finished;
      }
    }
    live = next;
  }
  if (finished < options.width) {
    for (const Hypothesis& h : live) insert(h);
  }
  while (static_cast<int64_t>(ranking.size()) > options.width) ranking.pop_back();
  return ranking;
}

}  // namespace kata
