#include "journal.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "fault.h"
#include "temporary_folder.h"

namespace unaided {
namespace {

namespace fs = std::filesystem;

class JournalTest : public testing::Test {
 protected:
  std::string text() const {
    std::ifstream file(path_, std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
  }
  void set_text(const std::string& text) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
  }
  void write_events(int count) const {
    Journal journal(path_);
    for (int i = 0; i < count; ++i) journal.append({{"n", i}, {"text", "zwei\nZeilen"}});
  }
  /// The sentence of the fault that reading gives.
  std::string refusal() const {
    try {
      read_journal(path_);
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "";
  }

  TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "journal";
};

TEST(Crc32, HasTheKnownCheckValue) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
}

TEST_F(JournalTest, GivesBackWhatWasAppendedAcrossOpenings) {
  write_events(2);
  Journal journal(path_);
  ASSERT_EQ(journal.opened().events.size(), 2u);
  journal.append({{"n", 2}});
  const JournalContents contents = read_journal(path_);
  ASSERT_EQ(contents.events.size(), 3u);
  EXPECT_EQ(contents.events[1].at("text"), "zwei\nZeilen");
  EXPECT_EQ(contents.events[2].at("n"), 2);
  EXPECT_TRUE(contents.repaired.empty());
}

TEST_F(JournalTest, EveryPrefixOfItsBytesOpensAndGoesOn) {
  write_events(3);
  const std::string whole = text();
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    const std::string prefix = whole.substr(0, bytes);
    set_text(prefix);
    const auto lines = std::count(prefix.begin(), prefix.end(), '\n');
    const bool torn = bytes > 0 && prefix.back() != '\n';
    Journal journal(path_);
    EXPECT_EQ(journal.opened().events.size(), static_cast<std::size_t>(std::max(lines - 1, 0L)));
    EXPECT_EQ(!journal.opened().repaired.empty(), torn) << bytes;
    journal.append({{"n", "next"}});
    EXPECT_EQ(read_journal(path_).events.back().at("n"), "next") << bytes;
  }
}

TEST_F(JournalTest, ABlockOfZerosAtTheEndIsATornLine) {
  write_events(1);
  set_text(text() + std::string(100, '\0') + "\n");
  EXPECT_EQ(Journal(path_).opened().events.size(), 1u);
  EXPECT_TRUE(read_journal(path_).repaired.empty()) << "opening cut it off";
}

TEST_F(JournalTest, RefusesEveryChangedByteAndLeavesTheFileAlone) {
  write_events(3);
  const std::string whole = text();
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = damaged[i] == 'x' ? 'y' : 'x';
    set_text(damaged);
    EXPECT_THROW(Journal journal(path_), Fault) << i;
    EXPECT_EQ(text(), damaged);
  }
}

TEST_F(JournalTest, RefusesForeignLinesAndMissingOnes) {
  write_events(2);
  const std::string whole = text();
  set_text(whole + "hello\n");
  EXPECT_NE(refusal().find(":4 is damaged or foreign"), std::string::npos) << refusal();
  const std::size_t first_end = whole.find('\n') + 1;
  const std::size_t second_end = whole.find('\n', first_end) + 1;
  set_text(whole.substr(0, first_end) + whole.substr(second_end));
  EXPECT_NE(refusal().find(":2 is damaged or foreign"), std::string::npos) << refusal();
}

TEST_F(JournalTest, RefusesANewerVersionInOneSentence) {
  const std::string rest = R"(0 {"journal":"unaided-journal","version":2})";
  std::ostringstream line;
  line << std::hex << crc32(rest) << ' ' << rest << '\n';
  set_text(line.str());
  EXPECT_NE(refusal().find("newer unaided"), std::string::npos) << refusal();
  EXPECT_THROW(Journal journal(path_), Fault);
  EXPECT_EQ(text(), line.str());
}

TEST_F(JournalTest, AFullDiskIsOneSentenceAndLosesNothing) {
  write_events(1);
  const pid_t child = fork();
  if (child == 0) {  // the size limit stands in for the disk's, in a process of its own
    signal(SIGXFSZ, SIG_IGN);
    Journal journal(path_);
    const rlimit limit{300, 300};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      journal.append({{"text", std::string(1000, 'x')}});
    } catch (const Fault&) {
      _exit(0);
    }
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const JournalContents contents = read_journal(path_);
  EXPECT_EQ(contents.events.size(), 1u);
  EXPECT_TRUE(contents.repaired.empty()) << contents.repaired;
}

TEST_F(JournalTest, SurvivesKillsWithoutLosingWhatWasAcknowledged) {
  for (int round = 0; round < 20; ++round) {
    const std::size_t before = fs::exists(path_) ? read_journal(path_).events.size() : 0;
    auto [read_end, write_end] = make_pipe();
    const pid_t child = fork();
    if (child == 0) {
      Journal journal(path_);
      for (int n = 0;; ++n) {
        journal.append({{"n", n}});
        const char acknowledged = '.';
        if (write(write_end.get(), &acknowledged, 1) != 1) _exit(1);
      }
    }
    write_end.reset();
    std::size_t acknowledged = 0;
    char byte = 0;
    while (acknowledged < static_cast<std::size_t>(round) && read(read_end.get(), &byte, 1) == 1) {
      ++acknowledged;
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(read_end.get(), &byte, 1) == 1) ++acknowledged;
    EXPECT_GE(Journal(path_).opened().events.size(), before + acknowledged);
  }
}

}  // namespace
}  // namespace unaided
