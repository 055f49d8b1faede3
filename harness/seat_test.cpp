#include "seat.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "fault.h"
#include "temporary_folder.h"

namespace unaided {
namespace {

TEST(SeatTest, TheInfoIsReadOnlyWhenItIsWhole) {
  const std::string whole = R"({"child-pid": 123, "pid-namespace": 4026532189})";
  const auto info = parse_seat_info(whole);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->pid, 123);
  EXPECT_EQ(info->pid_namespace, 4026532189U);
  EXPECT_FALSE(parse_seat_info(whole.substr(0, 20)).has_value());
  EXPECT_FALSE(parse_seat_info("").has_value());
  EXPECT_FALSE(parse_seat_info("{}").has_value());
  EXPECT_FALSE(read_seat_info("/nonexistent").has_value());
}

TEST(SeatTest, TheCommandKeepsWhatIsToRunApart) {
  const std::vector<std::string> expected{"/p",    "seat", "--plan", "/plan", "--info",
                                          "/info", "--",   "vim",    "--plan"};
  EXPECT_EQ(seat_command("/p", "/plan", "/info", {"vim", "--plan"}), expected);
}

TEST(SeatTest, ADotfileIsNotLedElsewhere) {
  const TemporaryFolder folder;
  SealPlan plan;
  plan.home = folder.path();
  plan.dotfiles = {{"/etc/hostname", ".config/init.vim"}};
  std::filesystem::create_symlink("/etc", folder.path() / ".config");
  EXPECT_THROW(take_seat(plan, "", {"/bin/true"}), Fault);
  plan.dotfiles = {{"/etc/hostname", "../init.vim"}};
  EXPECT_THROW(take_seat(plan, "", {"/bin/true"}), Fault);
}

TEST(SeatTest, AProcessOfThisMachineIsNotInside) {
  SeatInfo seat;
  EXPECT_FALSE(inside_seat(getpid(), seat));
  seat.pid_namespace = namespace_of(getpid(), "pid");
  EXPECT_TRUE(inside_seat(getpid(), seat));
  EXPECT_EQ(namespace_of(-1, "pid"), 0U);
}

}  // namespace
}  // namespace unaided
