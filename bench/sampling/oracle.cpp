#include "sampling/oracle.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace unaided::bench::sampling {
namespace {

constexpr double kDoubt = 2e-6;

/// The ids by descending logit, equal ones ascending.
std::vector<std::int64_t> ordered(const std::vector<float>& logits) {
  std::vector<std::int64_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&logits](std::int64_t a, std::int64_t b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x > y || (x == y && a < b);
  });
  return order;
}

std::size_t count_top_k(const std::vector<double>& weights, std::int64_t top_k) {
  std::size_t count = weights.size();
  if (top_k <= 0 || static_cast<std::size_t>(top_k) >= count) return count;
  count = static_cast<std::size_t>(top_k);
  while (count < weights.size() && weights[count] == weights[count - 1]) ++count;
  return count;
}

std::size_t count_top_p(const std::vector<double>& weights, std::size_t count, double top_p) {
  if (top_p >= 1) return count;
  const auto end = weights.begin() + static_cast<std::ptrdiff_t>(count);
  const double target = top_p * std::accumulate(weights.begin(), end, 0.0);
  double sum = 0;
  std::size_t kept = 0;
  while (kept < count && sum < target) sum += weights[kept++];
  return kept;
}

std::size_t count_min_p(const std::vector<double>& weights, std::size_t count, double min_p) {
  while (count > 0 && weights[count - 1] < min_p * weights[0]) --count;
  return count;
}

/// How many of the descending weights stay at least, and at most.
struct Kept {
  std::size_t least, most;
};

Kept count_kept(const std::vector<double>& weights, const Filters& filters) {
  const std::size_t top_k = count_top_k(weights, filters.top_k);
  Kept kept = {count_top_p(weights, top_k, filters.top_p - kDoubt),
               count_top_p(weights, top_k, filters.top_p >= 1 ? 1 : filters.top_p + kDoubt)};
  if (filters.top_p >= 1) kept.least = top_k;
  kept.least = count_min_p(weights, kept.least, filters.min_p * (1 + kDoubt));
  kept.most = count_min_p(weights, kept.most, filters.min_p * (1 - kDoubt));
  // Which of nearly equal ones stay depends on how their exponentials are rounded.
  const bool in_doubt = filters.top_p < 1 && kept.most < top_k &&
                        weights[kept.most] >= weights[kept.most - 1] * (1 - kDoubt) &&
                        weights[kept.most] != weights[kept.most - 1];  // those go by their ids
  if (in_doubt) {
    const double low = weights[kept.most - 1] * (1 - kDoubt);
    const double high = weights[kept.least - 1] * (1 + kDoubt);
    while (kept.most < top_k && weights[kept.most] >= low) ++kept.most;
    while (kept.least > 0 && weights[kept.least - 1] <= high) --kept.least;
  }
  return kept;
}

}  // namespace

double draw_error(const std::vector<float>& logits, const Filters& filters, double u,
                  std::int64_t id) {
  const std::vector<std::int64_t> order = ordered(logits);
  const auto logit = [&logits](std::int64_t of) { return logits[static_cast<std::size_t>(of)]; };
  std::vector<double> weights;
  for (const std::int64_t of : order) {
    weights.push_back(std::exp(double{logit(of)} - logit(order[0])));
  }
  const Kept kept = count_kept(weights, filters);

  double least_total = 0, most_total = 0, least_before = 0, most_through = 0;
  bool may_stay = false;
  for (std::size_t i = 0; i < kept.most; ++i) {
    const bool certain = i < kept.least;
    most_total += weights[i];
    if (certain) least_total += weights[i];
    if (certain && order[i] < id) least_before += weights[i];
    if (order[i] <= id) most_through += weights[i];
    may_stay = may_stay || order[i] == id;
  }
  if (!may_stay) return 1;
  const double begin = least_before / most_total;
  const double end = least_total > 0 ? most_through / least_total : 1;
  return std::max({0.0, begin - u, u - end});
}

}  // namespace unaided::bench::sampling
