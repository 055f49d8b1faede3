// The totals stand in the root element's start tag, but are known last, so the tag is written
// twice: first as blanks of its greatest length, then over them.
#include "junit.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <sstream>

#include "fault.h"
#include "render.h"
#include "terminal.h"

namespace unaided {
namespace {

constexpr std::size_t kHeadBytes = 256;

std::string seconds_text(double ms) {
  return fmt::format("{:.3f}", ms / 1000);
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(xml_text(value).c_str());
}

void add_property(pugi::xml_node properties, const char* name, const std::string& value) {
  pugi::xml_node property = properties.append_child("property");
  set(property, "name", name);
  set(property, "value", value);
}

/// Nothing for what passed.
void add_outcome(pugi::xml_node test_case, Outcome outcome, const std::string& message) {
  const OutcomeRow& row = outcome_row(outcome);
  if (row.exit_code == 0) return;
  pugi::xml_node node = test_case.append_child(row.exit_code == 1 ? "failure" : "error");
  set(node, "type", std::string(row.id));
  const std::string first_line = message.substr(0, message.find('\n'));
  set(node, "message", first_line.empty() ? std::string(row.label) : first_line);
  node.text().set(xml_text(message).c_str());
}

pugi::xml_node add_case(pugi::xml_node suite, const std::string& owner, const std::string& name,
                        double wall_ms) {
  pugi::xml_node test_case = suite.append_child("testcase");
  set(test_case, "classname", owner);
  set(test_case, "name", name);
  set(test_case, "time", seconds_text(wall_ms));
  return test_case;
}

void add_check(pugi::xml_node suite, const std::string& kata, const CheckVerdict& verdict) {
  const CheckName& check = verdict.check;
  const std::string owner = fmt::format("{}.level{}.{}", kata, check.level, check.behaviour);
  pugi::xml_node test_case = add_case(suite, owner, check.name, verdict.wall_ms);
  add_outcome(test_case, verdict.outcome, verdict.message);
  if (verdict.output.empty()) return;
  test_case.append_child("system-out").text().set(xml_text(verdict.output).c_str());
}

struct Counts {
  int tests = 0;
  int failures = 0;
  int errors = 0;
};

Counts count(const GradeReport& report) {
  Counts counts;
  const auto add = [&counts](Outcome outcome) {
    ++counts.tests;
    counts.failures += outcome_row(outcome).exit_code == 1;
    counts.errors += outcome_row(outcome).exit_code == 2;
  };
  for (const CheckVerdict& verdict : report.checks) add(verdict.outcome);
  return counts;
}

/// The report with a case that says so where no check ran, or not all that were asked for are
/// there.
GradeReport with_attempt_case(GradeReport report) {
  const Counts counts = count(report);
  const bool told = counts.failures + counts.errors > 0;
  if (told || exit_code(report) == 0) return report;
  CheckVerdict whole;
  whole.check = {report.last_level, "Attempt", "attempt"};
  whole.outcome = report.outcome == Outcome::kPassed ? Outcome::kNotRun : report.outcome;
  whole.message = report.message;
  report.checks.push_back(std::move(whole));
  return report;
}

}  // namespace

JunitFile::JunitFile(std::filesystem::path file)
    : file_(std::move(file)), part_(file_.string() + ".part"), stream_(part_, std::ios::binary) {
  stream_ << std::string(kHeadBytes - 1, ' ') << '\n';
  if (!stream_.flush()) throw_errno("cannot write " + part_.string());
}

JunitFile::~JunitFile() {
  std::error_code finished;
  std::filesystem::remove(part_, finished);
}

void JunitFile::add(const std::string& attempt, const GradeReport& judged) {
  const GradeReport report = with_attempt_case(judged);
  const Counts counts = count(report);
  pugi::xml_document document;
  pugi::xml_node suite = document.append_child("testsuite");
  set(suite, "name", attempt);
  set(suite, "tests", std::to_string(counts.tests));
  set(suite, "failures", std::to_string(counts.failures));
  set(suite, "errors", std::to_string(counts.errors));
  set(suite, "skipped", "0");
  set(suite, "time", seconds_text(report.total_ms));
  pugi::xml_node properties = suite.append_child("properties");
  add_property(properties, "kata", report.kata);
  add_property(properties, "levels", level_range(report.first_level, report.last_level));
  add_property(properties, "outcome", std::string(outcome_row(report.outcome).id));
  add_property(properties, "seed", std::to_string(report.seed));
  add_property(properties, "snapshot", report.snapshot_hash);
  for (const CheckVerdict& verdict : report.checks) add_check(suite, report.kata, verdict);
  suite.print(stream_, "  ", pugi::format_default, pugi::encoding_utf8, /*depth=*/1);
  tests_ += counts.tests;
  failures_ += counts.failures;
  errors_ += counts.errors;
  seconds_ += report.total_ms / 1000;
}

std::string JunitFile::head() const {
  const std::string head = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"unaided\" tests=\"{}\" "
      "failures=\"{}\" errors=\"{}\" skipped=\"0\" time=\"{:.3f}\"",
      tests_, failures_, errors_, seconds_);
  return head + std::string(kHeadBytes - 2 - head.size(), ' ') + ">\n";
}

void JunitFile::finish() {
  stream_ << "</testsuites>\n";
  stream_.seekp(0);
  stream_ << head();
  stream_.close();
  if (!stream_) throw_errno("cannot write " + part_.string());
  std::error_code error;
  std::filesystem::rename(part_, file_, error);
  if (error) throw Fault(fmt::format("cannot write {}: {}", file_.string(), error.message()));
}

std::string xml_text(std::string_view text) {
  using nlohmann::json;
  // The JSON library's writer is what puts U+FFFD in place of malformed UTF-8.
  const json well_formed =
      json::parse(json(std::string(text))
                      .dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace));
  std::string clean = printable(well_formed.get<std::string>());
  for (const std::string_view noncharacter : {"\xef\xbf\xbe", "\xef\xbf\xbf"}) {
    for (auto at = clean.find(noncharacter); at != std::string::npos;
         at = clean.find(noncharacter, at)) {
      clean.replace(at, noncharacter.size(), "\xef\xbf\xbd");
    }
  }
  return clean;
}

}  // namespace unaided
