#include "session_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "journal.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

const Moment kStart{"boot-a", 5000, 1795269909123};

class SessionStoreTest : public testing::Test {
 protected:
  SessionFolder begin(const SessionStore& store, int level, bool finish_passed) const {
    const SessionFolder folder = store.create("attention", {level, level}, kStart);
    Journal journal(folder.journal());
    Created created;
    created.at = kStart;
    created.session = folder.id();
    created.kata = "attention";
    created.format = "drill";
    created.first_level = created.last_level = level;
    journal.append(to_journal(created));
    journal.append(to_journal(SnapshotTaken{kStart, "aa"}));
    if (finish_passed) {
      journal.append(to_journal(Finished{kStart, EndReason::kPassed, "aa", Outcome::kPassed}));
    }
    return folder;
  }
  std::string refusal(const std::function<void()>& action) const {
    try {
      action();
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "";
  }

  TemporaryFolder base_;
  fs::path root_ = base_.path() / "state";
};

TEST_F(SessionStoreTest, NamesSessionsReadablyAndNeverTwice) {
  const SessionStore store(root_);
  EXPECT_EQ(store.create("attention", {2, 2}, kStart).id(), "20261121-1405-attention-l2");
  EXPECT_EQ(store.create("attention", {2, 2}, kStart).id(), "20261121-1405-attention-l2-2");
  EXPECT_EQ(store.create("attention", {1, 4}, kStart).id(), "20261121-1405-attention-l1-4");
  EXPECT_TRUE(store.all().empty()) << "a folder without a journal was never begun";
}

TEST_F(SessionStoreTest, FindsByIdAndByPath) {
  const SessionStore store(root_);
  const SessionFolder folder = begin(store, 2, false);
  EXPECT_EQ(store.find(folder.id()).path, folder.path);
  EXPECT_EQ(store.find(folder.path.string()).path, folder.path);
  const std::string sentence = refusal([&] { store.find("20261121-1405-attention-l3"); });
  EXPECT_NE(sentence.find("did you mean '20261121-1405-attention-l2'"), std::string::npos)
      << sentence;
  EXPECT_THROW(store.find("../sessions/" + folder.id()), Fault);
  EXPECT_THROW(store.find(""), Fault);
}

TEST_F(SessionStoreTest, RefusesANewerStateFolderAndTouchesNothing) {
  write_text_file(root_ / "version", "2\n");
  const std::string sentence = refusal([&] { SessionStore store(root_); });
  EXPECT_NE(sentence.find("update unaided"), std::string::npos) << sentence;
  EXPECT_EQ(sentence.find('\n'), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator()), 1);
  write_text_file(root_ / "version", "garbage");
  EXPECT_THROW(SessionStore store(root_), Fault);
}

TEST_F(SessionStoreTest, TheLockIsExclusiveAndDiesWithItsHolder) {
  const SessionFolder folder = begin(SessionStore(root_), 1, false);
  EXPECT_FALSE(folder.hosted());
  auto [read_end, write_end] = make_pipe();
  const pid_t child = fork();
  if (child == 0) {
    const SessionLock lock(folder);
    if (write(write_end.get(), ".", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(read_end.get(), &byte, 1), 1);
  EXPECT_TRUE(folder.hosted());
  EXPECT_THROW(SessionLock lock(folder), Fault);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(folder.hosted());
  const SessionLock lock(folder);
  EXPECT_TRUE(folder.hosted());
}

}  // namespace
}  // namespace unaided
