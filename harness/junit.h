#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "verdict.h"

namespace unaided {

/// Reports as JUnit XML, the form that continuous integration reads: a suite for each attempt, a
/// case for each check; an attempt that reached no check has one case, "attempt". What fell short
/// is a failure, what was not judged an error, never a skipped case, which readers count as well.
/// Suites go to the disk as they come; the file appears under its name, whole, with finish().
class JunitFile {
 public:
  /// Throws Fault when nothing can be written there.
  explicit JunitFile(std::filesystem::path file);
  /// Removes what was not finished.
  ~JunitFile();
  JunitFile(const JunitFile&) = delete;
  JunitFile& operator=(const JunitFile&) = delete;

  void add(const std::string& attempt, const GradeReport& report);
  /// Throws Fault (disk full).
  void finish();

 private:
  std::string head() const;

  std::filesystem::path file_;
  std::filesystem::path part_;
  std::ofstream stream_;
  int tests_ = 0;
  int failures_ = 0;
  int errors_ = 0;
  double seconds_ = 0;
};

/// `text` as XML 1.0 may hold it: well-formed UTF-8 without the characters that not even a
/// character reference may name. What is not becomes "?" or U+FFFD.
std::string xml_text(std::string_view text);

}  // namespace unaided
