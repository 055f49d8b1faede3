#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "sampling/rungs.h"

namespace unaided::bench::sampling {
namespace {

/// How many ids stay, where weights descend.
std::size_t kept(const std::vector<double>& weights, const Filters& filters) {
  std::size_t count = weights.size();
  if (filters.top_k > 0 && static_cast<std::size_t>(filters.top_k) < count) {
    count = static_cast<std::size_t>(filters.top_k);
    while (count < weights.size() && weights[count] == weights[count - 1]) ++count;
  }
  if (filters.top_p < 1) {
    const auto end = weights.begin() + static_cast<std::ptrdiff_t>(count);
    const double target = filters.top_p * std::accumulate(weights.begin(), end, 0.0);
    double cumulative = 0;
    std::size_t needed = 0;
    while (needed < count && cumulative < target) cumulative += weights[needed++];
    count = needed;
  }
  while (count > 1 && weights[count - 1] < filters.min_p * weights[0]) --count;
  return count;
}

}  // namespace

std::int64_t naive(const float* logits, std::int64_t vocabulary, const Filters& filters, double u) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(vocabulary));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [logits](std::int64_t a, std::int64_t b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
  });

  std::vector<double> weights;
  for (const std::int64_t id : order) {
    weights.push_back(std::exp(double{logits[id]} - logits[order[0]]));
  }
  const std::size_t count = kept(weights, filters);

  std::vector<double> left(order.size(), 0.0);  // by id
  double total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    left[static_cast<std::size_t>(order[i])] = weights[i];
    total += weights[i];
  }
  double cumulative = 0;
  std::int64_t last = 0;
  for (std::size_t id = 0; id < left.size(); ++id) {
    if (left[id] == 0) continue;
    cumulative += left[id];
    last = static_cast<std::int64_t>(id);
    if (cumulative > u * total) break;
  }
  return last;
}

}  // namespace unaided::bench::sampling
