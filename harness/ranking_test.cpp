#include "ranking.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

Standing standing(const char* file, int passed, int total, Outcome outcome,
                  const char* reason = "") {
  return {file, "mini", outcome, passed, total, outcome_row(outcome).exit_code, reason};
}

std::vector<Standing> some_standings() {
  return {standing("link.cpp", 0, 0, Outcome::kNotRun, "link.cpp is a symbolic link"),
          standing("zoe.cpp", 4, 4, Outcome::kPassed),
          standing("typo.cpp", 0, 0, Outcome::kCompileError, "typo.cpp:1:1: error: x"),
          standing("bob.cpp", 2, 4, Outcome::kWrong, "Sums.Zeros"),
          standing("none.cpp", 0, 4, Outcome::kWrong, "Doubles.Zeros"),
          standing("ann.cpp", 4, 4, Outcome::kPassed)};
}

TEST(Rank, EqualsShareARankAndWhatWasNotJudgedHasNone) {
  std::vector<std::string> files;
  std::vector<int> ranks;
  for (const Ranked& ranked : rank(some_standings())) {
    files.push_back(ranked.standing.file);
    ranks.push_back(ranked.rank);
  }
  EXPECT_EQ(files, (std::vector<std::string>{"ann.cpp", "zoe.cpp", "bob.cpp", "none.cpp",
                                             "typo.cpp", "link.cpp"}));
  EXPECT_EQ(ranks, (std::vector<int>{1, 1, 3, 4, 5, 0}));
}

TEST(RenderRanking, IsATableWithCountsBelow) {
  EXPECT_EQ(render_ranking(rank(some_standings()), Terminal{}),
            " rank  attempt   kata      checks  verdict\n"
            "    1  ann.cpp   mini      4 of 4  + passed\n"
            "    1  zoe.cpp   mini      4 of 4  + passed\n"
            "    3  bob.cpp   mini      2 of 4  x wrong: Sums.Zeros\n"
            "    4  none.cpp  mini      0 of 4  x wrong: Doubles.Zeros\n"
            "    5  typo.cpp  mini           -  x compile error: typo.cpp:1:1: error: x\n"
            "    -  link.cpp  mini           -  ? not run: link.cpp is a symbolic link\n"
            "\n"
            "6 attempts: 2 passed, 3 fell short, 1 not judged\n");
}

TEST(RenderRanking, DisarmsNamesAndReasonsAndKeepsTheEndOfALongName) {
  const std::string file = "\x1b[2J\n" + std::string(100, 'x') + "/ann.cpp";
  const std::string text =
      render_ranking(rank({standing(file.c_str(), 0, 0, Outcome::kWrong, "a\nb\x1b")}), Terminal{});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("xx/ann.cpp  mini"), std::string::npos) << text;
  EXPECT_NE(text.find("...xx"), std::string::npos) << text;
  EXPECT_NE(text.find("wrong: a?b?\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace unaided
