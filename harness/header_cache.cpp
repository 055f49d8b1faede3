// Headers read once instead of at every save. Two things make it pay: the headers are precompiled
// with their templates instantiated, and their inline functions are compiled into a library of
// their own, so that an attempt's object holds nothing but the candidate's code. The library comes
// from the set's warm-up, a text that does what attempts commonly do: the templates that it
// instantiates are in the library too. LibTorch declares a few functions that it does not export;
// the library's references to them are made weak, since nothing calls them.
#include "header_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <future>

#include "compile_settings.h"
#include "fault.h"
#include "process.h"
#include "symbols.h"
#include "text_file.h"

namespace unaided {

namespace {

namespace fs = std::filesystem;

constexpr int kHeaderWallMsMax = 300'000;
constexpr std::size_t kHeaderTextBytesMax = 64 << 10;
/// What a card refuses and the host's processor does not: a float4 that is not aligned. The
/// emulated device has the function that is called then.
constexpr std::string_view kEmulatedSet = "cuda";
constexpr std::array kEmulatedFlags{"-fsanitize=alignment", "-fsanitize-minimal-runtime",
                                    "-fsanitize-recover=alignment"};

RunEnd run_tool(std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"};
  return run_bounded(command, kHeaderWallMsMax, kDiagnosticsBytesMax, nullptr);
}

void run_or_fault(const std::vector<std::string>& argv, const std::string& what) {
  const RunEnd end = run_tool(argv);
  if (end.succeeded()) return;
  throw Fault(what + " failed; run ./unaided doctor\n" + end.output.substr(0, 2000));
}

/// The set's own text, and that of its warm-up.
struct SetText {
  std::string headers;
  std::string warm_up;
};

SetText read_set(const Installation& installation, const std::string& set) {
  const fs::path folder = installation.root / "harness/attempt_headers";
  return {read_text_file(folder / (set + ".h"), kHeaderTextBytesMax),
          read_text_file(folder / (set + "_warm_up.h"), kHeaderTextBytesMax)};
}

std::string cache_key(const Installation& installation, const std::string& set,
                      const SetText& text) {
  const RunEnd version = run_tool({installation.clang.string(), "--version"});
  if (!version.succeeded()) throw Fault("cannot run " + installation.clang.string());
  // The folder, too: a precompiled header knows its own path and cannot be moved.
  std::string identity = version.output + installation.libtorch_version + cache_folder().string();
  for (const std::string& argument : compile_arguments(installation)) identity += argument + "\n";
  identity += text.headers + "\n" + text.warm_up;
  char hash[32];
  std::snprintf(hash, sizeof hash, "%016zx", std::hash<std::string>{}(identity));
  return "libtorch-" + installation.libtorch_version + "-" + set + "-" + hash;
}

/// Holds an exclusive lock on a file for its lifetime.
class FileLock {
 public:
  explicit FileLock(const fs::path& path)
      : file_(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {
    if (!file_) throw_errno("cannot open " + path.string());
    while (flock(file_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) throw_errno("cannot lock " + path.string());
    }
  }

 private:
  Descriptor file_;
};

void precompile(const Installation& installation, const fs::path& text, const fs::path& header) {
  std::vector<std::string> argv{installation.clang.string()};
  for (const std::string& argument : compile_arguments(installation)) argv.push_back(argument);
  const std::vector<std::string> rest{"-w",
                                      "-Xclang",
                                      "-fpch-instantiate-templates",
                                      "-fpch-codegen",
                                      "-x",
                                      "c++-header",
                                      text.string(),
                                      "-o",
                                      header.string()};
  argv.insert(argv.end(), rest.begin(), rest.end());
  run_or_fault(argv, "precompiling " + text.filename().string());
}

void build_library(const Installation& installation, const HeaderCache& cache,
                   const fs::path& library) {
  const std::string header = (cache.folder / "warm_up.pch").string();
  const std::string object = (cache.folder / "headers.o").string();
  const fs::path weak_names = cache.folder / "weak.txt";
  precompile(installation, cache.warm_up, header);
  run_or_fault({installation.clang.string(), "-O0", "-fPIC", "-w", "-c", header, "-o", object},
               "compiling the headers' inline functions");
  std::string weak;
  for (const std::string& name : read_symbols(object).undefined) {
    if (name != "_GLOBAL_OFFSET_TABLE_") weak += name + "\n";
  }
  write_text_file(weak_names, weak);
  run_or_fault({installation.objcopy.string(), "--weaken-symbols=" + weak_names.string(), object},
               "weakening unexported names");
  run_or_fault({installation.mold.string(), "-shared", "-o", library.string(), object},
               "linking the headers' inline functions");
  for (const fs::path& file : {fs::path(header), fs::path(object), weak_names}) fs::remove(file);
}

void build_cache(const Installation& installation, const HeaderCache& cache, const SetText& text) {
  std::fputs("Preparing the attempts' headers, once per machine (about 20 s) …\n", stderr);
  fs::remove_all(cache.folder);
  fs::create_directories(cache.folder);
  write_text_file(cache.text, text.headers);
  write_text_file(cache.warm_up, "#include \"headers.h\"\n" + text.warm_up);
  std::future<void> header =
      std::async(std::launch::async, [&] { precompile(installation, cache.text, cache.header); });
  const fs::path library = cache.folder / "unfinished.so";
  build_library(installation, cache, library);
  header.get();
  fs::rename(library, cache.library);  // its presence says that the cache is whole
}

}  // namespace

HeaderCache ensure_header_cache(const Installation& installation, const std::string& set) {
  const SetText text = read_set(installation, set);
  const fs::path parent = cache_folder() / "headers";
  fs::create_directories(parent);
  const std::string key = cache_key(installation, set, text);
  const fs::path folder = parent / key;
  HeaderCache cache{folder, folder / "headers.h", folder / "warm_up.h", folder / "headers.pch",
                    folder / "headers.so"};
  if (set == kEmulatedSet) cache.attempt_flags.assign(kEmulatedFlags.begin(), kEmulatedFlags.end());
  if (fs::exists(cache.library)) return cache;
  const FileLock lock(parent / (key + ".lock"));
  if (fs::exists(cache.library)) return cache;
  build_cache(installation, cache, text);
  return cache;
}

}  // namespace unaided
