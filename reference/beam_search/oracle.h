#pragma once

// What the checks expect, in float64 and in their own code: both searches, all sequences of a tiny
// model, and how clear the decisions on the way were.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

namespace oracle {

using Row = std::vector<float>;
using Tokens = std::vector<std::int64_t>;

/// The logits after this history: prompt and new tokens.
using Next = std::function<Row(const Tokens& history)>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kToldSteps = 5;

struct Settings {
  std::int64_t width = 1, max_new_tokens = 0, eos = -1;
  double length_penalty = 0;  // level 2
};

struct Scored {
  Tokens tokens;
  double score = 0;
};

/// What the model sees at one step of level 2.
struct Step {
  std::vector<std::int64_t> parents;
  std::vector<Tokens> fed;
};

struct Search {
  std::vector<Scored> result;
  std::vector<Tokens> calls;  // level 1
  std::vector<Step> steps;    // level 2
  /// The nearest decision between two scores that are not equal, as a multiple of the distance
  /// that the contract promises. Below 1 an answer in float32 may rightly be another one.
  double margin = kInfinity;
  /// The beam after each of the first steps; in level 2 the live ones and those set aside.
  std::vector<std::vector<Scored>> beams, set_aside;
};

inline std::vector<double> log_softmax(const Row& logits) {
  const double peak = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - peak);
  std::vector<double> result;
  for (const float logit : logits) result.push_back(logit - peak - std::log(sum));
  return result;
}

inline Tokens joined(Tokens tokens, const Tokens& more) {
  tokens.insert(tokens.end(), more.begin(), more.end());
  return tokens;
}

inline void note_gap(double better, double worse, double& margin) {
  if (better == worse) return;
  margin = std::min(margin, (better - worse) / (1e-4 * (1 + std::abs(better))));
}

/// A candidate, in an order in which the smaller one is better.
using Candidate = std::tuple<double, std::size_t, std::int64_t>;  // −log_prob, place, id or −1

/// Its score, not −0.
inline double score_of(const Candidate& c) {
  return 0 - std::get<0>(c);
}

inline void add_extensions(std::vector<Candidate>& all, const Next& next, const Tokens& history,
                           double score, std::size_t place) {
  const std::vector<double> steps = log_softmax(next(history));
  for (std::size_t id = 0; id < steps.size(); ++id) {
    if (steps[id] == -kInfinity) continue;
    all.emplace_back(-(score + steps[id]), place, static_cast<std::int64_t>(id));
  }
}

/// Sorts the best of them to the front.
inline void rank(std::vector<Candidate>& all, std::uint64_t best) {
  const auto count = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(best, all.size()));
  std::partial_sort(all.begin(), all.begin() + count, all.end());
}

inline bool ends_in(const Tokens& tokens, std::int64_t eos) {
  return !tokens.empty() && tokens.back() == eos;
}

/// Level 1.
inline Search search(const Next& next, const Tokens& prompt, const Settings& s) {
  Search out;
  std::vector<Scored> beam(1);
  const auto is_live = [&](const Scored& h) { return !ends_in(h.tokens, s.eos); };
  for (std::int64_t step = 0; step < s.max_new_tokens; ++step) {
    if (std::none_of(beam.begin(), beam.end(), is_live)) break;
    std::vector<Candidate> all;
    for (std::size_t place = 0; place < beam.size(); ++place) {
      if (is_live(beam[place])) {
        out.calls.push_back(joined(prompt, beam[place].tokens));
        add_extensions(all, next, out.calls.back(), beam[place].score, place);
      } else {
        all.emplace_back(-beam[place].score, place, -1);
      }
    }
    const auto width = static_cast<std::uint64_t>(s.width);
    rank(all, width + 1);
    std::vector<Scored> chosen;
    for (std::size_t i = 0; i < all.size() && i < width; ++i) {
      const auto [negative, place, id] = all[i];
      chosen.push_back({beam[place].tokens, score_of(all[i])});
      if (id >= 0) chosen.back().tokens.push_back(id);
      if (i + 1 < all.size()) note_gap(score_of(all[i]), score_of(all[i + 1]), out.margin);
    }
    beam = std::move(chosen);
    if (out.beams.size() < kToldSteps) out.beams.push_back(beam);
  }
  out.result = beam;
  return out;
}

inline double penalised(double log_prob, std::size_t length, double alpha) {
  return length == 0 ? 0 : log_prob * std::pow(static_cast<double>(length), -alpha);
}

/// Best first, and the gaps between those that matter.
inline void sort_by_score(std::vector<Scored>& all, std::uint64_t width, double& margin) {
  std::stable_sort(all.begin(), all.end(),
                   [](const Scored& a, const Scored& b) { return a.score > b.score; });
  for (std::size_t i = 0; i + 1 < all.size() && i < width; ++i) {
    note_gap(all[i].score, all[i + 1].score, margin);
  }
  if (all.size() > width) all.resize(width);
}

/// Level 2.
inline Search cached_search(const Next& next, const Tokens& prompt, const Settings& s) {
  Search out;
  std::vector<Scored> live(1), done;
  Step now{{0}, {prompt}};
  const auto width = static_cast<std::uint64_t>(s.width);
  for (std::int64_t step = 0; step < s.max_new_tokens; ++step) {
    out.steps.push_back(now);
    std::vector<Candidate> all;
    for (std::size_t row = 0; row < live.size(); ++row) {
      add_extensions(all, next, joined(prompt, live[row].tokens), live[row].score, row);
    }
    rank(all, width + live.size() + 1);
    now = {};
    std::vector<Scored> following;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i >= width && following.size() == width) break;
      const auto [negative, row, id] = all[i];
      const double log_prob = score_of(all[i]);
      if (i + 1 < all.size()) note_gap(log_prob, score_of(all[i + 1]), out.margin);
      Tokens tokens = joined(live[row].tokens, {id});
      if (id == s.eos && i < width) {
        done.push_back({tokens, penalised(log_prob, tokens.size(), s.length_penalty)});
      } else if (id != s.eos && following.size() < width) {
        following.push_back({std::move(tokens), log_prob});
        now.parents.push_back(static_cast<std::int64_t>(row));
        now.fed.push_back({id});
      }
    }
    live = std::move(following);
    if (out.beams.size() < kToldSteps) out.beams.push_back(live), out.set_aside.push_back(done);
    if (done.size() >= width || live.empty()) break;
  }
  if (done.size() < width) {
    for (const Scored& h : live) {
      done.push_back({h.tokens, penalised(h.score, h.tokens.size(), s.length_penalty)});
    }
  }
  sort_by_score(done, width, out.margin);
  out.result = done;
  return out;
}

/// Every sequence that ends in EOS or has max_new_tokens, with its score: no search at all.
inline void enumerate(const Next& next, const Tokens& prompt, const Settings& s, const Scored& from,
                      std::vector<Scored>& all) {
  const std::size_t length = from.tokens.size();
  if (ends_in(from.tokens, s.eos) || static_cast<std::int64_t>(length) == s.max_new_tokens) {
    all.push_back({from.tokens, penalised(from.score, length, s.length_penalty)});
    return;
  }
  const std::vector<double> steps = log_softmax(next(joined(prompt, from.tokens)));
  for (std::size_t id = 0; id < steps.size(); ++id) {
    const Tokens tokens = joined(from.tokens, {static_cast<std::int64_t>(id)});
    enumerate(next, prompt, s, {tokens, from.score + steps[id]}, all);
  }
}

}  // namespace oracle
