#include "listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "fault.h"
#include "temporary_folder.h"

namespace unaided {
namespace {

using nlohmann::json;

class ListenerTest : public testing::Test {
 protected:
  /// Lets the listener work until a message came, or `rounds` polls of a while found none.
  std::vector<Listener::Message> pump(int rounds = 20) {
    for (int round = 0; round < rounds; ++round) {
      std::vector<pollfd> polled;
      listener_.add_to(polled);
      poll(polled.data(), polled.size(), listener_.pending() ? 0 : 10);
      auto messages = listener_.exchange(now_ms_);
      if (!messages.empty()) return messages;
    }
    return {};
  }
  void send_bytes(const Descriptor& client, const std::string& bytes) {
    ASSERT_EQ(send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  bool closed_by_host(const Descriptor& client) {
    char byte = 0;
    const ssize_t got = recv(client.get(), &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "socket";
  std::int64_t now_ms_ = 0;
  Listener listener_{path_};
};

TEST_F(ListenerTest, AnswersTheClientThatAsked) {
  const Descriptor first = connect_to(path_);
  const Descriptor second = connect_to(path_);
  send_frame(first.get(), {{"request", "a"}});
  const auto messages = pump();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].body.at("request"), "a");
  listener_.send(messages[0].client, {{"reply", 1}});
  FrameReader reader;
  EXPECT_EQ(receive_frame(first.get(), reader, 5000)->at("reply"), 1);
  EXPECT_THROW(receive_frame(second.get(), reader, 0), ProtocolTimeout);
}

TEST_F(ListenerTest, HandsOutMessagesThatCameTogetherOneByOne) {
  const Descriptor client = connect_to(path_);
  send_bytes(client, encode_frame({{"n", 1}}) + encode_frame({{"n", 2}}));
  EXPECT_EQ(pump().at(0).body.at("n"), 1);
  EXPECT_TRUE(listener_.pending());
  EXPECT_EQ(pump().at(0).body.at("n"), 2);
  EXPECT_FALSE(listener_.pending());
}

TEST_F(ListenerTest, ClosesThoseWhoBreakTheRulesAndServesTheOthers) {
  const Descriptor oversized = connect_to(path_);
  const Descriptor malformed = connect_to(path_);
  const Descriptor good = connect_to(path_);
  send_bytes(oversized, "\xff\xff\xff\xff");
  send_bytes(malformed, std::string("\x02\0\0\0{{", 6));
  pump();
  send_frame(good.get(), {{"n", 1}});
  EXPECT_EQ(pump().at(0).body.at("n"), 1);
  EXPECT_TRUE(closed_by_host(oversized));
  EXPECT_TRUE(closed_by_host(malformed));
}

TEST_F(ListenerTest, ClosesAClientThatNeverSaysAWholeMessage) {
  const Descriptor slow = connect_to(path_);
  send_bytes(slow, "\x10");
  pump();
  EXPECT_EQ(listener_.timeout_ms(now_ms_), Listener::kSilenceMsMax);
  now_ms_ += Listener::kSilenceMsMax;
  pump();
  EXPECT_TRUE(closed_by_host(slow));
  EXPECT_EQ(listener_.timeout_ms(now_ms_), -1);
}

TEST_F(ListenerTest, ClosesAClientThatDoesNotReadBeforeItCostsMuch) {
  const Descriptor deaf = connect_to(path_);
  send_frame(deaf.get(), {{"n", 1}});
  const auto id = pump().at(0).client;
  const json large = {{"text", std::string(500'000, 'x')}};
  int sent = 0;
  while (listener_.connected(id) && sent < 1000) {
    listener_.send(id, large);
    ++sent;
  }
  EXPECT_FALSE(listener_.connected(id));
  EXPECT_LT(sent, 20);
}

TEST_F(ListenerTest, AFloodNeitherGrowsNorKeepsTheOthersWaiting) {
  constexpr int kMessages = 10'000;
  const Descriptor flood = connect_to(path_);
  std::thread flooding([&flood] {
    const std::string frame = encode_frame({{"request", std::string(4000, 'x')}});
    for (int i = 0; i < kMessages && write_all(flood.get(), frame); ++i) {
    }
  });
  const Descriptor other = connect_to(path_);
  send_frame(other.get(), {{"request", "time"}});
  int flooded = 0;
  int flooded_before_the_other = -1;
  while (flooded < kMessages) {
    const auto messages = pump(200);
    ASSERT_FALSE(messages.empty()) << flooded << " of the messages arrived";
    int of_one_round = 0;
    for (const auto& message : messages) {
      const bool is_flood = message.body.at("request") != "time";
      of_one_round += is_flood ? 1 : 0;
      if (!is_flood) flooded_before_the_other = flooded;
    }
    EXPECT_LE(of_one_round, 1) << "each client has its turn";
    flooded += of_one_round;
  }
  flooding.join();
  EXPECT_GE(flooded_before_the_other, 0);
  EXPECT_LT(flooded_before_the_other, 100);
}

TEST_F(ListenerTest, ClientsAreBoundedInNumber) {
  std::vector<Descriptor> clients;
  for (std::size_t i = 0; i < Listener::kClientsMax + 5; ++i) {
    clients.push_back(connect_to(path_));
    pump(1);
  }
  pump(3);
  std::size_t refused = 0;
  for (const Descriptor& client : clients) refused += closed_by_host(client) ? 1 : 0;
  EXPECT_EQ(refused, 5u);
}

TEST_F(ListenerTest, TakesOverTheSocketOfAKilledHost) {
  const std::filesystem::path path = folder_.path() / "stale";
  {
    Listener gone(path);
    std::filesystem::create_hard_link(path, folder_.path() / "kept");
  }
  std::filesystem::rename(folder_.path() / "kept", path);
  EXPECT_THROW(connect_to(path), Fault) << "a socket file without a host";
  Listener next(path);
  EXPECT_TRUE(connect_to(path));
}

TEST(ListenerPath, RefusesOneThatTheKernelWouldCut) {
  EXPECT_THROW(Listener listener("/tmp/" + std::string(120, 'x')), Fault);
  EXPECT_THROW(connect_to("/nowhere/socket"), Fault);
}

}  // namespace
}  // namespace unaided
