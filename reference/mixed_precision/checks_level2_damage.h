#pragma once

// The checks of files that are no whole checkpoint of this run. A part of checks_level2.cpp.

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "level2.h"
#include "run_cases.h"
#include "support/probe.h"
#include "support/random_tensors.h"
#include "support/tensor_match.h"

namespace damage_checks {

using run_cases::expect_refused_bytes;
using run_cases::Reason;
using run_cases::saved;
using run_cases::SmallRun;
using run_cases::Tensors;
using run_cases::TrainingRun;
using step_cases::expect_that;
using step_cases::parameter;
using support::RandomTensors;

constexpr std::size_t kHeader = 12;  // "KATACKPT" and the version

inline std::string header(std::uint32_t version) {
  std::string bytes = "KATACKPT";
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(version >> shift & 0xff);
  return bytes;
}

TEST(FileFormat, BeginsWithNameAndVersion) {
  RandomTensors random;
  const SmallRun run(random);
  const std::string bytes = saved(run);
  std::string first;
  for (const char byte : bytes.substr(0, kHeader)) {
    first += " " + std::to_string(static_cast<unsigned char>(byte));
  }
  expect_that(bytes.size() > kHeader && bytes.substr(0, kHeader) == header(1),
              "the file must begin with KATACKPT (75 65 84 65 67 75 80 84) and the bytes 1 0 0 0, "
              "and go on after them; got " +
                  std::to_string(bytes.size()) + " bytes that begin with" + first);
}

TEST(DamagedFile, CutOffAfterAnyByte) {
  RandomTensors random;
  SmallRun run(random);
  const std::string bytes = saved(run);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::string what = "the first " + std::to_string(length) + " of " +
                             std::to_string(bytes.size()) + " bytes of a checkpoint";
    if (!expect_refused_bytes(what, run, bytes.substr(0, length), Reason::kDamaged)) return;
  }
}

TEST(DamagedFile, AnyByteChanged) {
  RandomTensors random;
  SmallRun run(random);
  const std::string bytes = saved(run);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const Reason reason = at < 8         ? Reason::kForeign
                          : at < kHeader ? Reason::kVersion
                                         : Reason::kDamaged;
    std::string changed = bytes;  // in one bit, or in all of the byte
    changed[at] ^= static_cast<char>(at % 2 == 0 ? 1 << random.integer(0, 7) : 0xff);
    const std::string what = "a checkpoint with its byte " + std::to_string(at) + " of " +
                             std::to_string(bytes.size()) + " changed";
    if (!expect_refused_bytes(what, run, changed, reason)) return;
  }
}

TEST(DamagedFile, SwappedOrZeroed) {
  RandomTensors random;
  SmallRun run(random);
  const std::string bytes = saved(run);
  const auto refuse = [&](const std::string& what, const std::string& changed) {
    if (changed == bytes) return true;  // equal bytes were swapped
    return expect_refused_bytes("a checkpoint with " + what, run, changed, Reason::kDamaged);
  };
  for (const std::size_t width : {1, 2, 4, 8}) {
    for (std::size_t at = kHeader; at + 2 * width <= bytes.size(); at += 3) {
      std::string swapped = bytes;
      for (std::size_t i = 0; i < width; ++i) std::swap(swapped[at + i], swapped[at + width + i]);
      const std::string count = std::to_string(width), place = std::to_string(at);
      if (!refuse(count + " and " + count + " bytes swapped at byte " + place, swapped)) return;
    }
  }
  for (std::size_t from = kHeader; from < bytes.size(); from += 5) {
    for (const std::size_t length : {std::size_t{16}, bytes.size()}) {  // a piece, or all the rest
      std::string zeroed = bytes;
      for (std::size_t i = from; i < std::min(bytes.size(), from + length); ++i) zeroed[i] = 0;
      if (!refuse("zeros from byte " + std::to_string(from), zeroed)) return;
    }
  }
}

TEST(DamagedFile, LongerThanItWas) {
  RandomTensors random;
  SmallRun run(random);
  const std::string bytes = saved(run);
  for (const std::string& more : {std::string(1, '\0'), std::string(8, '\0'), std::string("x"),
                                  std::string(512, '\0'), bytes, bytes.substr(kHeader)}) {
    const std::string what = "a checkpoint with " + std::to_string(more.size()) + " more bytes";
    if (!expect_refused_bytes(what, run, bytes + more, Reason::kDamaged)) return;
  }
}

TEST(DamagedFile, HeaderWithAnythingAfterIt) {
  // Lengths that nothing vouches for must not be believed.
  RandomTensors random;
  SmallRun run(random);
  std::mt19937_64 generator = support::seeded_generator();
  const support::AllocationProbe probe;
  for (int round = 0; round < 60; ++round) {
    std::string bytes = header(1);
    const auto length = static_cast<std::size_t>(random.integer(0, 120));
    const std::int64_t style = random.integer(0, 2);
    for (std::size_t i = 0; i < length; ++i) {
      bytes += style == 0 ? '\xff' : style == 1 ? '\x7f' : static_cast<char>(generator());
    }
    const std::string what = "a checkpoint's header with " + std::to_string(length) +
                             " bytes after it that never were a checkpoint";
    if (!expect_refused_bytes(what, run, bytes, Reason::kDamaged)) return;
  }
  expect_that(probe.largest_bytes() < (1 << 20), "loading damaged files of 132 bytes allocated " +
                                                     std::to_string(probe.largest_bytes()) +
                                                     " bytes at once, expected less than 1048576");
}

TEST(ForeignFile, IsRefused) {
  RandomTensors random;
  SmallRun run(random);
  const std::string bytes = saved(run);
  const std::vector<std::string> files{
      "k",
      "hello",
      "KATAckpt",
      "KATACKPS" + bytes.substr(8),
      " " + bytes,
      bytes.substr(1),
      std::string("\x80\x02\x8a\x0a", 4),                       // a pickle
      std::string("PK\x03\x04", 4) + std::string(100, '\0'),    // a zip, as torch.save writes
      std::string("\x89PNG\r\n\x1a\n") + std::string(64, 'x'),  // an image
      std::string(1, '\0'),
      std::string(4096, '\0')};
  for (const std::string& file : files) {
    const std::string what =
        "a file of " + std::to_string(file.size()) + " bytes that does not begin with KATACKPT";
    if (!expect_refused_bytes(what, run, file, Reason::kForeign)) return;
  }
}

TEST(OtherVersion, IsRefused) {
  RandomTensors random;
  SmallRun run(random);
  const std::string bytes = saved(run);
  for (const std::uint32_t version : {2U, 0U, 3U, 256U, 65537U, 0x80000001U, 0xffffffffU}) {
    const std::string what = "a checkpoint of version " + std::to_string(version);
    const bool refused =
        expect_refused_bytes(what, run, header(version) + bytes.substr(kHeader),
                             Reason::kVersion) &&
        expect_refused_bytes(what + " with nothing else", run, header(version), Reason::kVersion) &&
        expect_refused_bytes(what + " in another format", run, header(version) + "{\"step\": 3}",
                             Reason::kVersion);
    if (!refused) return;
  }
  for (const std::size_t length : {8, 9, 11}) {  // that could still become any version
    const std::string what = "the first " + std::to_string(length) + " bytes of another version";
    if (!expect_refused_bytes(what, run, header(2).substr(0, length), Reason::kDamaged)) return;
  }
}

TEST(MissingFile, IsRefused) {
  RandomTensors random;
  SmallRun run(random);
  crash_disk::CrashDisk disk;
  run_cases::expect_refused("a file that is not there", run, disk, "run", Reason::kMissing);
  run.save(disk);
  run_cases::expect_refused("a file that is not there", run, disk, "ru", Reason::kMissing);
}

TEST(OtherRun, IsRefusedAndChangesNothing) {
  RandomTensors random;
  const auto p = [&](const std::vector<std::int64_t>& sizes,
                     torch::ScalarType dtype = torch::kFloat32) {
    return random.normal(sizes, dtype);
  };
  const auto counter = [&] { return torch::tensor(random.integer(1, 9)); };
  const struct {
    const char* what;
    Tensors parameters, state;
  } cases[] = {
      {"one parameter less", {p({2, 3})}, {p({2, 3}), counter()}},
      {"one parameter more", {p({2, 3}), p({4}), p({1})}, {p({2, 3}), counter()}},
      {"one state tensor less", {p({2, 3}), p({4})}, {p({2, 3})}},
      {"one state tensor more", {p({2, 3}), p({4})}, {p({2, 3}), counter(), counter()}},
      {"no tensors", {}, {}},
      {"a parameter that is a state tensor here", {p({2, 3}), p({4}), p({2, 3})}, {counter()}},
      {"a state tensor that is a parameter here", {p({2, 3})}, {p({4}), p({2, 3}), counter()}},
      {"parameter 0 turned", {p({3, 2}), p({4})}, {p({2, 3}), counter()}},
      {"parameter 0 flat", {p({6}), p({4})}, {p({2, 3}), counter()}},
      {"parameter 1 smaller", {p({2, 3}), p({1})}, {p({2, 3}), counter()}},
      {"parameter 1 with one dimension more", {p({2, 3}), p({1, 4})}, {p({2, 3}), counter()}},
      {"parameter 1 in float64", {p({2, 3}), p({4}, torch::kFloat64)}, {p({2, 3}), counter()}},
      {"parameter 1 in float16", {p({2, 3}), p({4}, torch::kFloat16)}, {p({2, 3}), counter()}},
      {"the last state tensor in float64",
       {p({2, 3}), p({4})},
       {p({2, 3}), counter().to(torch::kFloat64)}},
      {"the last state tensor of size 1", {p({2, 3}), p({4})}, {p({2, 3}), counter().reshape({1})}},
  };
  TrainingRun run({parameter(p({2, 3})), parameter(p({4}))}, {p({2, 3}), counter()}, {64, 1});
  for (const auto& other : cases) {
    const TrainingRun from(other.parameters, other.state, {32, 7});
    const std::string bytes = saved(from);
    const std::string what = std::string("a checkpoint of a run with ") + other.what;
    if (!expect_refused_bytes(what, run, bytes, Reason::kMismatch)) return;
    std::string damaged = bytes;
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    if (!expect_refused_bytes(what + ", damaged", run, damaged, Reason::kDamaged)) return;
  }
}

}  // namespace damage_checks
