#pragma once

// The checks of saving: crashes at every operation, disk errors, other files. A part of
// checks_level2.cpp.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "crash_disk.h"
#include "level2.h"
#include "run_cases.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace crash_checks {

using crash_disk::Crash;
using crash_disk::CrashDisk;
using run_cases::Numbers;
using run_cases::Reason;
using run_cases::SmallRun;
using run_cases::TrainingRun;
using step_cases::expect_that;
using support::RandomTensors;
using Event = CrashDisk::Event;

constexpr int kOperationsMax = 64;  // of one save

/// How often a save worked on the disk until `event` at `operation`; whether that was reached.
inline bool save_until(CrashDisk& disk, const TrainingRun& run, Event event, int operation) {
  disk.plan(event, operation);
  try {
    run.save(disk);
  } catch (const Crash&) {
    // the end of this program
  }
  return static_cast<int>(disk.operations.size()) > operation;
}

/// What was done before the crash, for the message.
inline std::string story(const CrashDisk& disk, Event event) {
  std::string text;
  for (const std::string& operation : disk.operations) {
    text += (text.empty() ? "" : ", ") + operation;
  }
  if (event == Event::kNone) return "a crash after a save that did: " + text;
  return std::string("a crash ") + (event == Event::kCrashBefore ? "before" : "after") +
         " the last of: " + text;
}

/// Loads from every state that a crash now may leave: each must give one of `allowed`; with
/// `may_be_missing` also kMissing. Returns false after the first that does not.
inline bool expect_loads(const std::string& what, const CrashDisk& disk, TrainingRun& reader,
                         const std::vector<Numbers>& allowed, bool may_be_missing = false) {
  for (std::size_t changes = 0; changes < disk.name_states(); ++changes) {
    for (const auto& [unsynced, fate] : crash_disk::kUnsynced) {
      const auto after = disk.survivor(changes, unsynced);
      std::string problem = "got numbers that were never saved";
      try {
        reader.load(*after);
        for (const Numbers& numbers : allowed) {
          if (reader.is(numbers)) problem.clear();
        }
      } catch (const kata::CheckpointError& e) {
        problem = "got " + std::string(run_cases::text(e.reason()));
        if (may_be_missing && e.reason() == Reason::kMissing) problem.clear();
      } catch (const std::exception& e) {
        problem = "got another exception: " + std::string(e.what()).substr(0, 200);
      }
      if (problem.empty()) continue;
      const char* wanted = may_be_missing        ? "the new checkpoint or kMissing"
                           : allowed.size() == 1 ? "the new checkpoint"
                                                 : "the old or the new checkpoint";
      support::fail("expected " + std::string(wanted) + ", " + problem + ", after " + what +
                    "; what was not synced is " + fate + "; " + std::to_string(changes) + " of " +
                    std::to_string(disk.name_states() - 1) + " changes of names survived");
      return false;
    }
  }
  return true;
}

/// A disk with the checkpoint of `old_run`, durable.
inline std::unique_ptr<CrashDisk> disk_with(const TrainingRun* old_run) {
  auto disk = std::make_unique<CrashDisk>();
  if (old_run != nullptr) disk->put("run", run_cases::saved(*old_run));
  return disk;
}

/// A whole save; whether it was one.
inline bool expect_saves(const std::string& after, CrashDisk& disk, const TrainingRun& run) {
  disk.plan(Event::kNone, 0);
  try {
    run.save(disk);
    return true;
  } catch (const std::exception& e) {
    support::fail("save_checkpoint after " + after +
                  " threw an exception: " + std::string(e.what()).substr(0, 200));
    return false;
  }
}

/// Crashes at every operation of a save; then everything that may remain is loaded.
inline void expect_old_or_new(RandomTensors& random, bool has_old) {
  const SmallRun old_run(random), new_run(random);
  SmallRun reader(random);
  std::vector<Numbers> allowed{new_run.numbers()};
  if (has_old) allowed.push_back(old_run.numbers());
  for (int operation = 0; operation < kOperationsMax; ++operation) {
    for (const Event event : {Event::kCrashBefore, Event::kCrashAfter}) {
      const auto disk = disk_with(has_old ? &old_run : nullptr);
      if (!save_until(*disk, new_run, event, operation)) {
        expect_that(operation >= 2, "a save did " + std::to_string(operation) +
                                        " operations on the disk: nothing can be safe");
        return;
      }
      if (!expect_loads(story(*disk, event), *disk, reader, allowed, !has_old)) return;
    }
  }
  support::fail("a save does more than " + std::to_string(kOperationsMax) + " operations");
}

TEST(Crash, LeavesTheOldOrTheNewCheckpoint) {
  RandomTensors random;
  expect_old_or_new(random, /*has_old=*/true);
}

TEST(Crash, OfTheFirstSaveLeavesNothingOrAll) {
  RandomTensors random;
  expect_old_or_new(random, /*has_old=*/false);
}

TEST(Crash, AfterSaveHasReturnedLosesNothing) {
  RandomTensors random;
  const SmallRun first(random), second(random);
  SmallRun reader(random);
  CrashDisk disk;
  for (const SmallRun* run : {&first, &second}) {
    disk.plan(Event::kNone, 0);
    run->save(disk);
    if (!expect_loads(story(disk, Event::kNone), disk, reader, {run->numbers()})) return;
  }
}

TEST(Crash, ThenTheNextSaveWorks) {
  RandomTensors random;
  const SmallRun old_run(random), lost(random), next(random);
  SmallRun reader(random);
  for (int operation = 0; operation < kOperationsMax; ++operation) {
    const auto disk = disk_with(&old_run);
    if (!save_until(*disk, lost, Event::kCrashAfter, operation)) return;
    for (std::size_t changes = 0; changes < disk->name_states(); ++changes) {
      const auto after = disk->survivor(changes, crash_disk::Unsynced::kFirstHalf);
      const std::string crash = story(*disk, Event::kCrashAfter);
      if (!expect_saves(crash, *after, next)) return;
      const std::string what = crash + ", then a whole save";
      if (!expect_loads(what, *after, reader, {next.numbers()})) return;
      const auto left = after->file_names();
      expect_that(left.size() == 1, "after " + what + " there are " + std::to_string(left.size()) +
                                        " files, expected only run: " + step_cases::joined(left));
    }
  }
}

TEST(Crash, AgainInTheNextSave) {
  RandomTensors random;
  const SmallRun old_run(random), lost(random), next(random);
  SmallRun reader(random);
  const std::vector<Numbers> allowed{old_run.numbers(), lost.numbers(), next.numbers()};
  for (int first = 0; first < kOperationsMax; ++first) {
    const auto disk = disk_with(&old_run);
    if (!save_until(*disk, lost, Event::kCrashAfter, first)) return;
    const auto after = disk->survivor(disk->name_states() - 1, crash_disk::Unsynced::kFirstHalf);
    const std::string before = story(*disk, Event::kCrashAfter) + ", then ";
    for (int second = 0; second < kOperationsMax; ++second) {
      const auto again = after->survivor(0, crash_disk::Unsynced::kAll);  // a copy
      if (!save_until(*again, next, Event::kCrashAfter, second)) break;
      const std::string what = before + story(*again, Event::kCrashAfter);
      if (!expect_loads(what, *again, reader, allowed)) return;
    }
  }
}

TEST(DiskErrors, ArePassedOnAndLeaveTheOldOrTheNewCheckpoint) {
  RandomTensors random;
  const SmallRun old_run(random), new_run(random), next(random);
  SmallRun reader(random);
  for (int operation = 0; operation < kOperationsMax; ++operation) {
    const auto disk = disk_with(&old_run);
    disk->plan(Event::kDiskError, operation);
    std::string got = "nothing was thrown";
    try {
      new_run.save(*disk);
      if (static_cast<int>(disk->operations.size()) <= operation) return;  // it needs no more
    } catch (const kata::DiskError&) {
      got.clear();
    } catch (const std::exception& e) {
      got = std::string("got another exception: ") + e.what();
    }
    const std::string what = "a save whose operation " + std::to_string(operation) + " (" +
                             disk->operations[static_cast<std::size_t>(operation)] +
                             ") threw DiskError";
    if (!got.empty()) return support::fail(what + ": expected DiskError, " + got);
    const std::vector<Numbers> allowed{old_run.numbers(), new_run.numbers()};
    if (!expect_loads(what + " and a crash", *disk, reader, allowed)) return;
    if (!expect_saves(what, *disk, next)) return;
    if (!expect_loads(what + ", then a whole save", *disk, reader, {next.numbers()})) return;
  }
}

TEST(DiskErrors, OfReadArePassedOn) {
  struct Unreadable : CrashDisk {
    std::optional<std::string> read(const std::string& /*name*/) const override {
      throw kata::DiskError("input/output error");
    }
  };
  RandomTensors random;
  SmallRun run(random);
  const Numbers before = run.numbers();
  const Unreadable disk;
  support::expect_throws<kata::DiskError>("load_checkpoint when read() throws DiskError",
                                          "DiskError", {}, [&] { run.load(disk); });
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
                "the file " + name + " has changed by saving folder/run and folder/run2");
  }
  for (const std::string& name : disk.touched) {
    const bool own = name == "folder/run" || name.rfind("folder/run.", 0) == 0 ||
                     name == "folder/run2" || name.rfind("folder/run2.", 0) == 0;
    if (!own) return support::fail("saving folder/run and folder/run2 touched the file " + name);
  }
  expect_that(disk.file_names().size() == others.size() + 2,
              "files after saving folder/run and folder/run2 on a disk with " +
                  step_cases::joined(others) + ": " + step_cases::joined(disk.file_names()));
  reader.expect_loaded("folder/run", disk, "folder/run", third.numbers());
  reader.expect_loaded("folder/run2", disk, "folder/run2", second.numbers());
}

}  // namespace crash_checks
