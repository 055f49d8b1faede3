#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "emulated_cuda.h"

namespace unaided {

inline constexpr unsigned kBlockThreadsMax = 1024;
inline constexpr std::size_t kSharedBytesMax = 48 << 10;          // without being asked for
inline constexpr std::size_t kSharedBytesMaxAllowed = 227 << 10;  // a Hopper card's

/// Memory for the stacks of a block's threads, each above a page that nobody may touch. Reserved
/// when first asked for, and never given back.
class ThreadStacks {
 public:
  /// Of thread `index`, below kBlockThreadsMax. Throws Fault when there is no memory.
  boost::context::stack_context stack(unsigned index);

 private:
  unsigned char* base_ = nullptr;
  unsigned guarded_ = 0;  // stacks whose guard page is in place
};

/// Runs the threads of one block at a time, each a fiber, one after the other from wait to wait, in
/// an order drawn from a seed: in some blocks any warp's turn may come at each wait, in others a
/// warp goes on for as long as it can. Shared memory is garbage when a block begins. After a
/// failure it runs nothing more: the threads that still waited are left as they are.
class ThreadBlock {
 public:
  explicit ThreadBlock(std::uint64_t seed) : random_(seed) {}
  ThreadBlock(const ThreadBlock&) = delete;
  ThreadBlock& operator=(const ThreadBlock&) = delete;

  /// Runs `kernel` for every thread of the block at `index`. Returns "" or what went wrong.
  std::string run(const emulated_device::Configuration& configuration, uint3 index,
                  const std::function<void()>& kernel);

  // What its threads call; see emulated_cuda.h.
  void use_shared(void* variable, std::size_t bytes);
  std::uint64_t exchange(emulated_device::Exchange kind, unsigned mask, std::uint64_t bits,
                         unsigned source, int line);
  int barrier(emulated_device::Vote vote, int predicate, int line);
  unsigned lane() const { return current_ % 32; }
  /// Something was read or written whose address its type does not allow.
  void misaligned();

 private:
  enum class State { kReady, kAtBarrier, kInWarp, kEnded };

  /// Not unwound with the block: a thread that still waits after a failure stays where it is.
  union Suspended {
    Suspended() : fiber() {}
    ~Suspended() {}
    boost::context::fiber fiber;
  };

  struct Thread {
    Suspended suspended;
    State state = State::kReady;
    int line = 0;  // where it waits
    emulated_device::Vote vote{};
    bool predicate = false;
    emulated_device::Exchange kind{};
    unsigned mask = 0;
    unsigned source = 0;
    std::uint64_t bits = 0;  // given, then got
    int voted = 0;
  };

  void prepare(const emulated_device::Configuration& configuration, uint3 index,
               const std::function<void()>& kernel);
  void place_threads(const dim3& size);
  /// Below `count`, which is less than 2^32.
  std::size_t draw(std::size_t count);
  void start(unsigned thread, const std::function<void()>& kernel);
  void resume(unsigned thread);
  /// In a thread: lets others run until this one is ready again.
  void wait();
  unsigned choose();
  void make_ready(unsigned thread);
  void end_thread(unsigned thread);
  void open_barrier();
  void complete_exchange(unsigned warp, unsigned mask);
  void complete_ended(unsigned warp);
  std::string stuck() const;
  std::string misplaced_exchange() const;
  void check_dynamic_guard();
  /// Keeps the first failure; in a thread, never returns.
  void fail(const std::string& what);

  std::mt19937_64 random_;
  ThreadStacks stacks_;
  boost::context::fiber scheduler_;
  std::vector<Thread> threads_{kBlockThreadsMax};
  struct Warp {
    std::vector<unsigned> ready;  // threads
    unsigned alive = 0;           // lanes that have not ended
    unsigned waiting = 0;         // lanes that wait for others of the warp
  };

  std::vector<Warp> warps_{kBlockThreadsMax / 32};
  std::vector<unsigned> ready_warps_;  // that have a thread which is ready
  std::vector<uint3> places_;          // threadIdx, by thread
  dim3 places_of_{0};                  // of blocks of this size
  bool greedy_ = false;                // whether a warp goes on for as long as it can
  unsigned count_ = 0;                 // threads of this block
  unsigned current_ = 0;               // the one that runs
  unsigned waiting_ = 0;               // at the barrier
  unsigned ended_ = 0;
  bool inside_ = false;  // a thread runs
  std::size_t dynamic_bytes_ = 0;
  std::size_t static_bytes_ = 0;
  unsigned char garbage_ = 0;
  std::vector<std::pair<void*, std::size_t>> shared_;
  std::string failure_;
};

}  // namespace unaided
