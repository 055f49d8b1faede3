#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "installation.h"

namespace unaided {

/// A header set, parsed once: a precompiled header, and a shared library of the inline functions in
/// it, so that an attempt's object holds the candidate's code alone.
struct HeaderCache {
  std::filesystem::path folder;   // in the user's cache, keyed by compiler, LibTorch, flags, text
  std::filesystem::path text;     // headers.h: the set itself
  std::filesystem::path warm_up;  // warm_up.h: headers.h and what attempts commonly do with it
  std::filesystem::path header;   // headers.pch, of headers.h
  std::filesystem::path library;  // headers.so, of warm_up.h; loaded by the worker after LibTorch
  std::vector<std::string> attempt_flags = {};  // what attempts alone are compiled with
};

/// Finds or builds the cache of harness/attempt_headers/<set>.h; the build takes about 20 s, is
/// locked against other processes and is announced on stderr. Throws Fault when it fails.
HeaderCache ensure_header_cache(const Installation& installation, const std::string& set);

}  // namespace unaided
