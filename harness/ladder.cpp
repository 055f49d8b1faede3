#include "ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace unaided {

namespace {

constexpr std::uint64_t kSeed = 20261121;  // of the resampling: equal reports, equal verdicts
constexpr double kImpossible = 1.1;        // of the roofline, which is itself a measured figure

const std::vector<BenchSample>* samples_of(const BenchSeries& series, const std::string& name) {
  const auto found = series.samples.find(name);
  return found == series.samples.end() || found->second.empty() ? nullptr : &found->second;
}

/// The median of the fastest half: a limit is what the machine can do when nothing disturbs it.
double best_time(const std::vector<BenchSample>& samples) {
  std::vector<double> times;
  for (const BenchSample& sample : samples) times.push_back(sample.real_s);
  std::sort(times.begin(), times.end());
  times.resize((times.size() + 1) / 2);
  return median(times);
}

LadderRow make_row(const BenchProblem& problem, const BenchSeries& series, const BenchRung& rung,
                   double limit_rate) {
  LadderRow row;
  row.rung = &rung;
  const auto* samples = samples_of(series, rung.name);
  row.timed = samples != nullptr;
  if (!row.timed) return row;
  row.time_s = median_time(*samples);
  row.rate = (problem.limit_is_flops ? problem.flops : problem.bytes_min) / row.time_s;
  const bool bounded = problem.limit_is_flops || series.name == "cold";
  if (bounded && limit_rate > 0) row.roofline = row.rate / limit_rate;
  if (const auto* baseline = samples_of(series, kBaselineRung)) {
    row.comparison = compare_paired(paired_speeds(*baseline, *samples), kSeed);
  }
  return row;
}

Ladder make_ladder(const BenchProblem& problem, const BenchSeries& series) {
  Ladder ladder;
  ladder.problem = &problem;
  ladder.series = &series;
  if (const auto* limit = samples_of(series, kRoofline)) {
    ladder.limit_rate = problem.limit_amount / best_time(*limit);
  }
  const auto* baseline = samples_of(series, kBaselineRung);
  const auto* control = samples_of(series, kControl);
  if (baseline != nullptr && control != nullptr) {
    const std::vector<double> speeds = paired_speeds(*baseline, *control);
    ladder.control = compare_paired(speeds, kSeed);
    ladder.noise = noise_of(speeds);
    ladder.smallest_effect = smallest_effect(speeds, static_cast<int>(speeds.size()));
  }
  for (const BenchRung& rung : problem.rungs) {
    ladder.rows.push_back(make_row(problem, series, rung, ladder.limit_rate));
  }
  const bool holds = ladder.control_holds();
  for (LadderRow& row : ladder.rows) {
    if (!holds) row.comparison.standing = Standing::kUnclear;
  }
  return ladder;
}

}  // namespace

std::vector<double> paired_speeds(const std::vector<BenchSample>& baseline,
                                  const std::vector<BenchSample>& judged) {
  std::vector<double> speeds;
  auto base = baseline.begin();
  for (const BenchSample& sample : judged) {
    while (base != baseline.end() && base->round < sample.round) ++base;
    if (base == baseline.end()) break;
    if (base->round == sample.round) speeds.push_back(base->real_s / sample.real_s);
  }
  return speeds;
}

double median_time(const std::vector<BenchSample>& samples) {
  std::vector<double> times;
  for (const BenchSample& sample : samples) times.push_back(sample.real_s);
  return median(times);
}

bool Ladder::control_holds() const {
  return control.standing == Standing::kSame || control.standing == Standing::kUnclear;
}

bool LadderRow::impossible() const {
  return roofline > kImpossible;
}

std::vector<Ladder> make_ladders(const BenchReport& report) {
  std::vector<Ladder> ladders;
  for (const BenchProblem& problem : report.problems) {
    for (const BenchSeries& series : problem.series)
      ladders.push_back(make_ladder(problem, series));
  }
  return ladders;
}

bool any_rung_failed(const BenchReport& report) {
  return std::any_of(report.problems.begin(), report.problems.end(), [](const auto& problem) {
    return std::any_of(problem.rungs.begin(), problem.rungs.end(),
                       [](const BenchRung& rung) { return !rung.failure.empty(); });
  });
}

nlohmann::json ladders_to_json(const BenchReport& report) {
  nlohmann::json list = nlohmann::json::array();
  for (const Ladder& ladder : make_ladders(report)) {
    nlohmann::json rows = nlohmann::json::array();
    for (const LadderRow& row : ladder.rows) {
      if (!row.timed) continue;
      rows.push_back({{"rung", row.rung->name},
                      {"median_s", row.time_s},
                      {"speed", row.comparison.speed.median},
                      {"speed_low", row.comparison.speed.low},
                      {"speed_high", row.comparison.speed.high},
                      {"verdict", standing_name(row.comparison.standing)},
                      {"rounds", row.comparison.rounds},
                      {"roofline", row.roofline},
                      {"impossible", row.impossible()}});
    }
    list.push_back({{"problem", ladder.problem->name()},
                    {"series", ladder.series->name},
                    {"noise", ladder.noise},
                    {"smallest_effect", ladder.smallest_effect},
                    {"control_holds", ladder.control_holds()},
                    {"limit_rate", ladder.limit_rate},
                    {"rows", rows}});
  }
  return list;
}

std::string ladder_document(const BenchReport& report) {
  nlohmann::json document = bench_report_to_json(report);
  document["context"]["unaided"]["ladders"] = ladders_to_json(report);
  const auto replace = nlohmann::json::error_handler_t::replace;
  return document.dump(1, ' ', /*ensure_ascii=*/false, replace) + "\n";
}

}  // namespace unaided
