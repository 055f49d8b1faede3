#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "level1.h"

namespace kata {

/// The disk could not do what it was asked for: it is full, or there is no such file.
class DiskError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Files by name, and what remains of them when the machine crashes. Every operation may throw
/// DiskError, and any of them may be the last one before a crash, or be interrupted by it.
class Disk {
 public:
  virtual ~Disk() = default;

  /// The whole contents, as last written; nothing if there is no such file.
  virtual std::optional<std::string> read(const std::string& name) const = 0;

  /// Makes the file with these contents; if there is one, overwrites it where it lies. Until
  /// sync(name) has returned, a crash may leave in it what was there, nothing, a part of the new
  /// contents, or zeros in the place of a part.
  virtual void write(const std::string& name, const std::string& bytes) = 0;

  /// After it the contents of this file survive a crash, under whatever name.
  virtual void sync(const std::string& name) = 0;

  /// In one go: `to` names what `from` named, what `to` named before is gone. It says nothing about
  /// contents: those that were not synced can still be lost.
  virtual void rename(const std::string& from, const std::string& to) = 0;

  /// The file is gone. Nothing happens if there is none.
  virtual void remove(const std::string& name) = 0;

  /// After it all changes of names so far (files made, renamed, removed) survive a crash. Of those
  /// since the last sync_names() a crash leaves the first few, in order: none, some or all.
  virtual void sync_names() = 0;
};

/// Why a checkpoint was not loaded. what() contains the file's name.
class CheckpointError : public std::runtime_error {
 public:
  enum class Reason {
    kMissing,   // there is no such file
    kForeign,   // its first bytes, up to 8, are not those of "KATACKPT": not a checkpoint
    kVersion,   // a checkpoint of another version
    kDamaged,   // cut off, too long, or changed
    kMismatch,  // whole, but of a run with other tensors
  };

  CheckpointError(Reason reason, const std::string& what)
      : std::runtime_error(what), reason_(reason) {}

  Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

/// The version that this code writes, and the only one that it reads.
inline constexpr std::uint32_t kCheckpointVersion = 1;

/// Writes optimizer.parameters(), optimizer.state() and trainer.scaler() into the file `name`. When
/// it has returned, the checkpoint survives any crash. If it is interrupted, by a crash or an error
/// of the disk, `name` is what it was before, or the new checkpoint, whole. A DiskError is passed
/// on, its type and its text unchanged.
///
/// The file begins with the 8 bytes "KATACKPT" and kCheckpointVersion as a uint32, little-endian;
/// the rest is up to the implementation. It alone holds the checkpoint. Other files that are needed
/// on the way have names that begin with name + ".": such names are save_checkpoint's alone. What
/// an interrupted save left of them does not disturb, and when save has returned none is there.
void save_checkpoint(Disk& disk, const std::string& name, const Optimizer& optimizer,
                     const Trainer& trainer);

/// Puts everything back, bit for bit: into the tensors of parameters() and state(), in place, and
/// by trainer.set_scaler(), once. Throws CheckpointError with the first reason that applies, in the
/// order of Reason; then no tensor has changed and set_scaler() was not called. A DiskError of
/// read() is passed on as above.
void load_checkpoint(const Disk& disk, const std::string& name, Optimizer& optimizer,
                     Trainer& trainer);

// Given, to try things out with. The checks use another one, which crashes.

/// A disk in memory.
class MemoryDisk : public Disk {
 public:
  std::optional<std::string> read(const std::string& name) const override {
    const auto file = files.find(name);
    return file == files.end() ? std::nullopt : std::optional(file->second);
  }

  void write(const std::string& name, const std::string& bytes) override { files[name] = bytes; }

  void sync(const std::string& name) override {
    if (files.count(name) == 0) throw DiskError("sync: no file " + name);
  }

  void rename(const std::string& from, const std::string& to) override {
    if (files.count(from) == 0) throw DiskError("rename: no file " + from);
    std::string bytes = files[from];
    files.erase(from);
    files[to] = std::move(bytes);
  }

  void remove(const std::string& name) override { files.erase(name); }

  void sync_names() override {}

  std::map<std::string, std::string> files;
};

}  // namespace kata
