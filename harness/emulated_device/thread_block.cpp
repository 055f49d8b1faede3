// One block of threads on one core. A thread is a fiber that runs until it waits, at a barrier or
// for lanes of its warp; who runs next is drawn at random. So a program that is right under every
// order gives the same result always, and one that lacks a barrier reads garbage in some orders.
// What is not seen is a race between two threads neither of which waits in between.
#include "thread_block.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <exception>

#include "../fault.h"

namespace emulated_device {

Position position;
// Followed by bytes that show who wrote past the end.
alignas(1024) unsigned char dynamic_shared[unaided::kSharedBytesMaxAllowed + 4096];

}  // namespace emulated_device

namespace unaided {

namespace {

using emulated_device::Configuration;
using emulated_device::Exchange;
using emulated_device::position;
using emulated_device::Vote;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kStackBytes = (64 << 10) + kPage;  // with the guard page below
constexpr unsigned kLanes = 32;
constexpr std::size_t kGuardBytes = sizeof emulated_device::dynamic_shared - kSharedBytesMaxAllowed;
/// What a lane gets from one that gave nothing.
constexpr std::uint64_t kUndefined = 0x7f7f7f7f7f7f7f7f;
/// As floats: NaN, which fmaxf() passes over; 3.4e38; −1.7e38.
constexpr unsigned char kGarbage[] = {0xff, 0x7f, 0xfe};

/// Hands a stack that is there already to a fiber.
struct GivenStack {
  boost::context::stack_context stack;
  boost::context::stack_context allocate() const { return stack; }
  void deallocate(boost::context::stack_context&) const noexcept {}
};

unsigned threads_of(const dim3& size) {
  return size.x * size.y * size.z;
}

}  // namespace

boost::context::stack_context ThreadStacks::stack(unsigned index) {
  if (base_ == nullptr) {
    void* const memory = mmap(nullptr, kStackBytes * kBlockThreadsMax, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw Fault("no memory for the stacks of the emulated device");
    base_ = static_cast<unsigned char*>(memory);
  }
  for (; guarded_ <= index; ++guarded_) {
    const int refused = mprotect(base_ + guarded_ * kStackBytes, kPage, PROT_NONE);
    if (refused != 0) throw Fault("cannot guard the stacks of the emulated device");
  }
  boost::context::stack_context context;
  context.size = kStackBytes - kPage;
  context.sp = base_ + (index + 1) * kStackBytes;
  return context;
}

std::string ThreadBlock::run(const Configuration& configuration, uint3 index,
                             const std::function<void()>& kernel) {
  if (!failure_.empty()) return failure_;
  prepare(configuration, index, kernel);
  while (!ready_warps_.empty() && failure_.empty()) resume(choose());
  if (failure_.empty() && ended_ < count_) failure_ = stuck();
  if (failure_.empty()) check_dynamic_guard();
  return failure_;
}

void ThreadBlock::prepare(const Configuration& configuration, uint3 index,
                          const std::function<void()>& kernel) {
  count_ = threads_of(configuration.block);
  waiting_ = ended_ = 0;
  position.block = index;
  position.block_size = configuration.block;
  position.grid_size = configuration.grid;
  garbage_ = kGarbage[random_() % std::size(kGarbage)];
  dynamic_bytes_ = configuration.shared_bytes;
  std::memset(emulated_device::dynamic_shared, garbage_, dynamic_bytes_ + kGuardBytes);
  static_bytes_ = 0;
  shared_.clear();
  ready_warps_.clear();
  for (Warp& warp : warps_) {
    warp.ready.clear();
    warp.alive = warp.waiting = 0;
  }
  greedy_ = random_() % 2 == 0;
  place_threads(configuration.block);
  for (unsigned thread = 0; thread < count_; ++thread) start(thread, kernel);
  std::shuffle(ready_warps_.begin(), ready_warps_.end(), random_);
}

void ThreadBlock::place_threads(const dim3& size) {
  if (size.x == places_of_.x && size.y == places_of_.y && size.z == places_of_.z) return;
  places_of_ = size;
  places_.clear();
  for (unsigned thread = 0; thread < count_; ++thread) {
    places_.push_back({thread % size.x, thread / size.x % size.y, thread / (size.x * size.y)});
  }
}

/// Takes a thread that is ready. The warp that was chosen last stands at the end while it has more.
unsigned ThreadBlock::choose() {
  if (!greedy_) std::swap(ready_warps_[draw(ready_warps_.size())], ready_warps_.back());
  std::vector<unsigned>& ready = warps_[ready_warps_.back()].ready;
  std::swap(ready[draw(ready.size())], ready.back());
  const unsigned thread = ready.back();
  ready.pop_back();
  if (ready.empty()) ready_warps_.pop_back();
  return thread;
}

std::size_t ThreadBlock::draw(std::size_t count) {
  return static_cast<std::size_t>(random_() >> 32) * count >> 32;
}

void ThreadBlock::start(unsigned thread, const std::function<void()>& kernel) {
  const auto body = [this, thread, &kernel](boost::context::fiber&& scheduler) {
    scheduler_ = std::move(scheduler);
    try {
      kernel();
    } catch (const std::exception& exception) {
      fail(fmt::format("a thread threw an exception: {}", exception.what()));
    }
    end_thread(thread);
    return std::move(scheduler_);
  };
  warps_[thread / kLanes].alive |= 1U << thread % kLanes;
  threads_[thread].suspended.fiber =
      boost::context::fiber(std::allocator_arg, GivenStack{stacks_.stack(thread)}, body);
  make_ready(thread);
}

void ThreadBlock::resume(unsigned thread) {
  current_ = thread;
  position.thread = places_[thread];
  inside_ = true;
  boost::context::fiber& fiber = threads_[thread].suspended.fiber;
  fiber = std::move(fiber).resume();
  inside_ = false;
}

void ThreadBlock::wait() {
  scheduler_ = std::move(scheduler_).resume();
}

void ThreadBlock::make_ready(unsigned thread) {
  threads_[thread].state = State::kReady;
  Warp& warp = warps_[thread / kLanes];
  warp.waiting &= ~(1U << thread % kLanes);
  warp.ready.push_back(thread);
  if (warp.ready.size() > 1) return;
  // In a greedy block the warp whose lanes come together goes on; else a warp waits for its turn.
  ready_warps_.push_back(thread / kLanes);
}

void ThreadBlock::end_thread(unsigned thread) {
  threads_[thread].state = State::kEnded;
  ++ended_;
  Warp& warp = warps_[thread / kLanes];
  warp.alive &= ~(1U << thread % kLanes);
  if (warp.waiting != 0) complete_ended(thread / kLanes);
}

void ThreadBlock::use_shared(void* variable, std::size_t bytes) {
  if (!inside_) return;
  const std::pair<void*, std::size_t> use(variable, bytes);
  if (std::find(shared_.begin(), shared_.end(), use) != shared_.end()) return;
  shared_.push_back(use);
  static_bytes_ += bytes;
  const bool small = static_bytes_ <= kSharedBytesMax;
  if (!small || static_bytes_ + dynamic_bytes_ > kSharedBytesMaxAllowed) {
    fail(
        fmt::format("{} bytes of shared memory are declared and {} asked for at the launch; a "
                    "block may declare {}, and have {} in all",
                    static_bytes_, dynamic_bytes_, kSharedBytesMax, kSharedBytesMaxAllowed));
  }
  std::memset(variable, garbage_, bytes);
}

int ThreadBlock::barrier(Vote vote, int predicate, int line) {
  Thread& thread = threads_[current_];
  thread.state = State::kAtBarrier;
  thread.line = line;
  thread.vote = vote;
  thread.predicate = predicate != 0;
  if (++waiting_ == count_) open_barrier();
  wait();
  return thread.voted;
}

void ThreadBlock::open_barrier() {
  const auto end = threads_.begin() + count_;
  const auto others = std::find_if(threads_.begin(), end, [this](const Thread& thread) {
    return thread.line != threads_[0].line || thread.vote != threads_[0].vote;
  });
  if (others != end) {
    return fail(fmt::format("its threads wait at different barriers, in lines {} and {}",
                            threads_[0].line, others->line));
  }
  const auto yes = static_cast<unsigned>(
      std::count_if(threads_.begin(), end, [](const Thread& thread) { return thread.predicate; }));
  const Vote vote = threads_[0].vote;
  const unsigned voted = vote == Vote::kAnd ? yes == count_ : vote == Vote::kOr ? yes > 0 : yes;
  waiting_ = 0;
  for (unsigned thread = 0; thread < count_; ++thread) {
    threads_[thread].voted = static_cast<int>(voted);
    make_ready(thread);
  }
  std::shuffle(ready_warps_.begin(), ready_warps_.end(), random_);
}

std::uint64_t ThreadBlock::exchange(Exchange kind, unsigned mask, std::uint64_t bits,
                                    unsigned source, int line) {
  Thread& thread = threads_[current_];
  if ((mask >> lane() & 1) == 0) {
    fail(fmt::format("line {}: lane {} is not in the mask {:#010x} that it gives", line, lane(),
                     mask));
  }
  thread.state = State::kInWarp;
  thread.line = line;
  thread.kind = kind;
  thread.mask = mask;
  thread.bits = bits;
  thread.source = source;
  warps_[current_ / kLanes].waiting |= 1U << lane();
  complete_exchange(current_ / kLanes, mask);
  wait();
  return thread.bits;
}

/// When all lanes in `mask` that have not ended are there, each gets what it asked for.
void ThreadBlock::complete_exchange(unsigned warp, unsigned mask) {
  if ((mask & warps_[warp].alive & ~warps_[warp].waiting) != 0) return;
  const unsigned first = warp * kLanes;
  const unsigned lanes = std::min(kLanes, count_ - first);
  unsigned there = 0;
  std::uint64_t ballot = 0;
  std::uint64_t given[kLanes];
  std::fill(std::begin(given), std::end(given), kUndefined);
  const Thread* one = nullptr;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    const Thread& thread = threads_[first + lane];
    if ((mask >> lane & 1) == 0 || thread.state == State::kEnded) continue;
    if (thread.state != State::kInWarp || thread.mask != mask) return;
    if (one != nullptr && one->kind != thread.kind) {
      return fail(fmt::format("lanes of one warp wait in lines {} and {} for different operations",
                              one->line, thread.line));
    }
    one = &thread;
    there |= 1U << lane;
    given[lane] = thread.bits;
    if (thread.bits != 0) ballot |= std::uint64_t{1} << lane;
  }
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if ((there >> lane & 1) == 0) continue;
    Thread& thread = threads_[first + lane];
    thread.bits = thread.kind == Exchange::kBallot ? ballot : given[thread.source % kLanes];
    make_ready(first + lane);
  }
}

/// A lane has ended: those that wait for it need not any more.
void ThreadBlock::complete_ended(unsigned warp) {
  const unsigned first = warp * kLanes;
  const unsigned end = std::min(first + kLanes, count_);
  for (unsigned thread = first; thread < end; ++thread) {
    if (threads_[thread].state == State::kInWarp) complete_exchange(warp, threads_[thread].mask);
  }
}

std::string ThreadBlock::stuck() const {
  if (waiting_ == 0) return misplaced_exchange();
  const auto end = threads_.begin() + count_;
  const auto one = std::find_if(threads_.begin(), end, [](const Thread& thread) {
    return thread.state == State::kAtBarrier;
  });
  const unsigned in_warps = count_ - waiting_ - ended_;
  return fmt::format(
      "__syncthreads() in line {} is reached by {} of its {} threads: {} have returned from the "
      "kernel{}",
      one->line, waiting_, count_, ended_,
      in_warps == 0 ? "" : fmt::format(", {} wait for lanes of their warp", in_warps));
}

std::string ThreadBlock::misplaced_exchange() const {
  const auto end = threads_.begin() + count_;
  const auto one = std::find_if(
      threads_.begin(), end, [](const Thread& thread) { return thread.state == State::kInWarp; });
  const auto index = static_cast<unsigned>(one - threads_.begin());
  return fmt::format(
      "in line {} lane {} of warp {} waits for the lanes in its mask {:#010x}, which do not all "
      "come with that mask",
      one->line, index % kLanes, index / kLanes, one->mask);
}

void ThreadBlock::check_dynamic_guard() {
  const unsigned char* const guard = emulated_device::dynamic_shared + dynamic_bytes_;
  const bool whole = std::all_of(guard, guard + kGuardBytes,
                                 [this](unsigned char byte) { return byte == garbage_; });
  if (!whole) {
    failure_ = fmt::format("it wrote past the {} bytes of dynamic shared memory of its launch",
                           dynamic_bytes_);
  }
}

void ThreadBlock::misaligned() {
  fail(
      "it reads or writes at an address that is not aligned for the type: a float4 needs a "
      "multiple of 16, a float2 one of 8");
}

void ThreadBlock::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
  ready_warps_.clear();
  if (inside_) wait();
}

}  // namespace unaided
