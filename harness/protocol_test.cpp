#include "protocol.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace unaided {
namespace {

using nlohmann::json;

std::string header(std::uint32_t length) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>((length >> (8 * i)) & 0xff));
  return bytes;
}

std::string framed(const std::string& text) {
  return header(static_cast<std::uint32_t>(text.size())) + text;
}

struct SocketPair {
  std::array<int, 2> fds{};
  SocketPair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0); }
  ~SocketPair() {
    close_end(0);
    close_end(1);
  }
  void close_end(std::size_t end) {
    if (fds[end] >= 0) close(fds[end]);
    fds[end] = -1;
  }
};

TEST(FrameReader, CutsFramesThatComeByteByByteOrTogether) {
  const std::string bytes = encode_frame({{"a", 1}}) + encode_frame({{"b", "zwei"}});
  FrameReader slow;
  std::vector<json> messages;
  for (const char byte : bytes) {
    slow.feed({&byte, 1});
    while (auto message = slow.next()) messages.push_back(*message);
  }
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[1].at("b"), "zwei");
  EXPECT_FALSE(slow.partial());

  FrameReader fast;
  fast.feed(bytes);
  EXPECT_EQ(fast.next(), messages[0]);
  EXPECT_EQ(fast.next(), messages[1]);
  EXPECT_EQ(fast.next(), std::nullopt);
}

TEST(FrameReader, RefusesAnOversizedLengthBeforeItsBytesCome) {
  FrameReader reader;
  EXPECT_THROW(reader.feed(header(kFrameBytesMax + 1)), Fault);
  FrameReader second_frame;
  second_frame.feed(encode_frame({{"a", 1}}) + header(0xffffffff));
  EXPECT_TRUE(second_frame.next().has_value());
  EXPECT_THROW(second_frame.next(), Fault);
}

TEST(FrameReader, RefusesWhatIsNotAShallowObject) {
  for (const std::string& text :
       {std::string("{"), std::string("[1]"), std::string("7"), std::string(""),
        std::string("{\"a\":\"\xff\"}"), "{\"a\":" + std::string(100000, '[')}) {
    FrameReader reader;
    reader.feed(framed(text));
    EXPECT_THROW(reader.next(), Fault) << text.substr(0, 20);
  }
}

TEST(EncodeFrame, ReplacesWhatIsNotUtf8AndRefusesTooMuch) {
  FrameReader reader;
  reader.feed(encode_frame({{"output", "\xff!"}}));
  EXPECT_EQ(reader.next()->at("output"), "\xEF\xBF\xBD!");
  EXPECT_THROW(encode_frame({{"output", std::string(kFrameBytesMax, 'x')}}), Fault);
}

TEST(ReceiveFrame, TellsTheEndFromATimeoutFromATruncation) {
  SocketPair pair;
  FrameReader reader;
  EXPECT_THROW(receive_frame(pair.fds[1], reader, 0), ProtocolTimeout);
  const std::string half = encode_frame({{"a", 1}}).substr(0, 6);
  ASSERT_EQ(write(pair.fds[0], half.data(), half.size()), 6);
  EXPECT_THROW(receive_frame(pair.fds[1], reader, 0), ProtocolTimeout);
  pair.close_end(0);
  EXPECT_THROW(receive_frame(pair.fds[1], reader, 1000), Fault);

  SocketPair closed;
  FrameReader fresh;
  closed.close_end(0);
  EXPECT_EQ(receive_frame(closed.fds[1], fresh, 1000), std::nullopt);
}

TEST(SendFrame, DeliversAMegabyteWhileThePeerReads) {
  SocketPair pair;
  const json message = {{"text", std::string(1000 * 1000, 'x')}};
  std::thread sender([&] { send_frame(pair.fds[0], message); });
  FrameReader reader;
  const auto received = receive_frame(pair.fds[1], reader, 10000);
  sender.join();
  EXPECT_EQ(received, message);
}

TEST(SendFrame, IsAFaultAndNoSignalWhenThePeerIsGone) {
  SocketPair pair;
  pair.close_end(1);
  EXPECT_THROW(send_frame(pair.fds[0], {{"a", 1}}), Fault);
}

}  // namespace
}  // namespace unaided
