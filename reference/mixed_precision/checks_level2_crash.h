#pragma once

// The checks of saving with crashes at every operation. A part of checks_level2.cpp.

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

/// What some save was about.
struct Saved {
  std::string name;
  Numbers numbers;
  bool is_right;  // to be found now
};

inline std::string right_ones(const std::vector<Saved>& all, bool may_be_missing) {
  std::string text;
  for (const Saved& saved : all) {
    if (saved.is_right) text += (text.empty() ? "" : " or ") + saved.name;
  }
  return may_be_missing ? text + " or kMissing" : text;
}

/// Loads from every state that a crash now may leave: each must give one of those in `all` that are
/// right; with `may_be_missing` also kMissing. Returns false after the first that does not.
inline bool expect_loads(const std::string& what, const CrashDisk& disk, TrainingRun& reader,
                         const std::vector<Saved>& all, bool may_be_missing = false) {
  for (std::size_t changes = 0; changes < disk.name_states(); ++changes) {
    for (const auto& [unsynced, fate] : crash_disk::kUnsynced) {
      const auto after = disk.survivor(changes, unsynced);
      std::string problem = "got numbers that were never saved";
      reader.trainer.now = {};  // not what the last load has left
      try {
        reader.load(*after);
        for (const Saved& saved : all) {
          if (reader.is(saved.numbers)) problem = saved.is_right ? "" : "got " + saved.name;
        }
      } catch (const kata::CheckpointError& e) {
        problem = "got " + std::string(run_cases::text(e.reason()));
        if (may_be_missing && e.reason() == Reason::kMissing) problem.clear();
      } catch (const std::exception& e) {
        problem = "got another exception: " + std::string(e.what()).substr(0, 200);
      }
      if (problem.empty()) continue;
      support::fail("expected " + right_ones(all, may_be_missing) + ", " + problem + ", after " +
                    what + "; what was not synced is " + fate + "; " + std::to_string(changes) +
                    " of " + std::to_string(disk.name_states() - 1) + " changes of names survived");
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
  std::vector<Saved> all{{"the new checkpoint", new_run.numbers(), true}};
  if (has_old) all.push_back({"the old one", old_run.numbers(), true});
  for (int operation = 0; operation < kOperationsMax; ++operation) {
    for (const Event event : {Event::kCrashBefore, Event::kCrashAfter}) {
      const auto disk = disk_with(has_old ? &old_run : nullptr);
      if (!save_until(*disk, new_run, event, operation)) {
        expect_that(operation >= 2, "a save did " + std::to_string(operation) +
                                        " operations on the disk: nothing can be safe");
        return;
      }
      if (!expect_loads(story(*disk, event), *disk, reader, all, !has_old)) return;
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
  std::vector<Saved> all;
  for (const SmallRun* run : {&first, &second}) {
    disk.plan(Event::kNone, 0);
    run->save(disk);
    for (Saved& saved : all) saved = {"the old one", saved.numbers, false};
    all.push_back({"the new checkpoint", run->numbers(), true});
    if (!expect_loads(story(disk, Event::kNone), disk, reader, all)) return;
  }
}

TEST(Crash, ThenTheNextSaveWorks) {
  RandomTensors random;
  const SmallRun old_run(random), lost(random), next(random);
  SmallRun reader(random);
  const std::vector<Saved> all{{"the old one", old_run.numbers(), false},
                               {"that of the interrupted save", lost.numbers(), false},
                               {"the new checkpoint", next.numbers(), true}};
  for (int operation = 0; operation < kOperationsMax; ++operation) {
    const auto disk = disk_with(&old_run);
    if (!save_until(*disk, lost, Event::kCrashAfter, operation)) return;
    for (std::size_t changes = 0; changes < disk->name_states(); ++changes) {
      const auto after = disk->survivor(changes, crash_disk::Unsynced::kFirstHalf);
      const std::string crash = story(*disk, Event::kCrashAfter);
      if (!expect_saves(crash, *after, next)) return;
      const std::string what = crash + ", then a whole save";
      if (!expect_loads(what, *after, reader, all)) return;
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
  const std::vector<Saved> all{{"the old checkpoint", old_run.numbers(), true},
                               {"that of the first save", lost.numbers(), true},
                               {"of the second", next.numbers(), true}};
  for (int first = 0; first < kOperationsMax; ++first) {
    const auto disk = disk_with(&old_run);
    if (!save_until(*disk, lost, Event::kCrashAfter, first)) return;
    const auto after = disk->survivor(disk->name_states() - 1, crash_disk::Unsynced::kFirstHalf);
    const std::string before = story(*disk, Event::kCrashAfter) + ", then ";
    for (int second = 0; second < kOperationsMax; ++second) {
      const auto again = after->survivor(0, crash_disk::Unsynced::kAll);  // a copy
      if (!save_until(*again, next, Event::kCrashAfter, second)) break;
      const std::string what = before + story(*again, Event::kCrashAfter);
      if (!expect_loads(what, *again, reader, all)) return;
    }
  }
}

}  // namespace crash_checks
