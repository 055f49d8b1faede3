#include "junit.h"

#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "fault.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

class JunitTest : public testing::Test {
 protected:
  pugi::xml_node read() {
    const pugi::xml_parse_result result = document_.load_file(file_.c_str());
    EXPECT_TRUE(result) << result.description();
    return document_.child("testsuites");
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "report.xml";
  pugi::xml_document document_;
};

CheckVerdict verdict_of(const char* name, Outcome outcome, const std::string& message = "") {
  CheckVerdict verdict;
  verdict.check = {2, "CausalMask", name};
  verdict.outcome = outcome;
  verdict.message = message;
  verdict.wall_ms = 1500;
  return verdict;
}

GradeReport some_report() {
  GradeReport report;
  report.kata = "attention";
  report.last_level = 2;
  report.outcome = Outcome::kWrong;
  report.seed = 42;
  report.total_ms = 2000;
  report.checks = {verdict_of("Aligns", Outcome::kPassed),
                   verdict_of("Leaks", Outcome::kWrong, "expected 1 < 2\ngot \"&\""),
                   verdict_of("Ends", Outcome::kNotRun, "interrupted")};
  report.checks[1].output = "printed";
  return report;
}

TEST_F(JunitTest, TellsPassedFellShortAndNotJudgedApart) {
  JunitFile junit(file_);
  junit.add("ann.cpp", some_report());
  junit.finish();
  const pugi::xml_node root = read();
  EXPECT_STREQ(root.attribute("tests").value(), "3");
  EXPECT_STREQ(root.attribute("failures").value(), "1");
  EXPECT_STREQ(root.attribute("errors").value(), "1");
  const pugi::xml_node suite = root.child("testsuite");
  EXPECT_STREQ(suite.attribute("name").value(), "ann.cpp");
  EXPECT_STREQ(suite.attribute("time").value(), "2.000");
  const pugi::xml_node passed = suite.child("testcase");
  EXPECT_STREQ(passed.attribute("classname").value(), "attention.level2.CausalMask");
  EXPECT_STREQ(passed.attribute("time").value(), "1.500");
  EXPECT_FALSE(passed.first_child());
  const pugi::xml_node failed = passed.next_sibling();
  EXPECT_STREQ(failed.child("failure").attribute("type").value(), "wrong");
  EXPECT_STREQ(failed.child("failure").attribute("message").value(), "expected 1 < 2");
  EXPECT_STREQ(failed.child("failure").text().get(), "expected 1 < 2\ngot \"&\"");
  EXPECT_STREQ(failed.child("system-out").text().get(), "printed");
  EXPECT_TRUE(failed.next_sibling().child("error"));
}

TEST_F(JunitTest, AnAttemptWithoutChecksIsACaseThatFails) {
  GradeReport report = some_report();
  report.checks.clear();
  report.outcome = Outcome::kCompileError;
  report.message = "ann.cpp:1: error";
  JunitFile junit(file_);
  junit.add("ann.cpp", report);
  report.outcome = Outcome::kNotRun;
  junit.add("fifo", report);
  report.outcome = Outcome::kPassed;  // which exit_code() does not believe
  junit.add("none", report);
  report.checks = {verdict_of("Aligns", Outcome::kPassed)};
  report.outcome = Outcome::kMissingFunction;  // of a level above those judged
  junit.add("half", report);
  junit.finish();
  const pugi::xml_node root = read();
  EXPECT_STREQ(root.attribute("tests").value(), "5");
  EXPECT_STREQ(root.attribute("failures").value(), "2");
  EXPECT_STREQ(root.attribute("errors").value(), "2");
}

TEST_F(JunitTest, HoldsWhatXmlCannotInAnotherForm) {
  std::string bytes = "\xff\xc3 ]]> \xef\xbf\xbf\xed\xa0\x80 é\r\n";
  for (char c = 0; c < 0x20; ++c) bytes += c;
  GradeReport report = some_report();
  report.checks = {verdict_of("Aligns", Outcome::kWrong, bytes)};
  report.checks[0].output = bytes;
  JunitFile junit(file_);
  junit.add(bytes, report);
  junit.finish();
  EXPECT_TRUE(read().child("testsuite"));
  const std::string text = read_text_file(file_, 1 << 20);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    EXPECT_TRUE(byte >= 0x20 || c == '\n' || c == '\t') << int{byte};
  }
  for (auto at = text.find("&#"); at != std::string::npos; at = text.find("&#", at + 1)) {
    EXPECT_TRUE(text.substr(at, 5) == "&#10;" || text.substr(at, 5) == "&#09;")
        << text.substr(at, 8);
  }
}

TEST_F(JunitTest, ThereIsNoFileUntilItIsWhole) {
  {
    JunitFile junit(file_);
    junit.add("ann.cpp", some_report());
    EXPECT_FALSE(std::filesystem::exists(file_));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  EXPECT_THROW(JunitFile(folder_.path() / "gone" / "x.xml"), Fault);
}

TEST(XmlText, LeavesTextAlone) {
  EXPECT_EQ(xml_text("softmax(q kᵀ/√D)\n\tok"), "softmax(q kᵀ/√D)\n\tok");
  EXPECT_EQ(xml_text(""), "");
}

}  // namespace
}  // namespace unaided
