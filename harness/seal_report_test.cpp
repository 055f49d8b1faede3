#include "seal_report.h"

#include <gtest/gtest.h>

#include "fault.h"

namespace unaided {
namespace {

using Escapes = std::map<std::string, Escape>;

Escapes all(bool succeeded) {
  Escapes escapes;
  for (const Channel channel : tried_channels()) {
    escapes[seal_row(channel).id] = {succeeded, succeeded ? "got through" : "refused"};
  }
  return escapes;
}

SealStatus status(const SealReport& report, Channel channel) {
  return report.rows.at(static_cast<std::size_t>(channel)).status;
}

SealReport good() {
  return judge_escapes(all(true), all(false), 1000);
}

SandboxSupport supported() {
  SandboxSupport support;
  support.available = true;
  return support;
}

TEST(SealReportTest, AnEscapeThatWorksOutsideAndNotInsideIsEnforced) {
  const SealReport report = good();
  EXPECT_EQ(status(report, Channel::kVsock), SealStatus::kEnforced);
  EXPECT_EQ(status(report, Channel::kAgents), SealStatus::kVerified);
  EXPECT_EQ(status(report, Channel::kElsewhere), SealStatus::kNotVerifiable);
  EXPECT_EQ(status(report, Channel::kLeftBehind), SealStatus::kNotProvable);
  EXPECT_TRUE(report.enforced());
}

TEST(SealReportTest, AnEscapeThatWorksInsideIsOpen) {
  Escapes inside = all(false);
  inside["vsock"] = {true, "got through"};
  const SealReport report = judge_escapes(all(true), inside, 1000);
  EXPECT_EQ(status(report, Channel::kVsock), SealStatus::kOpen);
  EXPECT_FALSE(report.enforced());
  EXPECT_NE(report.open_channels().find("got through"), std::string::npos);
}

TEST(SealReportTest, AnEscapeThatFailsOutsideTooProvesNothing) {
  Escapes outside = all(true);
  outside["vsock"] = {false, "no such thing"};
  const SealReport report = judge_escapes(outside, all(false), 1000);
  EXPECT_EQ(status(report, Channel::kVsock), SealStatus::kNotProvable);
  EXPECT_TRUE(report.enforced());
}

TEST(SealReportTest, AProbeThatDidNotSayIsNotTrusted) {
  Escapes inside = all(false);
  inside.erase("vsock");
  EXPECT_EQ(status(judge_escapes(all(true), inside, 1000), Channel::kVsock), SealStatus::kOpen);
  EXPECT_FALSE(judge_escapes(all(true), {}, 1000).enforced());
  EXPECT_FALSE(SealReport{}.enforced());
}

TEST(SealReportTest, WhatWasOpenOnceStaysOpen) {
  SealReport report = good();
  add_findings(report, {{Channel::kInternet, false, "eth0"}, {Channel::kHome, true, "fine"}}, 2000);
  add_findings(report, {{Channel::kInternet, true, "only lo"}}, 3000);
  add_probe(report, good());
  EXPECT_EQ(status(report, Channel::kInternet), SealStatus::kOpen);
  EXPECT_EQ(status(report, Channel::kHome), SealStatus::kEnforced);
  EXPECT_EQ(report.open_channels(), "internet, cloud models, DNS (eth0)");
}

TEST(SealReportTest, SurvivesJson) {
  SealReport report = good();
  report.dotfiles = {"/home/ada/.vimrc"};
  const nlohmann::json object = report;
  EXPECT_EQ(nlohmann::json(object.get<SealReport>()), object);
  EXPECT_TRUE(object.at("enforced").get<bool>());
  EXPECT_THROW(nlohmann::json::object().get<SealReport>(), Fault);
}

TEST(SealReportTest, TheTableFitsAndSaysWhatCannotBeKnown) {
  SealReport report = good();
  report.dotfiles = {"/home/ada/.vimrc"};
  const std::string text = render_seal(report, 80);
  EXPECT_NE(text.find("not verifiable"), std::string::npos);
  EXPECT_NE(text.find("whoever is root"), std::string::npos);
  EXPECT_NE(text.find("/home/ada/.vimrc"), std::string::npos);
  EXPECT_EQ(text.find("OPEN"), std::string::npos);
  EXPECT_EQ(text.find("no AI was used"), std::string::npos);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_LE(end - at, 100U) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST(SealDecisionTest, RequiredRefusesAutoFallsBackAndOffIsLabelled) {
  const SealReport report = good();
  const SealDecision sealed = decide_seal(SealMode::kAuto, supported(), &report);
  EXPECT_TRUE(sealed.sealed);
  EXPECT_EQ(sealed.label, "AI off: enforced");
  EXPECT_EQ(sealed.reason, "");

  SandboxSupport none;
  none.reason = "no bubblewrap";
  const SealDecision fallen = decide_seal(SealMode::kAuto, none, nullptr);
  EXPECT_FALSE(fallen.sealed || fallen.refused);
  EXPECT_EQ(fallen.label, "UNSEALED");
  EXPECT_EQ(fallen.reason, "no bubblewrap");
  EXPECT_TRUE(decide_seal(SealMode::kRequired, none, nullptr).refused);

  const SealDecision off = decide_seal(SealMode::kOff, supported(), &report);
  EXPECT_FALSE(off.sealed || off.refused);
  EXPECT_EQ(off.label, "UNSEALED");
  EXPECT_NE(off.reason, "");
}

TEST(SealDecisionTest, OneOpenChannelUnseals) {
  SealReport report = good();
  add_findings(report, {{Channel::kDisk, false, "no bound"}}, 2000);
  EXPECT_FALSE(decide_seal(SealMode::kAuto, supported(), &report).sealed);
  EXPECT_TRUE(decide_seal(SealMode::kRequired, supported(), &report).refused);
  EXPECT_FALSE(decide_seal(SealMode::kAuto, supported(), nullptr).sealed);
}

TEST(SealMendTest, KnowsUbuntusAppArmor) {
  EXPECT_NE(seal_mend("bwrap: setting up uid map: Permission denied\n").find("apparmor_parser"),
            std::string::npos);
  EXPECT_NE(seal_mend("bwrap: loopback: Failed RTM_NEWADDR: x").find("bwrap-userns-restrict"),
            std::string::npos);
  EXPECT_EQ(seal_mend("something else"), "");
}

}  // namespace
}  // namespace unaided
