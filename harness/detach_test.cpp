#include "detach.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "fault.h"
#include "process.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

TEST(Detach, ReturnsOnlyOnceTheBodyIsReadyAndLeavesItRunning) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "pid";
  const Descriptor kept(fcntl(STDIN_FILENO, F_DUPFD, 50));
  const int inherited = kept.get();
  run_detached(folder.path() / "log", [&](const std::function<void()>& ready) {
    write_text_file(file, std::to_string(getpid()) + " " + std::to_string(getsid(0)) + " " +
                              fs::current_path().string() + " " +
                              std::to_string(fcntl(inherited, F_GETFD)));
    ready();
    for (;;) pause();
  });
  const std::string facts = read_text_file(file, 1000);
  const pid_t host = std::atoi(facts.c_str());
  ASSERT_GT(host, 1);
  EXPECT_EQ(kill(host, 0), 0);
  EXPECT_EQ(facts.find(" " + std::to_string(getsid(0)) + " "), std::string::npos)
      << "a session of its own: " << facts;
  EXPECT_TRUE(facts.ends_with(" / -1")) << "no inherited descriptor: " << facts;
  kill(host, SIGKILL);
}

TEST(Detach, PassesOnTheSentenceOfAFault) {
  const TemporaryFolder folder;
  try {
    run_detached(folder.path() / "log",
                 [](const std::function<void()>&) { throw Fault("no such luck"); });
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_STREQ(fault.what(), "no such luck");
  }
}

TEST(Detach, ADeathBeforeReadyIsAFaultThatNamesTheLog) {
  const TemporaryFolder folder;
  try {
    run_detached(folder.path() / "log", [](const std::function<void()>&) { _exit(0); });
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_NE(std::string(fault.what()).find("log"), std::string::npos);
  }
}

}  // namespace
}  // namespace unaided
