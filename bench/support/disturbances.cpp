#include "support/disturbances.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace unaided::bench {

namespace {

constexpr double kStolenMax = 0.01;   // of the wall time
constexpr double kOthersMax = 0.15;   // of the wall time, of all other cores together
constexpr double kWaitingMax = 0.03;  // of the wall time
constexpr double kFaultSeconds = 0.25e-6;
constexpr double kFaultsMax = 0.02;  // of the wall time

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The first line of /proc/stat: user nice system idle iowait irq softirq steal, in ticks.
void read_processor_times(MachineState& state) {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, soft = 0, steal = 0;
  file >> name >> user >> nice >> system >> idle >> waiting >> irq >> soft >> steal;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  state.busy_s = (user + nice + system + irq + soft) / ticks;
  state.stolen_s = steal / ticks;
}

}  // namespace

MachineState MachineState::now() {
  MachineState state;
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  state.major_faults = usage.ru_majflt;
  state.minor_faults = usage.ru_minflt;
  state.preempted = usage.ru_nivcsw;
  state.wall_s = seconds_of(CLOCK_MONOTONIC);
  state.thread_s = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  read_processor_times(state);
  return state;
}

std::vector<std::string> disturbances(const MachineState& before, const MachineState& after,
                                      int threads, int cores) {
  const double wall = std::max(after.wall_s - before.wall_s, 1e-9);
  const double own = after.thread_s - before.thread_s;
  const double stolen = (after.stolen_s - before.stolen_s) / wall;
  const double waiting = 1 - own / wall;
  const double others = (after.busy_s - before.busy_s - own) / wall;
  const std::int64_t faults = after.minor_faults - before.minor_faults;
  std::vector<std::string> sentences;
  if (stolen > kStolenMax) {
    sentences.push_back(fmt::format("the hypervisor took {:.0f} % of a core away", stolen * 100));
  }
  if (waiting > kWaitingMax) {
    sentences.push_back(
        fmt::format("the timed thread had to wait {:.0f} % of the time, put aside "
                    "{} times for other processes",
                    waiting * 100, after.preempted - before.preempted));
  }
  if (threads == 1 && cores > 1 && others > kOthersMax) {
    sentences.push_back(
        fmt::format("other work used {:.0f} % of another core, which shares caches "
                    "and memory with the timed one",
                    others * 100));
  }
  if (after.major_faults > before.major_faults) {
    sentences.push_back(
        fmt::format("{} pages had to be read from disk", after.major_faults - before.major_faults));
  }
  if (static_cast<double>(faults) * kFaultSeconds > kFaultsMax * wall) {
    sentences.push_back(fmt::format("{} page faults", faults));
  }
  return sentences;
}

}  // namespace unaided::bench
