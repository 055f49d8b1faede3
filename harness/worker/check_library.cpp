// Compiled into every checks library. GoogleTest keeps the registry; a check's level is in its
// file's name, and its tags are prefixes of its name: EXAMPLE_ and SLOW_.
#include "check_library.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Entry {
  std::string full_name;  // as GoogleTest knows it
  std::string behaviour;
  std::string name;
  int level = 0;
  bool example = false;
  bool slow = false;
};

bool take_prefix(std::string& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.erase(0, prefix.size());
  return true;
}

int level_of(const std::string& file) {
  constexpr std::string_view kMark = "checks_level";
  const std::size_t at = file.rfind(kMark);
  return at == std::string::npos ? 0 : file[at + kMark.size()] - '0';
}

std::vector<Entry> find_checks() {
  std::vector<Entry> entries;
  const testing::UnitTest& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *all.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const testing::TestInfo& info = *suite.GetTestInfo(j);
      Entry entry{.full_name = std::string(suite.name()) + "." + info.name(),
                  .behaviour = suite.name(),
                  .name = info.name(),
                  .level = level_of(info.file())};
      entry.example = take_prefix(entry.name, "EXAMPLE_");
      entry.slow = take_prefix(entry.name, "SLOW_");
      entries.push_back(entry);
    }
  }
  return entries;
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> found = find_checks();
  return found;
}

/// GoogleTest's words for a failure, without what says nothing to a candidate.
std::string plain_words(std::string message) {
  constexpr std::string_view kFailed = "Failed\n";
  constexpr std::string_view kDescribed = "C++ exception with description \"";
  constexpr std::string_view kThrown = "\" thrown in the test body";
  if (message.starts_with(kFailed)) message.erase(0, kFailed.size());
  // LibTorch appends a stack of its own functions to its errors.
  message.erase(std::min(message.find("\nException raised from "), message.size()));
  if (message.starts_with(kDescribed)) {
    message.erase(std::min(message.rfind(kThrown), message.size()));
    return "threw an exception: " + message.substr(kDescribed.size());
  }
  if (message.starts_with("Unknown C++ exception")) {
    return "threw something that is not a std::exception";
  }
  return message;
}

/// Hands each failure on; nothing of GoogleTest's own output is printed.
class FailureListener : public testing::EmptyTestEventListener {
 public:
  FailureListener(void (*failed)(void*, const char*), void* context)
      : failed_(failed), context_(context) {}

  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (result.failed()) failed_(context_, plain_words(result.message()).c_str());
  }

 private:
  void (*failed_)(void*, const char*);
  void* context_;
};

int run_check(int index, void (*failed)(void* context, const char* message), void* context) {
  testing::UnitTest& all = *testing::UnitTest::GetInstance();
  testing::GTEST_FLAG(filter) = entries().at(static_cast<std::size_t>(index)).full_name;
  testing::TestEventListeners& listeners = all.listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new FailureListener(failed, context));
  // The failures have been handed on; the return value says nothing more.
  [[maybe_unused]] const int failures = RUN_ALL_TESTS();
  return all.test_to_run_count();
}

UnaidedCheckLibrary make_library() {
  int argc = 1;
  std::string name = "checks";
  char* argv[] = {name.data(), nullptr};
  testing::InitGoogleTest(&argc, argv);
  static std::vector<UnaidedCheck> checks;
  for (const Entry& entry : entries()) {
    checks.push_back(
        {entry.level, entry.behaviour.c_str(), entry.name.c_str(), entry.example, entry.slow});
  }
  return {static_cast<int>(checks.size()), checks.data(), run_check};
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const UnaidedCheckLibrary*
unaided_check_library() {
  static const UnaidedCheckLibrary library = make_library();
  return &library;
}
