#pragma once

// A disk that crashes or fails at an operation of choice, and every state that the contract lets a
// crash leave behind.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "level2.h"

namespace crash_disk {

/// What a crash throws into the program: nothing that a handler of errors would catch.
struct Crash {};

/// What an error of this disk is: a type that the attempt has never heard of.
class DerivedDiskError : public kata::DiskError {
 public:
  using kata::DiskError::DiskError;
};

/// What a crash makes of contents that were not synced.
enum class Unsynced { kAsBefore, kNothing, kFirstHalf, kSecondHalfZeros, kAll };

inline constexpr std::pair<Unsynced, const char*> kUnsynced[] = {
    {Unsynced::kAsBefore, "as before the write"},
    {Unsynced::kNothing, "lost"},
    {Unsynced::kFirstHalf, "cut off"},
    {Unsynced::kSecondHalfZeros, "torn with zeros at the end"},
    {Unsynced::kAll, "written in full"},
};

class CrashDisk : public kata::Disk {
 public:
  enum class Event { kNone, kCrashBefore, kCrashAfter, kDiskError };

  CrashDisk() = default;
  CrashDisk(const CrashDisk&) = delete;
  CrashDisk& operator=(const CrashDisk&) = delete;

  /// This happens at the operation with this number, counted from 0 from now on.
  void plan(Event event, int operation) {
    event_ = event;
    planned_ = operation;
    operations.clear();
  }

  std::optional<std::string> read(const std::string& name) const override {
    const auto file = names_.find(name);
    if (file == names_.end()) return std::nullopt;
    return file->second->now;
  }

  void write(const std::string& name, const std::string& bytes) override {
    perform("write " + name, name, [&](bool half) {
      std::shared_ptr<File>& file = names_[name];
      if (!file) {
        file = std::make_shared<File>();
        changes_.push_back({"", name, file});
      }
      file->now = half ? bytes.substr(0, bytes.size() / 2) : bytes;
      file->synced = false;
    });
  }

  void sync(const std::string& name) override {
    perform("sync " + name, name, [&](bool half) {
      if (half) return;
      File& file = existing(name);
      file.durable = file.now;
      file.synced = true;
    });
  }

  void rename(const std::string& from, const std::string& to) override {
    touched.push_back(to);
    perform("rename " + from + " " + to, from, [&](bool half) {
      if (half) return;
      existing(from);
      const std::shared_ptr<File> file = names_[from];
      names_.erase(from);
      names_[to] = file;
      changes_.push_back({from, to, file});
    });
  }

  void remove(const std::string& name) override {
    perform("remove " + name, name, [&](bool half) {
      if (half || names_.erase(name) == 0) return;
      changes_.push_back({name, "", nullptr});
    });
  }

  void sync_names() override {
    perform("sync_names", "", [&](bool half) {
      if (half) return;
      durable_names_ = names_;
      changes_.clear();
    });
  }

  /// How many states of the names a crash may leave: with the first 0, 1, … changes.
  std::size_t name_states() const { return changes_.size() + 1; }

  /// The disk after a crash and a restart: all that is there is durable.
  std::unique_ptr<CrashDisk> survivor(std::size_t changes, Unsynced unsynced) const {
    Names names = durable_names_;
    for (std::size_t i = 0; i < changes; ++i) {
      if (!changes_[i].from.empty()) names.erase(changes_[i].from);
      if (!changes_[i].to.empty()) names[changes_[i].to] = changes_[i].file;
    }
    auto disk = std::make_unique<CrashDisk>();
    for (const auto& [name, file] : names) disk->put(name, remainder(*file, unsynced));
    return disk;
  }

  /// Makes or replaces a file that a crash does not reach.
  void put(const std::string& name, const std::string& bytes) {
    names_[name] = std::make_shared<File>(File{bytes, bytes, true});
    durable_names_[name] = names_[name];
  }

  std::vector<std::string> file_names() const {
    std::vector<std::string> all;
    for (const auto& entry : names_) all.push_back(entry.first);
    return all;
  }

  std::vector<std::string> operations;  // since plan(), readable
  std::vector<std::string> touched;     // names that operations were about

 private:
  struct File {
    std::string now, durable;
    bool synced = false;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  struct Change {
    std::string from, to;  // empty: made, removed
    std::shared_ptr<File> file;
  };

  template <typename Effect>
  void perform(const std::string& what, const std::string& name, const Effect& effect) {
    if (crashed_) return;
    const bool is_planned = static_cast<int>(operations.size()) == planned_;
    const Event event = is_planned ? event_ : Event::kNone;
    operations.push_back(what);
    if (!name.empty()) touched.push_back(name);
    if (event == Event::kDiskError) {
      effect(/*half=*/true);
      throw DerivedDiskError("no space left: " + what);
    }
    crashed_ = event == Event::kCrashBefore || event == Event::kCrashAfter;
    if (event != Event::kCrashBefore) effect(/*half=*/false);
    if (crashed_) throw Crash{};
  }

  File& existing(const std::string& name) {
    const auto file = names_.find(name);
    if (file == names_.end()) throw kata::DiskError("no file " + name);
    return *file->second;
  }

  static std::string remainder(const File& file, Unsynced unsynced) {
    if (file.synced) return file.now;
    const std::size_t half = file.now.size() / 2;
    switch (unsynced) {
      case Unsynced::kAsBefore:
        return file.durable;
      case Unsynced::kNothing:
        return "";
      case Unsynced::kFirstHalf:
        return file.now.substr(0, half);
      case Unsynced::kSecondHalfZeros:
        return file.now.substr(0, half) + std::string(file.now.size() - half, '\0');
      case Unsynced::kAll:
        break;
    }
    return file.now;
  }

  Names names_, durable_names_;
  std::vector<Change> changes_;  // of names, since the last sync_names()
  Event event_ = Event::kNone;
  int planned_ = -1;
  bool crashed_ = false;
};

}  // namespace crash_disk
