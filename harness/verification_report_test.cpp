#include "verification_report.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

using nlohmann::json;

const CheckName kExample = {1, "Scale", "Shown", /*example=*/true, /*slow=*/false};
const CheckName kHidden = {1, "Scale", "IsTheInverseRoot", /*example=*/false, /*slow=*/false};

TrialResult mutant(const char* name, bool blind, Outcome example, Outcome hidden) {
  TrialResult result;
  result.trial = {Trial::Kind::kMutant, name, "a bug", blind, {1, 1}, ""};
  result.report.outcome = example == Outcome::kPassed ? hidden : example;
  result.report.checks = {{.check = kExample, .outcome = example},
                          {.check = kHidden, .outcome = hidden}};
  return result;
}

Verification small_verification() {
  Verification verification;
  verification.kata = "tiny";
  verification.checks = {kExample, kHidden};
  verification.results = {
      mutant("level1_no_scale", false, Outcome::kWrong, Outcome::kTimeLimit),
      mutant("level1_blind_twice", true, Outcome::kPassed, Outcome::kWrong),
      mutant("level1_silent", false, Outcome::kPassed, Outcome::kPassed),
  };
  TrialResult alternate = mutant("alternate loops", false, Outcome::kPassed, Outcome::kPassed);
  alternate.trial.kind = Trial::Kind::kAlternate;
  verification.results.push_back(alternate);
  return verification;
}

TEST(RenderVerification, PrintsTheKillMatrixWithCounts) {
  const std::string text = render_verification(small_verification(), Terminal{});
  const char* const matrix =
      "level 1: 3 mutants, 2 checks\n"
      "                         12\n"
      "  level1_no_scale        wt   2\n"
      "  level1_blind_twice (b) .w   1\n"
      "  level1_silent          ..   0\n"
      "    1 Scale.Shown (example): 1 killed\n"
      "    2 Scale.IsTheInverseRoot: 2 killed\n";
  EXPECT_NE(text.find(matrix), std::string::npos) << text;
  EXPECT_NE(text.find("killed: 1 of 2 mutants written from the bug list, 1 of 1 written blind; 1 "
                      "alternates accepted"),
            std::string::npos)
      << text;
  EXPECT_TRUE(text.ends_with("tiny proven\n")) << text;
}

TEST(RenderVerification, SaysThatADeviceWasEmulated) {
  Verification verification = small_verification();
  const std::string sentence = "tiny: emulated (no GPU here): skipped on a device\n";
  EXPECT_EQ(render_verification(verification, Terminal{}).find(sentence), std::string::npos);
  EXPECT_FALSE(verification_to_json(verification).contains("device"));
  verification.device = kEmulatedDevice;
  EXPECT_NE(render_verification(verification, Terminal{}).find(sentence), std::string::npos);
  EXPECT_EQ(verification_to_json(verification).at("device"), "emulated");
}

TEST(RenderVerification, SaysWhatACardDidAndWhatOnlyTheEmulatedDeviceSaw) {
  Verification verification = small_verification();
  verification.device = kEmulatedDevice;
  judge_on_card(verification.results, verification);
  const std::string text = render_verification(verification, Terminal{});
  EXPECT_NE(text.find("tiny: on the card: 1 solutions accepted; 2 of 3 mutants killed; by the "
                      "emulated device alone: level1_silent\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("no GPU here"), std::string::npos);
  const json on_card = verification_to_json(verification).at("on_card");
  ASSERT_EQ(on_card.size(), 4U);
  EXPECT_EQ(on_card[2], json({{"name", "level1_silent"}, {"outcome", "passed"}}));
}

TEST(RenderVerification, EndsWithTheProblems) {
  Verification verification = small_verification();
  verification.problems = {{"survivor", "mutant level1_silent survives"}};
  const std::string text = render_verification(verification, Terminal{});
  EXPECT_TRUE(
      text.ends_with("  survivor: mutant level1_silent survives\n"
                     "tiny not proven: 1 problem\n"))
      << text;
}

TEST(RenderVerification, NumbersTheTens) {
  Verification verification;
  for (int i = 0; i < 12; ++i) {
    verification.checks.push_back({1, "A", std::to_string(i), false, false});
  }
  TrialResult result;
  result.trial = {Trial::Kind::kMutant, "level1_x", "a bug", false, {1, 1}, ""};
  result.report.outcome = Outcome::kForbiddenCall;
  verification.results = {result};
  const std::string text = render_verification(verification, Terminal{});
  const char* const matrix =
      "                        1  \n"
      "               123456789012\n"
      "  level1_x     ffffffffffff   0\n";
  EXPECT_NE(text.find(matrix), std::string::npos) << text;
}

TEST(VerificationJson, NamesTheKillersOfEachMutant) {
  const json object = verification_to_json(small_verification());
  EXPECT_EQ(object.at("proven"), true);
  EXPECT_EQ(object.at("checks")[1].at("kills"), 2);
  const json& first = object.at("mutants")[0];
  EXPECT_EQ(first.at("name"), "level1_no_scale");
  EXPECT_EQ(first.at("killed"), true);
  EXPECT_EQ(
      first.at("killed_by")[1],
      json({{"behaviour", "Scale"}, {"check", "IsTheInverseRoot"}, {"outcome", "time_limit"}}));
  EXPECT_EQ(object.at("mutants")[2].at("killed"), false);
  EXPECT_EQ(object.at("attempts")[0].at("name"), "alternate loops");
}

}  // namespace
}  // namespace unaided
