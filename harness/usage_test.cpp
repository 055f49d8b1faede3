#include "usage.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

class UsageTest : public testing::Test {
 protected:
  UsageTest() : app_("Practise.", "unaided") {
    app_.formatter(std::make_shared<UsageFormatter>("./unaided"));
    app_.add_option("--color", colour_);
    app_.fallthrough();
    app_.require_subcommand(0, 1);
    app_.add_subcommand("list", "what there is")->group("Look");
    app_.add_subcommand("start", "sit down")->group("Practise")->add_option("kata", kata_);
    app_.add_subcommand("secret", "not shown")->group("");
    CLI::App* dev = app_.add_subcommand("dev", "for authors")->group("Authors");
    dev->require_subcommand(1);
    dev->add_subcommand("verify", "prove a kata");
  }

  std::string refusal(const std::string& line) {
    try {
      app_.parse(line);
    } catch (const CLI::ParseError& error) {
      return explain_usage_error(app_, error, "./unaided");
    }
    return "";
  }

  CLI::App app_;
  std::string colour_;
  std::string kata_;
};

TEST_F(UsageTest, AMisspeltCommandGetsTheNearestOne) {
  EXPECT_EQ(refusal("lst"), "unknown command 'lst'; did you mean 'list'? (see ./unaided --help)");
  EXPECT_EQ(refusal("dev verfy"),
            "unknown command 'verfy'; did you mean 'verify'? (see ./unaided dev --help)");
}

TEST_F(UsageTest, AMisspeltOptionGetsTheNearestOneOfItsCommandOrTheProgram) {
  EXPECT_EQ(refusal("list --colr=never"),
            "unknown option '--colr=never'; did you mean '--color'? (see ./unaided list --help)");
}

TEST_F(UsageTest, AnArgumentTooManyIsNamed) {
  EXPECT_EQ(refusal("start one two"), "unknown argument 'two' (see ./unaided start --help)");
}

TEST_F(UsageTest, AMissingSubcommandPointsToTheHelp) {
  EXPECT_NE(refusal("dev").find("(see ./unaided dev --help)"), std::string::npos);
}

TEST_F(UsageTest, TheHelpShowsCommandsByGroupInOrderOfAppearance) {
  const std::string help = app_.help();
  EXPECT_NE(help.find("\nLook\n  list        what there is\n"), std::string::npos) << help;
  EXPECT_LT(help.find("\nLook\n"), help.find("\nPractise\n")) << help;
  EXPECT_EQ(help.find("secret"), std::string::npos) << help;
  EXPECT_NE(help.find("./unaided start attention"), std::string::npos) << help;
}

TEST_F(UsageTest, TheHelpOfACommandShowsHowToCallIt) {
  const std::string help = app_.get_subcommand("dev")->get_subcommand("verify")->help();
  EXPECT_NE(help.find("Usage: ./unaided dev verify"), std::string::npos) << help;
}

}  // namespace
}  // namespace unaided
