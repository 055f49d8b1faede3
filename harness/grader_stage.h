#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "grader.h"
#include "sandbox.h"
#include "surroundings.h"

// For tests: a warm grader of the miniature kata, and what was there before its attempts ran.
namespace unaided {

class GraderStage {
 public:
  /// The one with bubblewrap or the one without; made when first asked for, the other one closed.
  static GraderStage& of(bool sandbox);
  /// Ends the grader that is there.
  static void close();

  explicit GraderStage(bool sandbox);

  Grader& grader() { return *grader_; }
  /// What differs from the surroundings of the warm grader, after a moment in which the dying may
  /// die; empty when nothing does.
  std::string strays() const;

 private:
  std::unique_ptr<Grader> grader_;
  Surroundings before_;
};

}  // namespace unaided
