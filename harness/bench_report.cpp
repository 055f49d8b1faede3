#include "bench_report.h"

#include <fmt/format.h>

#include <cmath>

#include "fault.h"

namespace unaided {

namespace {

using nlohmann::json;

constexpr int kFormatVersion = 1;
constexpr std::size_t kProblemsMax = 100;
constexpr std::size_t kRungsMax = 20;
constexpr std::size_t kSeriesMax = 4;
constexpr std::size_t kSamplesMax = 200'000;
constexpr std::size_t kTextBytesMax = 4096;
constexpr double kSecondsMax = 3600;
constexpr double kAmountMax = 1e18;
constexpr double kNanosecond = 1e-9;

json sample_json(const std::string& name, std::size_t family, const BenchSample& sample,
                 std::size_t index, std::size_t count) {
  return {{"name", name},
          {"family_index", family},
          {"per_family_instance_index", 0},
          {"run_name", name},
          {"run_type", "iteration"},
          {"repetitions", count},
          {"repetition_index", index},
          {"threads", 1},
          {"iterations", sample.calls},
          {"real_time", sample.real_s / kNanosecond},
          {"cpu_time", sample.cpu_s / kNanosecond},
          {"time_unit", "ns"},
          {"round", sample.round}};
}

json failed_json(const std::string& name, std::size_t family, const std::string& failure) {
  return {{"name", name},
          {"family_index", family},
          {"per_family_instance_index", 0},
          {"run_name", name},
          {"run_type", "iteration"},
          {"repetitions", 1},
          {"repetition_index", 0},
          {"threads", 1},
          {"error_occurred", true},
          {"error_message", failure},
          {"iterations", 0},
          {"real_time", 0.0},
          {"cpu_time", 0.0},
          {"time_unit", "ns"}};
}

json rung_json(const BenchRung& rung) {
  return {{"name", rung.name},
          {"lesson", rung.lesson},
          {"backend", rung.backend},
          {"failure", rung.failure},
          {"error", std::isfinite(rung.error) ? json(rung.error) : json(nullptr)},
          {"calls_checked", rung.calls_checked},
          {"extra_bytes", rung.extra_bytes}};
}

json problem_json(const BenchProblem& problem) {
  json rungs = json::array();
  for (const BenchRung& rung : problem.rungs) rungs.push_back(rung_json(rung));
  json series = json::array();
  for (const BenchSeries& one : problem.series) {
    series.push_back({{"name", one.name},
                      {"rotated_bytes", one.rotated_bytes},
                      {"budget_decided", one.budget_decided},
                      {"disturbances", one.disturbances}});
  }
  return {{"kernel", problem.kernel},
          {"shape", problem.shape},
          {"dtype", problem.dtype},
          {"text", problem.text},
          {"flops", problem.flops},
          {"bytes_min", problem.bytes_min},
          {"error_max", problem.error_max},
          {"limit", problem.limit},
          {"limit_is_flops", problem.limit_is_flops},
          {"limit_amount", problem.limit_amount},
          {"rungs", rungs},
          {"series", series}};
}

/// Samples of one problem, appended to Google Benchmark's list.
void append_samples(const BenchProblem& problem, json& benchmarks, std::size_t& family) {
  for (const BenchSeries& series : problem.series) {
    const std::string prefix = problem.name() + "/" + series.name + "/";
    for (const auto& [entry, samples] : series.samples) {
      for (std::size_t i = 0; i < samples.size(); ++i) {
        benchmarks.push_back(sample_json(prefix + entry, family, samples[i], i, samples.size()));
      }
      ++family;
    }
    for (const BenchRung& rung : problem.rungs) {
      if (rung.failure.empty()) continue;
      benchmarks.push_back(failed_json(prefix + rung.name, family++, rung.failure));
    }
  }
}

/// A bounded text.
std::string text_of(const json& object, const char* key) {
  std::string text = object.at(key);
  if (text.size() > kTextBytesMax) throw Fault(fmt::format("'{}' is too long", key));
  return text;
}

/// A finite number from 0 to `max`.
double number_of(const json& object, const char* key, double max) {
  const double number = object.at(key);
  if (std::isfinite(number) && number >= 0 && number <= max) return number;
  throw Fault(fmt::format("'{}' is {}, which cannot be", key, number));
}

const json& list_of(const json& object, const char* key, std::size_t count_max) {
  const json& list = object.at(key);
  if (list.is_array() && list.size() <= count_max) return list;
  throw Fault(fmt::format("'{}' is no list of at most {}", key, count_max));
}

BenchRung rung_from(const json& object) {
  BenchRung rung;
  rung.name = text_of(object, "name");
  rung.lesson = text_of(object, "lesson");
  rung.backend = text_of(object, "backend");
  rung.failure = text_of(object, "failure");
  rung.error = object.at("error").is_null() ? INFINITY : number_of(object, "error", kAmountMax);
  rung.calls_checked = object.at("calls_checked");
  rung.extra_bytes = object.at("extra_bytes");
  return rung;
}

BenchProblem problem_from(const json& object) {
  BenchProblem problem;
  problem.kernel = text_of(object, "kernel");
  problem.shape = text_of(object, "shape");
  problem.dtype = text_of(object, "dtype");
  problem.text = text_of(object, "text");
  problem.flops = number_of(object, "flops", kAmountMax);
  problem.bytes_min = number_of(object, "bytes_min", kAmountMax);
  problem.error_max = number_of(object, "error_max", kAmountMax);
  problem.limit = text_of(object, "limit");
  problem.limit_is_flops = object.at("limit_is_flops");
  problem.limit_amount = number_of(object, "limit_amount", kAmountMax);
  for (const json& rung : list_of(object, "rungs", kRungsMax)) {
    problem.rungs.push_back(rung_from(rung));
  }
  for (const json& one : list_of(object, "series", kSeriesMax)) {
    BenchSeries series;
    series.name = text_of(one, "name");
    series.rotated_bytes = number_of(one, "rotated_bytes", kAmountMax);
    series.budget_decided = one.at("budget_decided");
    for (const json& sentence : list_of(one, "disturbances", kRungsMax)) {
      series.disturbances.push_back(sentence.get<std::string>().substr(0, kTextBytesMax));
    }
    problem.series.push_back(std::move(series));
  }
  return problem;
}

BenchSample sample_from(const json& object) {
  BenchSample sample;
  sample.round = static_cast<int>(number_of(object, "round", kSamplesMax));
  sample.calls = static_cast<std::int64_t>(number_of(object, "iterations", kAmountMax));
  sample.real_s = number_of(object, "real_time", kSecondsMax / kNanosecond) * kNanosecond;
  sample.cpu_s = number_of(object, "cpu_time", kSecondsMax / kNanosecond) * kNanosecond;
  if (sample.real_s <= 0) throw Fault("a time is 0");
  return sample;
}

/// Puts a sample where its name says: "kernel/shape/dtype/series/entry".
void place_sample(const json& object, BenchReport& report) {
  const std::string name = text_of(object, "name");
  for (BenchProblem& problem : report.problems) {
    for (BenchSeries& series : problem.series) {
      const std::string prefix = problem.name() + "/" + series.name + "/";
      if (!name.starts_with(prefix)) continue;
      const std::string entry = name.substr(prefix.size());
      const auto rung = std::find_if(problem.rungs.begin(), problem.rungs.end(),
                                     [&](const BenchRung& one) { return one.name == entry; });
      const bool known = entry == kControl || entry == kRoofline ||
                         (rung != problem.rungs.end() && rung->failure.empty());
      if (known) return series.samples[entry].push_back(sample_from(object));
    }
  }
  throw Fault("a time belongs to nothing that was to be timed: " + name);
}

}  // namespace

json bench_report_to_json(const BenchReport& report) {
  json problems = json::array();
  json benchmarks = json::array();
  std::size_t family = 0;
  for (const BenchProblem& problem : report.problems) {
    problems.push_back(problem_json(problem));
    append_samples(problem, benchmarks, family);
  }
  return {{"context",
           {{"date", report.date},
            {"executable", "unaided-bench"},
            {"num_cpus", std::atoi(report.fingerprint.fact("cores").c_str())},
            {"cpu_scaling_enabled", false},
            {"caches", json::array()},
            {"load_avg", json::array()},
            {"library_build_type", "release"},
            {"unaided",
             {{"version", kFormatVersion},
              {"fingerprint", report.fingerprint},
              {"problems", problems}}}}},
          {"benchmarks", benchmarks}};
}

BenchReport bench_report_from_json(const json& object) {
  try {
    const json& own = object.at("context").at("unaided");
    if (own.at("version") != kFormatVersion) throw Fault("it is of another version");
    BenchReport report;
    report.date = text_of(object.at("context"), "date");
    report.fingerprint = own.at("fingerprint").get<Fingerprint>();
    for (const json& problem : list_of(own, "problems", kProblemsMax)) {
      report.problems.push_back(problem_from(problem));
    }
    for (const json& sample : list_of(object, "benchmarks", kSamplesMax)) {
      if (!sample.value("error_occurred", false)) place_sample(sample, report);
    }
    return report;
  } catch (const std::exception& error) {
    throw Fault(std::string("this is no report of unaided bench: ") + error.what());
  }
}

}  // namespace unaided
