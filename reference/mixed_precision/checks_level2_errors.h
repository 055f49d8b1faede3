#pragma once

// The checks of what the disk throws, and of files that belong to somebody else. A part of
// checks_level2.cpp.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "checks_level2_crash.h"
#include "crash_disk.h"
#include "level2.h"
#include "run_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace crash_checks {

/// What is wrong with an error that should have been passed on as the disk threw it, with `text`.
inline std::string changes_of(const kata::DiskError& error, const std::string& text) {
  if (error.what() != text) return std::string("got one with the text ") + error.what();
  const bool is_same_type = dynamic_cast<const crash_disk::DerivedDiskError*>(&error) != nullptr;
  return is_same_type ? "" : "got a plain DiskError: the derived type that the disk threw is lost";
}

TEST(DiskErrors, ArePassedOnAndLeaveTheOldOrTheNewCheckpoint) {
  RandomTensors random;
  const SmallRun old_run(random), new_run(random), next(random);
  SmallRun reader(random);
  for (int operation = 0; operation < kOperationsMax; ++operation) {
    const auto disk = disk_with(&old_run);
    disk->plan(Event::kDiskError, operation);
    const auto operation_name = [&] {
      const auto at = static_cast<std::size_t>(operation);
      return at < disk->operations.size() ? disk->operations[at] : "not reached";
    };
    std::string got = "nothing was thrown";
    try {
      new_run.save(*disk);
      if (static_cast<int>(disk->operations.size()) <= operation) return;  // it needs no more
    } catch (const kata::DiskError& e) {
      got = changes_of(e, "no space left: " + operation_name());
    } catch (const std::exception& e) {
      got = std::string("got another exception: ") + e.what();
    }
    const std::string what = "a save whose operation " + std::to_string(operation) + " (" +
                             operation_name() + ") threw DiskError";
    if (!got.empty()) {
      return support::fail(what + ": expected that DiskError, its text no space left: " +
                           operation_name() + ", " + got);
    }
    std::vector<Saved> all{{"the new checkpoint", new_run.numbers(), true},
                           {"the old one", old_run.numbers(), true}};
    if (!expect_loads(what + " and a crash", *disk, reader, all)) return;
    if (!expect_saves(what, *disk, next)) return;
    all = {{"that of the save that failed", new_run.numbers(), false},
           {"the old one", old_run.numbers(), false},
           {"the new checkpoint", next.numbers(), true}};
    if (!expect_loads(what + ", then a whole save", *disk, reader, all)) return;
  }
}

TEST(DiskErrors, OfReadArePassedOn) {
  struct Unreadable : CrashDisk {
    std::optional<std::string> read(const std::string& /*name*/) const override {
      throw crash_disk::DerivedDiskError("input/output error");
    }
  };
  RandomTensors random;
  SmallRun run(random);
  const Numbers before = run.numbers();
  const Unreadable disk;
  std::string got = "it was loaded";
  try {
    run.load(disk);
  } catch (const kata::DiskError& e) {
    got = changes_of(e, "input/output error");
  } catch (const std::exception& e) {
    got = std::string("got another exception: ") + e.what();
  }
  expect_that(got.empty(),
              "load_checkpoint when read() throws DiskError: expected the same "
              "DiskError with the text input/output error, " +
                  got);
  run.expect("after read() threw DiskError", before);
}

TEST(OtherFiles, StayAsTheyAre) {
  RandomTensors random;
  const SmallRun first(random), second(random), third(random);
  SmallRun reader(random);
  CrashDisk disk;
  const std::vector<std::string> others{"tmp", "checkpoint.tmp", "folder/ru", "run", "folder/runs"};
  for (const std::string& name : others) disk.put(name, "of somebody else");
  for (const SmallRun* run : {&first, &second}) {
    run->save(disk, "folder/run");
    run->save(disk, "folder/run2");
  }
  third.save(disk, "folder/run");
  for (const std::string& name : others) {
    expect_that(disk.read(name) == "of somebody else",
                "the file " + name +
                    " has changed by saving folder/run and folder/run2, expected it untouched");
  }
  for (const std::string& name : disk.touched) {
    const bool own = name == "folder/run" || name.rfind("folder/run.", 0) == 0 ||
                     name == "folder/run2" || name.rfind("folder/run2.", 0) == 0;
    if (!own)
      return support::fail(
          "saving folder/run and folder/run2 touched the file " + name +
          ", expected only these two and names that begin with one of them and a dot");
  }
  expect_that(disk.file_names().size() == others.size() + 2,
              "files after saving folder/run and folder/run2 on a disk with " +
                  step_cases::joined(others) + ": " + step_cases::joined(disk.file_names()));
  reader.expect_loaded("folder/run", disk, "folder/run", third.numbers());
  reader.expect_loaded("folder/run2", disk, "folder/run2", second.numbers());
}

}  // namespace crash_checks
