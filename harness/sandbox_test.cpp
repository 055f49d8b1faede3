#include "sandbox.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace unaided {
namespace {

using Arguments = std::vector<std::string>;

/// Where `part` begins in `whole`, or -1.
std::ptrdiff_t position(const Arguments& whole, const Arguments& part) {
  const auto found = std::search(whole.begin(), whole.end(), part.begin(), part.end());
  return found == whole.end() ? -1 : found - whole.begin();
}

TEST(BubblewrapArgumentsTest, NothingOfTheHostIsShared) {
  const Arguments arguments = bubblewrap_arguments({});
  for (const char* flag :
       {"--unshare-user", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
        "--disable-userns", "--die-with-parent", "--new-session"}) {
    EXPECT_NE(position(arguments, {flag}), -1) << flag;
  }
  EXPECT_NE(position(arguments, {"--cap-drop", "ALL"}), -1);
  EXPECT_EQ(position(arguments, {"--dev-bind"}), -1);
  EXPECT_EQ(position(arguments, {"--bind"}), -1);
  EXPECT_EQ(position(arguments, {"/home"}), -1);
}

TEST(BubblewrapArgumentsTest, OnlyWritableBindsAreWritable) {
  SandboxPolicy policy;
  policy.read_only = {"/opt/with space"};
  policy.binds = {{"/source", "/target", false}, {"/out", "/out", true}};
  const Arguments arguments = bubblewrap_arguments(policy);
  EXPECT_NE(position(arguments, {"--ro-bind", "/opt/with space", "/opt/with space"}), -1);
  EXPECT_NE(position(arguments, {"--ro-bind", "/source", "/target"}), -1);
  EXPECT_NE(position(arguments, {"--bind", "/out", "/out"}), -1);
}

TEST(BubblewrapArgumentsTest, TheRootIsClosedAfterAllBinds) {
  SandboxPolicy policy;
  policy.read_only = {"/opt/a"};
  policy.binds = {{"/out", "/out", true}};
  policy.working_folder = "/out";
  const Arguments arguments = bubblewrap_arguments(policy);
  const std::ptrdiff_t closed = position(arguments, {"--remount-ro", "/"});
  EXPECT_GT(closed, position(arguments, {"--bind", "/out", "/out"}));
  EXPECT_GT(closed, position(arguments, {"--tmpfs", "/tmp"}));
  EXPECT_NE(position(arguments, {"--chdir", "/out"}), -1);
}

TEST(BubblewrapArgumentsTest, ScratchIsBounded) {
  SandboxPolicy policy;
  policy.scratch_mb = 3;
  EXPECT_NE(position(bubblewrap_arguments(policy), {"--size", "3145728", "--tmpfs", "/tmp"}), -1);
}

TEST(SandboxedTest, UnenforcedOnlyTheEnvironmentIsReplaced) {
  Command command;
  command.argv = {"/bin/true", "argument"};
  command.environment = {"SECRET=1"};
  SandboxPolicy policy;
  policy.environment = {"PATH=/usr/bin"};
  const SandboxedCommand inside = sandboxed(command, policy, /*enforced=*/false);
  EXPECT_EQ(inside.command.argv, command.argv);
  EXPECT_EQ(inside.command.environment, policy.environment);
  EXPECT_FALSE(limits_without_bubblewrap().empty());
}

TEST(SandboxedTest, EnforcedTheProgramSeesNothingElse) {
  if (!sandbox_support().available) GTEST_SKIP() << sandbox_support().reason;
  Command command;
  command.argv = {"/bin/sh", "-c",
                  "ls -A /home /root /etc/passwd 2>&1 | head -1; touch /stray 2>&1; "
                  "ls /proc | grep -c '^[0-9]'; ls /sys/class/net 2>/dev/null; id -u"};
  SandboxPolicy policy;
  policy.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
  const SandboxedCommand inside = sandboxed(command, policy, /*enforced=*/true);
  for (const std::string& argument : inside.command.argv) {
    EXPECT_EQ(argument.find("--ro-bind"), std::string::npos);  // not in the process list
  }
  const RunEnd end = run_bounded(inside.command, 10'000, 10'000, nullptr);
  EXPECT_NE(end.output.find("No such file"), std::string::npos) << end.output;
  EXPECT_NE(end.output.find("Read-only file system"), std::string::npos) << end.output;
  EXPECT_NE(end.output.find("\n3\n1000\n"), std::string::npos) << end.output;  // sh, ls, grep
}

TEST(SandboxedTest, TheKernelsSettingsCannotBeWritten) {
  if (!sandbox_support().available) GTEST_SKIP() << sandbox_support().reason;
  Command command;
  command.argv = {"/bin/sh", "-c", ": 2>/dev/null >/proc/sys/kernel/core_pattern && echo written"};
  SandboxPolicy policy;
  policy.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
  const SandboxedCommand inside = sandboxed(command, policy, /*enforced=*/true);
  const RunEnd end = run_bounded(inside.command, 10'000, 10'000, nullptr);
  EXPECT_EQ(end.output.find("written"), std::string::npos) << end.output;
  EXPECT_FALSE(end.succeeded());
}

}  // namespace
}  // namespace unaided
