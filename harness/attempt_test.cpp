#include "attempt.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "fault.h"
#include "process.h"
#include "temporary_folder.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

class AttemptTest : public testing::Test {
 protected:
  void write(const std::string& text, const std::string& name = "attention.cpp") const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }
  std::string refusal() const { return read_attempt(folder_.path(), "attention.cpp").refusal; }
  void expect_refusal(const std::string& words) const {
    EXPECT_NE(refusal().find("attention.cpp " + words), std::string::npos) << refusal();
    EXPECT_EQ(refusal().find('\n'), std::string::npos) << "one sentence";
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "attention.cpp";
};

TEST_F(AttemptTest, CopiesARegularFileWhole) {
  const std::string text = "// softmax(q kᵀ/√D)\n" + std::string(200'000, 'x');
  write(text);
  const AttemptText attempt = read_attempt(folder_.path(), "attention.cpp");
  EXPECT_TRUE(attempt.accepted()) << attempt.refusal;
  EXPECT_EQ(attempt.source, text);
}

TEST_F(AttemptTest, RefusesAMissingFile) {
  expect_refusal("is missing");
}

TEST_F(AttemptTest, RefusesAnEmptyFile) {
  write("");
  expect_refusal("is empty");
}

TEST_F(AttemptTest, RefusesADirectory) {
  fs::create_directory(path_);
  expect_refusal("is a directory");
}

TEST_F(AttemptTest, RefusesAFifoWithoutWaitingForAWriter) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  expect_refusal("is a FIFO");
}

TEST_F(AttemptTest, RefusesSymbolicLinksEvenInside) {
  write("int x;", "other.cpp");
  fs::create_symlink("other.cpp", path_);
  expect_refusal("is a symbolic link");
}

TEST_F(AttemptTest, RefusesHardLinks) {
  write("int x;", "other.cpp");
  fs::create_hard_link(folder_.path() / "other.cpp", path_);
  expect_refusal("is a hard link");
}

TEST_F(AttemptTest, RefusesASocket) {
  const Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  expect_refusal("is a socket");
}

TEST_F(AttemptTest, RefusesFiftyMegabytesWithoutReadingThem) {
  write("x");
  fs::resize_file(path_, 50'000'000);
  expect_refusal("is 50.0 MB long");
}

TEST_F(AttemptTest, RefusesWhatIsNotText) {
  for (const std::string& bytes : {std::string("int x\xff;"), std::string("int\0x;", 6)}) {
    write(bytes);
    expect_refusal("is not UTF-8 text");
  }
}

TEST_F(AttemptTest, RefusesNamesThatLeaveTheFolder) {
  write("int x;");
  fs::create_directory(folder_.path() / "inner");
  EXPECT_FALSE(read_attempt(folder_.path() / "inner", "../attention.cpp").accepted());
  EXPECT_FALSE(read_attempt(folder_.path(), path_.string()).accepted());
}

TEST_F(AttemptTest, AFolderThatIsGoneIsAFault) {
  EXPECT_THROW(read_attempt(folder_.path() / "gone", "attention.cpp"), Fault);
}

TEST(IsText, FollowsRfc3629) {
  for (const char* text : {"", "a", "\u00e9", "\u20ac", "\U0001F600", "\U0010FFFF"}) {
    EXPECT_TRUE(is_text(text)) << text;
  }
  for (const char* bytes : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_FALSE(is_text(bytes));
  }
}

}  // namespace
}  // namespace unaided
