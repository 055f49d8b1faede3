#include "kata.h"

#include <gtest/gtest.h>

#include "fault.h"
#include "temporary_folder.h"
#include "text_file.h"

namespace unaided {
namespace {

constexpr char kManifest[] = R"(title = "Attention"
summary = "Softmax and friends."
topics = ["softmax", "masks"]
forbidden = ["scaled_dot_product*"]

[limits]
wall_ms = 2000
memory_mb = 128

[[level]]
title = "The formula"
par_minutes = 10

[[level]]
title = "Masks"
par_minutes = 20
)";

class KataTest : public testing::Test {
 protected:
  void write_kata(const std::string& manifest) {
    for (const char* name : {"attention.cpp", "level1.md", "level1.h", "level2.md", "level2.h"}) {
      write("katas/attention/" + std::string(name), "");
    }
    write("katas/attention/kata.toml", manifest);
  }

  void write(const std::string& relative, const std::string& text) {
    write_text_file(folder_.path() / relative, text);
  }

  /// kManifest with the first `from` replaced.
  static std::string with(const std::string& from, const std::string& to) {
    std::string text = kManifest;
    return text.replace(text.find(from), from.size(), to);
  }

  std::string refusal(const std::string& id = "attention") {
    try {
      load_kata(folder_.path(), id);
    } catch (const Fault& fault) {
      return fault.what();
    }
    return "";
  }

  TemporaryFolder folder_;
};

TEST_F(KataTest, ReadsTheManifestAndComputesThePaths) {
  write_kata(kManifest);
  const Kata kata = load_kata(folder_.path(), "attention");
  EXPECT_EQ(kata.title, "Attention");
  EXPECT_EQ(kata.summary, "Softmax and friends.");
  EXPECT_EQ(kata.topics, (std::vector<std::string>{"softmax", "masks"}));
  EXPECT_EQ(kata.forbidden, std::vector<std::string>{"scaled_dot_product*"});
  EXPECT_EQ(kata.headers, "tensors");
  EXPECT_EQ(kata.limits.wall_ms, 2000);
  EXPECT_EQ(kata.limits.memory_mb, 128);
  EXPECT_EQ(kata.limits.cpu_ms, Limits().cpu_ms);
  ASSERT_EQ(kata.level_count(), 2);
  EXPECT_EQ(kata.levels[1].number, 2);
  EXPECT_EQ(kata.levels[1].title, "Masks");
  EXPECT_EQ(kata.levels[1].par_minutes, 20);
  EXPECT_EQ(kata.contract(2), folder_.path() / "katas/attention/level2.h");
  EXPECT_EQ(kata.checks(1), folder_.path() / "reference/attention/checks_level1.cpp");
}

TEST_F(KataTest, MalformedManifestsAreRefusedWithFileLineAndKey) {
  const struct {
    std::string manifest;
    std::string expected;
  } cases[] = {
      {with("title =", "titel ="), "kata.toml:1: titel: unknown key; did you mean 'title'?"},
      {with("wall_ms", "wall_sm"), "kata.toml:7: limits.wall_sm: unknown key; did you mean"},
      {with("par_minutes = 20", "par_minuts = 20"), "kata.toml:16: level.par_minuts: unknown key"},
      {with("2000", "0"), "kata.toml:7: limits.wall_ms: is 0, must be from 1 to"},
      {with("128", "99999999999"), "kata.toml:8: limits.memory_mb: is 99999999999, must be"},
      {with("2000", "2.5"), "kata.toml:7: limits.wall_ms: must be a whole number"},
      {with("2000", "\"2000\""), "kata.toml:7: limits.wall_ms: must be a whole number"},
      {with("\"Attention\"", "3"), "kata.toml:1: title: must be text"},
      {with("\"Attention\"", "\"\""), "kata.toml:1: title: must not be empty"},
      {with("\"Attention\"", "\"a\\u001b[2J\""), "kata.toml:1: title: must be one line"},
      {with("summary = \"Softmax and friends.\"", ""), "summary: missing"},
      {with("[\"scaled_dot_product*\"]", "\"x\""), "kata.toml:4: forbidden: must be a list"},
      {with("[\"scaled_dot_product*\"]", "[1]"), "kata.toml:4: forbidden: must be text"},
      {with("title = \"Masks\"", ""), "kata.toml:14: level.title: missing"},
      {"title = \"a\"\nsummary = \"b\"\nlevel = 3\n", "kata.toml:3: level: must be one [[level]]"},
      {"title = \"a\"\nsummary = \"b\"\nlevel = []\n", "kata.toml:3: level: must be one [[level]]"},
      {"title = \"a\"\nsummary = \"b\"\n", "level: missing"},
      {with("[limits]", "[limits"), "kata.toml:6: not TOML"},
  };
  for (const auto& [manifest, expected] : cases) {
    write_kata(manifest);
    EXPECT_NE(refusal().find(expected), std::string::npos)
        << "expected: " << expected << "\n     got: " << refusal();
  }
}

TEST_F(KataTest, NamesItsHeaderSet) {
  write_kata(with("[limits]", "headers = \"json\"\n[limits]"));
  EXPECT_EQ(load_kata(folder_.path(), "attention").headers, "json");
  write_kata(with("[limits]", "headers = \"jsno\"\n[limits]"));
  EXPECT_NE(refusal().find(
                "kata.toml:6: headers: must be one of tensors, json, cuda; did you mean 'json'"),
            std::string::npos);
}

TEST_F(KataTest, ADeviceBringsItsHeadersAndItsFileNames) {
  write_kata(with("[limits]", "device = \"cuda\"\n[limits]"));
  write("katas/attention/attention.cu", "");
  const Kata kata = load_kata(folder_.path(), "attention");
  EXPECT_EQ(kata.device, "cuda");
  EXPECT_EQ(kata.headers, "cuda");
  EXPECT_EQ(kata.attempt_name(), "attention.cu");
  EXPECT_EQ(kata.starter(), folder_.path() / "katas/attention/attention.cu");
  EXPECT_EQ(kata.reference(), folder_.path() / "reference/attention/attention.cu");
  EXPECT_EQ(kata.checks(1), folder_.path() / "reference/attention/checks_level1.cpp");
}

TEST_F(KataTest, AnUnknownDeviceOrHeadersBesideItAreRefused) {
  write_kata(with("[limits]", "device = \"cdua\"\n[limits]"));
  EXPECT_NE(refusal().find("kata.toml:6: device: must be one of cuda; did you mean 'cuda'"),
            std::string::npos)
      << refusal();
  write_kata(with("[limits]", "headers = \"json\"\ndevice = \"cuda\"\n[limits]"));
  EXPECT_NE(refusal().find("kata.toml:7: device: brings its own headers"), std::string::npos)
      << refusal();
}

TEST_F(KataTest, OtherFilesAreNamedAndThere) {
  const std::string manifest = with("[limits]", "files = [\"text.txt\"]\n[limits]");
  write_kata(manifest);
  EXPECT_NE(refusal().find("kata.toml:6: files: there is no 'text.txt'"), std::string::npos);
  write("katas/attention/text.txt", "words");
  EXPECT_EQ(load_kata(folder_.path(), "attention").files, std::vector<std::string>{"text.txt"});
  write_kata(with("[limits]", "files = [\"../secret\"]\n[limits]"));
  EXPECT_NE(refusal().find("files: '../secret' must be a plain name"), std::string::npos);
}

TEST_F(KataTest, FiveLevelsAreTooMany) {
  std::string manifest = kManifest;
  for (int i = 0; i < 3; ++i) manifest += "[[level]]\ntitle = \"more\"\npar_minutes = 1\n";
  write_kata(manifest);
  EXPECT_NE(refusal().find("at most 4 levels"), std::string::npos) << refusal();
}

TEST_F(KataTest, AnOversizedManifestIsRefusedUnread) {
  write_kata(std::string(1 << 20, '#'));
  EXPECT_NE(refusal().find("1048576 bytes"), std::string::npos) << refusal();
}

TEST_F(KataTest, AMissingContractIsNamed) {
  write_kata(kManifest);
  std::filesystem::remove(folder_.path() / "katas/attention/level2.h");
  EXPECT_NE(refusal().find("level2.h"), std::string::npos) << refusal();
}

TEST_F(KataTest, AnUnknownIdGetsTheNearestKnownOne) {
  write_kata(kManifest);
  EXPECT_NE(refusal("atention").find("did you mean 'attention'?"), std::string::npos);
  EXPECT_EQ(refusal("softmax").find("did you mean"), std::string::npos);
}

TEST_F(KataTest, AnIdIsNeverAPath) {
  write_kata(kManifest);
  for (const char* id : {"../katas/attention", "attention/", ".", "", "/etc", "a\nb"}) {
    EXPECT_NE(refusal(id).find("there is no kata"), std::string::npos) << id;
  }
}

TEST_F(KataTest, IdsAreSortedAndOnlyFoldersWithAManifestCount) {
  write_kata(kManifest);
  write("katas/adam/kata.toml", "");
  write("katas/README.md", "");
  write("katas/drafts/notes.md", "");
  EXPECT_EQ(kata_ids(folder_.path()), (std::vector<std::string>{"adam", "attention"}));
}

}  // namespace
}  // namespace unaided
