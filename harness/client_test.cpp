#include "client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

#include "fault.h"
#include "journal.h"
#include "listener.h"
#include "temporary_folder.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

const Moment kStart{"boot-a", 5000, 1795269909123};

class FindSessionTest : public testing::Test {
 protected:
  void SetUp() override { unsetenv("UNAIDED_SESSION"); }
  void TearDown() override {
    unsetenv("UNAIDED_SESSION");
    fs::current_path(before_);
  }
  SessionFolder begin(int level, bool running) const {
    const SessionFolder folder = store_.create("attention", {level, level}, kStart);
    fs::create_directories(folder.workspace());
    Journal journal(folder.journal());
    Created created;
    created.at = kStart;
    created.kata = "attention";
    created.format = "drill";
    journal.append(to_journal(created));
    if (!running) journal.append(to_journal(Abandoned{kStart}));
    return folder;
  }
  std::string found(const std::string& asked = "") const {
    return find_session(store_, asked).id();
  }

  fs::path before_ = fs::current_path();
  TemporaryFolder base_;
  SessionStore store_{fs::canonical(base_.path()) / "state"};
};

TEST_F(FindSessionTest, IsTheOnlyOneThatRuns) {
  EXPECT_THROW(found(), Fault);
  begin(1, false);
  EXPECT_THROW(found(), Fault);
  const std::string running = begin(2, true).id();
  EXPECT_EQ(found(), running);
  begin(3, true);
  try {
    found();
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_NE(std::string(fault.what()).find(running), std::string::npos) << fault.what();
  }
}

TEST_F(FindSessionTest, TheFolderOneStandsInDecidesThenTheVariableThenTheWord) {
  const SessionFolder first = begin(1, true);
  const SessionFolder second = begin(2, true);
  const SessionFolder third = begin(3, false);
  fs::current_path(first.workspace());
  EXPECT_EQ(found(), first.id());
  setenv("UNAIDED_SESSION", second.path.c_str(), 1);
  EXPECT_EQ(found(), second.id());
  EXPECT_EQ(found(third.id()), third.id());
}

TEST_F(FindSessionTest, ANeighbourWithALongerNameIsNotAround) {
  const SessionFolder first = begin(1, true);
  const SessionFolder again = begin(1, true);  // "…-l1-2" begins with "…-l1"
  fs::current_path(again.workspace());
  EXPECT_EQ(found(), again.id());
}

TEST_F(FindSessionTest, WithoutAHostTheClientSaysWhatToDo) {
  const auto words = [](const SessionFolder& folder) -> std::string {
    try {
      Client client(folder);
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "";
  };
  EXPECT_NE(words(begin(1, true)).find("`resume` takes it up"), std::string::npos);
  EXPECT_NE(words(begin(2, false)).find("is over: it is abandoned"), std::string::npos);
}

TEST_F(FindSessionTest, AHostThatIsDyingDoesNotAnswer) {
  const SessionFolder folder = begin(1, true);
  EXPECT_FALSE(host_answers(folder));
  auto lock = std::make_unique<SessionLock>(folder);
  auto listener = std::make_unique<Listener>(folder.host_socket());
  write_durably(folder.socket(), folder.host_socket().string());
  std::thread dying([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    listener.reset();
    lock.reset();
  });
  EXPECT_FALSE(host_answers(folder));
  EXPECT_FALSE(folder.hosted()) << "it was not waited for";
  dying.join();
}

}  // namespace
}  // namespace unaided
