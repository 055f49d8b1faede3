#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "admission.h"
#include "compiler.h"
#include "device_choice.h"
#include "grader.h"
#include "resident_compiler.h"
#include "temporary_folder.h"
#include "worker_link.h"

namespace unaided {

/// What a grader owns, and the steps of its work; for grader.cpp alone.
struct Grader::State {
  State(const Installation& installation, const Kata& kata, const Options& options);

  /// Finds the device, the headers and the compiler; once.
  void prepare();
  /// The running worker, or a new one.
  WorkerLink& worker();
  Build build(std::vector<Source> sources, int contracts, bool of_record,
              const CancelToken* cancel);
  /// Makes C++ of CUDA where the device is emulated. False when it cannot, with the reason.
  bool translate(std::vector<Source>& sources, Build& refused) const;
  void settle() const {
    if (options.resident) options.resident->settle(options.resident_slot);
  }
  void run_checks(const GradeRequest& request, const Build& build, const VerdictSink& sink,
                  const CancelToken* cancel, GradeReport& report);
  /// Adds to the first check that crashed the line where AddressSanitizer sees it happen.
  void locate_crash(const GradeRequest& request, const CancelToken* cancel, GradeReport& report);
  /// Throws Fault where that tool cannot be had here.
  void require_tool(const std::string& sanitizer);
  /// Has the checks run once more under a tool, where one was asked for.
  void watch_checks(const GradeRequest& request, const Build& build, const CancelToken* cancel,
                    GradeReport& report) const;
  /// What the worker is asked: to run checks, or the candidate's main.
  nlohmann::json run_message(const GradeRequest& request, const Build& build,
                             const GradeReport& report) const;
  nlohmann::json main_message(const Build& build) const;

  Installation installation;
  Kata kata;
  Options options;
  bool enforced;
  TemporaryFolder scratch;
  std::optional<HeaderCache> headers;
  std::optional<CheckDevice> device;  // a real one
  std::optional<Compiler> compiler;
  std::optional<Admission> admission;
  std::optional<WorkerLink> link;
};

}  // namespace unaided
