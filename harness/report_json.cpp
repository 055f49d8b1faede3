#include "report_json.h"

#include <fmt/format.h>

#include <charconv>

#include "fault.h"
#include "text_file.h"

namespace unaided {
namespace {

using nlohmann::json;

template <typename T>
T field(const json& object, const char* key) {
  try {
    return object.at(key).get<T>();
  } catch (const json::exception&) {
    throw Fault(fmt::format("a report's \"{}\" is missing or of the wrong type", key));
  }
}

Outcome outcome_field(const json& object) {
  const auto id = field<std::string>(object, "outcome");
  const std::optional<Outcome> outcome = outcome_from_id(id);
  if (!outcome) throw Fault(fmt::format("a report has the unknown outcome '{}'", id));
  return *outcome;
}

std::uint64_t seed_field(const json& object) {
  const auto text = field<std::string>(object, "seed");
  std::uint64_t seed = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seed);
  if (error != std::errc() || stop != end) {
    throw Fault(fmt::format("a report's \"seed\" is not a number: '{}'", text));
  }
  return seed;
}

constexpr std::size_t kResultBytesMax = std::size_t{16} << 20;

}  // namespace

json check_verdict_to_json(const CheckVerdict& verdict) {
  return {{"level", verdict.check.level}, {"behaviour", verdict.check.behaviour},
          {"check", verdict.check.name},  {"example", verdict.check.example},
          {"slow", verdict.check.slow},   {"outcome", outcome_row(verdict.outcome).id},
          {"message", verdict.message},   {"output", verdict.output},
          {"wall_ms", verdict.wall_ms},   {"memory_kb", verdict.memory_kb}};
}

json report_to_json(const GradeReport& report) {
  json checks = json::array();
  for (const CheckVerdict& verdict : report.checks)
    checks.push_back(check_verdict_to_json(verdict));
  json object = {{"schema", kReportSchema},
                 {"kata", report.kata},
                 {"snapshot", report.snapshot_hash},
                 {"first_level", report.first_level},
                 {"last_level", report.last_level},
                 {"asked_level", report.asked_level},
                 {"seed", std::to_string(report.seed)},
                 {"outcome", outcome_row(report.outcome).id},
                 {"message", report.message},
                 {"passed", report.passed_count()},
                 {"total", report.checks.size()},
                 {"exit_code", exit_code(report)},
                 {"told", reveal_id(report.told)},
                 {"limits_not_held", report.limits_not_held},
                 {"compile_ms", report.compile_ms},
                 {"total_ms", report.total_ms},
                 {"checks", checks}};
  if (!report.device.empty()) object["device"] = report.device;
  if (report.sanitizer) {
    object["sanitizer"] = {{"tool", report.sanitizer->tool},
                           {"errors", report.sanitizer->errors},
                           {"text", report.sanitizer->text},
                           {"trouble", report.sanitizer->trouble}};
  }
  return object;
}

json file_report_to_json(const std::string& file, const GradeReport& report) {
  json object = report_to_json(report);
  object["file"] = file;
  return object;
}

CheckVerdict check_verdict_from_json(const json& object) {
  CheckVerdict verdict;
  verdict.check.level = field<int>(object, "level");
  verdict.check.behaviour = field<std::string>(object, "behaviour");
  verdict.check.name = field<std::string>(object, "check");
  verdict.check.example = field<bool>(object, "example");
  verdict.check.slow = field<bool>(object, "slow");
  verdict.outcome = outcome_field(object);
  verdict.message = field<std::string>(object, "message");
  verdict.output = field<std::string>(object, "output");
  verdict.wall_ms = field<double>(object, "wall_ms");
  verdict.memory_kb = field<std::int64_t>(object, "memory_kb");
  return verdict;
}

GradeReport report_from_json(const json& object) {
  const int schema = field<int>(object, "schema");
  if (schema > kReportSchema) {
    throw Fault(fmt::format("a report has schema {}, this program knows {}: update unaided", schema,
                            kReportSchema));
  }
  GradeReport report;
  report.kata = field<std::string>(object, "kata");
  report.snapshot_hash = field<std::string>(object, "snapshot");
  report.first_level = field<int>(object, "first_level");
  report.last_level = field<int>(object, "last_level");
  report.asked_level = object.value("asked_level", report.last_level);
  report.seed = seed_field(object);
  report.outcome = outcome_field(object);
  report.message = field<std::string>(object, "message");
  const auto told = reveal_from_id(object.value("told", "everything"));
  if (!told) throw Fault("a report's \"told\" is unknown");
  report.told = *told;
  report.limits_not_held = field<std::vector<std::string>>(object, "limits_not_held");
  report.device = object.value("device", "");
  if (object.contains("sanitizer")) {
    const json& found = object["sanitizer"];
    report.sanitizer = {field<std::string>(found, "tool"), field<int>(found, "errors"),
                        field<std::string>(found, "text"), field<std::string>(found, "trouble")};
  }
  report.compile_ms = field<double>(object, "compile_ms");
  report.total_ms = field<double>(object, "total_ms");
  for (const json& check : field<json>(object, "checks")) {
    report.checks.push_back(check_verdict_from_json(check));
  }
  return report;
}

GradeReport read_report(const std::filesystem::path& file) {
  const std::string text = read_text_file(file, kResultBytesMax);
  const json report = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (report.is_discarded()) throw Fault(file.string() + " is damaged: it is not JSON");
  return report_from_json(report);
}

}  // namespace unaided
