#include "process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "fault.h"
#include "grader.h"
#include "temporary_folder.h"

namespace unaided {
namespace {

constexpr int kPatientMs = 20'000;
constexpr std::size_t kOutputMax = 10'000;

Command shell(const std::string& script) {
  Command command;
  command.argv = {"/bin/sh", "-c", script};
  command.environment = {"PATH=/usr/bin:/bin"};
  return command;
}

TEST(RunBoundedTest, GivesStatusAndBothOutputs) {
  const RunEnd end =
      run_bounded(shell("echo out; echo err >&2; exit 7"), kPatientMs, kOutputMax, nullptr);
  EXPECT_EQ(end.reason, RunEnd::Reason::kExited);
  EXPECT_EQ(end.exit_status, 7);
  EXPECT_EQ(end.output, "out\nerr\n");
  EXPECT_FALSE(end.succeeded());
}

TEST(RunBoundedTest, NamesTheSignal) {
  const RunEnd end = run_bounded(shell("kill -SEGV $$"), kPatientMs, kOutputMax, nullptr);
  EXPECT_EQ(end.reason, RunEnd::Reason::kSignalled);
  EXPECT_EQ(end.signal, SIGSEGV);
}

/// Whether every process that holds `writer`'s end of a pipe ends, once this one has closed it.
bool all_end(Descriptor& writer, const Descriptor& reader) {
  writer.reset();
  pollfd hung_up{reader.get(), 0, 0};
  return poll(&hung_up, 1, kPatientMs) == 1;
}

TEST(RunBoundedTest, TheWallLimitEndsASleeperAndItsChildren) {
  auto [reader, writer] = make_pipe();
  Command command = shell("sleep 600 & sleep 600");
  command.descriptors = {{writer.get(), 5}};
  EXPECT_EQ(run_bounded(command, 100, kOutputMax, nullptr).reason, RunEnd::Reason::kWallLimit);
  EXPECT_TRUE(all_end(writer, reader));
}

TEST(RunBoundedTest, AFloodIsCutAndEnded) {
  const RunEnd end = run_bounded(shell("yes"), kPatientMs, kOutputMax, nullptr);
  EXPECT_EQ(end.reason, RunEnd::Reason::kOutputLimit);
  EXPECT_EQ(end.output.size(), kOutputMax);
}

TEST(RunBoundedTest, CancellingEndsIt) {
  CancelToken cancel;
  std::thread canceller([&] { cancel.cancel(); });
  const RunEnd end = run_bounded(shell("sleep 600"), kPatientMs, kOutputMax, &cancel);
  canceller.join();
  EXPECT_EQ(end.reason, RunEnd::Reason::kCancelled);
}

TEST(RunBoundedTest, AClosedOutputIsNotItsEnd) {
  const RunEnd end =
      run_bounded(shell("exec >&- 2>&-; sleep 0.2; exit 5"), kPatientMs, kOutputMax, nullptr);
  EXPECT_EQ(end.exit_status, 5);
}

TEST(RunBoundedTest, WhatItLeavesRunningEndsWithIt) {
  // The background process keeps the output open; the end is the death of what was started.
  auto [reader, writer] = make_pipe();
  Command command = shell("sleep 600 & echo done");
  command.descriptors = {{writer.get(), 5}};
  const RunEnd end = run_bounded(command, kPatientMs, kOutputMax, nullptr);
  EXPECT_EQ(end.output, "done\n");
  EXPECT_TRUE(end.succeeded());
  EXPECT_TRUE(all_end(writer, reader));
}

TEST(ProcessTest, InheritsNoDescriptorsEnvironmentOrTerminal) {
  const Descriptor secret(open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  ASSERT_TRUE(secret);
  const RunEnd end = run_bounded(shell("ls /proc/self/fd | tr '\\n' ' '; env | grep -v ^PWD; "
                                       "(: </dev/tty) 2>/dev/null && echo terminal"),
                                 kPatientMs, kOutputMax, nullptr);
  // ls has its own descriptor of the folder.
  EXPECT_EQ(end.output, "0 1 2 3 PATH=/usr/bin:/bin\n");
}

TEST(ProcessTest, KernelLimitsHold) {
  Command command = shell("head -c 3000000 /dev/zero > /proc/self/fd/5; exit $?");
  const Descriptor file = memory_file("limited", "");
  command.descriptors = {{file.get(), 5}};
  command.limits.file_mb = 1;
  const RunEnd end = run_bounded(command, kPatientMs, kOutputMax, nullptr);
  EXPECT_FALSE(end.succeeded());
  EXPECT_EQ(lseek(file.get(), 0, SEEK_END), 1 << 20);
}

TEST(ProcessTest, EachLimitIsTheKernelsOfItsName) {
  Command command = shell("cat /proc/self/limits");
  command.limits = {
      .cpu_s = 7, .address_space_mb = 4096, .data_mb = 9, .file_mb = 10, .processes = 4321};
  const RunEnd end = run_bounded(command, kPatientMs, kOutputMax, nullptr);
  for (const char* limit :
       {"Max cpu time              7 ", "Max address space         4294967296 ",
        "Max data size             9437184 ", "Max file size             10485760 ",
        "Max processes             4321 "}) {
    EXPECT_NE(end.output.find(limit), std::string::npos) << limit << "\n" << end.output;
  }
}

TEST(ProcessTest, WhatCannotRunIsAFault) {
  Command command;
  command.argv = {"/nonexistent/program"};
  EXPECT_THROW(Process::start(command), Fault);
}

TEST(ProcessTest, OneThatIsAskedToEndMayDoSo) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "left").string();
  Process polite = Process::start({{"/bin/sh", "-c", "sleep 0.1; : > " + file}, {}, {}, {}});
  polite.reap_within(60'000);
  EXPECT_FALSE(polite.running());
  EXPECT_TRUE(std::filesystem::exists(file));
  Process stubborn = Process::start({{"/bin/sleep", "600"}, {}, {}, {}});
  stubborn.reap_within(1);
  EXPECT_FALSE(stubborn.running());
}

TEST(ProcessTest, AnOwnerTakesItsProcessAlong) {
  pid_t pid = 0;
  {
    const Process process = Process::start(shell("sleep 600"));
    pid = process.pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

}  // namespace
}  // namespace unaided
