#include "seal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fault.h"

namespace unaided {
namespace {

using Arguments = std::vector<std::string>;

SealPlan plan() {
  SealPlan made;
  made.workspace = "/home/ada/work";
  made.home = "/state/home";
  made.host_socket = "/run/user/1/host.sock";
  made.client = "/build/unaided";
  made.read_only = {"/opt/libtorch"};
  made.dotfiles = {{"/home/ada/.vimrc", ".vimrc"}};
  made.environment = {"TERM=xterm=256"};
  made.hidden = {{Channel::kMaterial, "/src/reference"}, {Channel::kHome, "/home/ada"}};
  return made;
}

SealMachine machine() {
  SealMachine made;
  made.system = {"--ro-bind", "/usr", "/usr"};
  made.masked_folders = {{Channel::kAgents, "/usr/local"}, {Channel::kModels, "/usr/lib/ollama"}};
  made.masked_files = {{Channel::kAgents, "/usr/bin/claude"}};
  made.returned = {"/usr/local/include"};
  return made;
}

/// Where `part` begins in `whole`, or -1.
std::ptrdiff_t position(const Arguments& whole, const Arguments& part) {
  const auto found = std::search(whole.begin(), whole.end(), part.begin(), part.end());
  return found == whole.end() ? -1 : found - whole.begin();
}

Arguments weakened(Channel channel) {
  SealPlan made = plan();
  made.weakened = {channel};
  return seal_arguments(made, machine());
}

TEST(SealRowsTest, StandInTheOrderOfTheChannelsWithIdsOfTheirOwn) {
  std::set<std::string> ids;
  for (std::size_t i = 0; i < seal_rows().size(); ++i) {
    const SealRow& row = seal_rows()[i];
    EXPECT_EQ(static_cast<std::size_t>(row.channel), i) << row.id;
    EXPECT_TRUE(ids.insert(row.id).second) << row.id;
    EXPECT_EQ(seal_channel(row.id), row.channel);
    EXPECT_EQ(row.closures == 0, row.kind == SealKind::kNotVerifiable) << row.id;
    EXPECT_STRNE(row.left, "") << row.id;
  }
  EXPECT_EQ(seal_rows().back().channel, Channel::kElsewhere);
  EXPECT_THROW(seal_channel("telepathy"), Fault);
}

TEST(SealArgumentsTest, NothingOfTheHostIsShared) {
  const Arguments arguments = seal_arguments(plan(), machine());
  for (const char* flag : {"--unshare-user", "--disable-userns", "--unshare-net", "--unshare-pid",
                           "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--clearenv"}) {
    EXPECT_NE(position(arguments, {flag}), -1) << flag;
  }
  EXPECT_NE(position(arguments, {"--cap-drop", "ALL"}), -1);
  EXPECT_EQ(position(arguments, {"--dev-bind"}), -1);
  EXPECT_EQ(position(arguments, {"--new-session"}), -1);  // job control
  EXPECT_EQ(position(arguments, {"/src/reference"}), -1);
}

TEST(SealArgumentsTest, OnlyTheWorkspaceAndTheHomeAreWritable) {
  const Arguments arguments = seal_arguments(plan(), machine());
  EXPECT_EQ(std::count(arguments.begin(), arguments.end(), "--bind"), 2);
  EXPECT_NE(position(arguments, {"--bind", "/home/ada/work", "/home/ada/work"}), -1);
  EXPECT_NE(position(arguments, {"--bind", "/state/home", "/home/kata"}), -1);
  EXPECT_NE(position(arguments, {"--ro-bind", "/home/ada/.vimrc", "/home/kata/.vimrc"}), -1);
  EXPECT_NE(position(arguments, {"--ro-bind", "/opt/libtorch", "/opt/libtorch"}), -1);
  EXPECT_NE(position(arguments, {"--ro-bind", "/build/unaided", "/run/kata/unaided"}), -1);
  EXPECT_NE(position(arguments, {"--ro-bind", "/run/user/1/host.sock", "/run/kata/host"}), -1);
  EXPECT_NE(position(arguments, {"--ro-bind-try", "/proc/sys", "/proc/sys"}), -1);
}

TEST(SealArgumentsTest, WhatIsInstalledBesideTheDistributionIsCovered) {
  const Arguments arguments = seal_arguments(plan(), machine());
  const auto covered = position(arguments, {"--tmpfs", "/usr/local"});
  EXPECT_GT(covered, position(arguments, {"--ro-bind", "/usr", "/usr"}));
  EXPECT_GT(position(arguments, {"--ro-bind", "/usr/local/include", "/usr/local/include"}),
            covered);
  EXPECT_NE(position(arguments, {"--ro-bind", "/dev/null", "/usr/bin/claude"}), -1);
  EXPECT_NE(position(arguments, {"--remount-ro", "/usr/local"}), -1);
}

TEST(SealArgumentsTest, TheRootIsClosedAfterAllMounts) {
  const Arguments arguments = seal_arguments(plan(), machine());
  const auto closed = position(arguments, {"--remount-ro", "/"});
  for (const char* mount : {"--bind", "--ro-bind", "--tmpfs", "--proc", "--ro-bind-data"}) {
    const auto last = std::find(arguments.rbegin(), arguments.rend(), mount);
    ASSERT_NE(last, arguments.rend()) << mount;
    EXPECT_LT(arguments.rend() - last, closed) << mount;
  }
}

TEST(SealArgumentsTest, ScratchIsBounded) {
  SealPlan small = plan();
  small.scratch_mb = 3;
  const Arguments arguments = seal_arguments(small, machine());
  EXPECT_NE(position(arguments, {"--size", "3145728", "--tmpfs", "/tmp"}), -1);
  EXPECT_NE(position(arguments, {"--size", "3145728", "--tmpfs", "/dev/shm"}), -1);
}

TEST(SealArgumentsTest, AValueOfTheEnvironmentMayHoldAnEqualsSign) {
  const Arguments arguments = seal_arguments(plan(), machine());
  EXPECT_NE(position(arguments, {"--setenv", "TERM", "xterm=256"}), -1);
}

TEST(SealArgumentsTest, AWeakenedRowLosesWhatClosesItAndNothingElse) {
  const Arguments network = weakened(Channel::kLoopback);
  EXPECT_EQ(position(network, {"--unshare-net"}), -1);
  EXPECT_NE(position(network, {"--unshare-pid"}), -1);
  const Arguments material = weakened(Channel::kMaterial);
  EXPECT_NE(position(material, {"--bind", "/src/reference", "/src/reference"}), -1);
  EXPECT_EQ(position(material, {"--bind", "/home/ada", "/home/ada"}), -1);
  const Arguments agents = weakened(Channel::kAgents);
  EXPECT_EQ(position(agents, {"--tmpfs", "/usr/local"}), -1);
  EXPECT_EQ(position(agents, {"/usr/bin/claude"}), -1);
  EXPECT_NE(position(agents, {"--tmpfs", "/usr/lib/ollama"}), -1);
}

TEST(SealArgumentsTest, EveryRowThatIsEnforcedByArgumentsOrTheFilterHasAClosure) {
  const Arguments sealed = seal_arguments(plan(), machine());
  for (const Channel channel :
       {Channel::kInternet, Channel::kProcesses, Channel::kSharedMemory, Channel::kEnvironment,
        Channel::kDevices, Channel::kSystemFiles, Channel::kCapabilities, Channel::kNamespaces,
        Channel::kLeftBehind, Channel::kDisk, Channel::kDebugging}) {
    EXPECT_NE(weakened(channel), sealed) << seal_row(channel).id;
  }
}

TEST(SealPlanTest, SurvivesJson) {
  SealPlan made = plan();
  made.weakened = {Channel::kVsock};
  const SealPlan read = nlohmann::json(made).get<SealPlan>();
  EXPECT_EQ(nlohmann::json(read), nlohmann::json(made));
  EXPECT_EQ(seal_arguments(read, machine()), seal_arguments(made, machine()));
  EXPECT_THROW(nlohmann::json::object().get<SealPlan>(), Fault);
}

TEST(AllowedEnvironmentTest, KeysStayOutside) {
  EXPECT_EQ(allowed_environment({"TERM=xterm", "OPENAI_API_KEY=x", "LC_ALL=C", "TERMCAP=x",
                                 "EDITOR=vim", "LD_PRELOAD=x", "SSH_AUTH_SOCK=x"}),
            (std::vector<std::string>{"TERM=xterm", "LC_ALL=C", "EDITOR=vim"}));
}

}  // namespace
}  // namespace unaided
