// unaided-bench: the process in which rungs and an attempt are timed. `unaided` starts it in a
// sandbox, bounded, and renders what it reports on a descriptor: lines of JSON, of progress and
// then one report. What it needs from the file tree is opened before the attempt is loaded; from
// then on the worker's system call filter holds.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "bench_report.h"
#include "card_facts.h"
#include "clock.h"
#include "fault.h"
#include "process.h"
#include "support/attempt_library.h"
#include "support/card_kernels.h"
#include "support/cuda_device.h"
#include "support/device_kernel.h"
#include "support/device_measurement.h"
#include "support/disturbances.h"
#include "support/heap.h"
#include "support/kernel.h"
#include "support/measurement.h"
#include "support/planted.h"
#include "support/self_test.h"
#include "support/setting.h"
#include "worker/filter.h"

namespace {

using nlohmann::json;
using namespace unaided;
using namespace unaided::bench;

constexpr double kPartKnown = 0.1;  // of the whole: from here on the pace tells what is left

struct Options {
  bool list = false;
  bool self_test = false;
  std::string items;  // JSON: what BenchRequest::items holds
  std::vector<std::string> kernels;
  std::string shape, dtype, rung;
  std::string attempt, attempt_build;
  std::vector<std::string> attempt_shapes;
  std::string fast;  // a library, for a card
  std::vector<std::string> fast_shapes;
  int threads = 1;
  double budget_s = 60;
  bool tiny = false;
  int device = -1;  // of cuda:N; -1: the processor
  std::string libtorch_lib;
  int report_fd = 1;

  bool on_card() const { return device >= 0; }
};

/// One problem to measure, its kernel, and which of its rungs; no names: all.
struct Item {
  const Kernel* kernel;
  const Problem* problem;
  std::vector<std::string> rungs = {};
};

void report_line(const Options& options, const json& message) {
  const std::string line =
      message.dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace) + "\n";
  if (!write_all(options.report_fd, line)) throw_errno("cannot report");
}

/// The kernels, then those of the tests, which are not offered to users; of a card, what it can
/// run.
std::vector<Kernel> all_kernels(const Options& options) {
  std::vector<Kernel> list = kernels();
  if (!options.on_card()) {
    for (Kernel& planted : planted_kernels()) list.push_back(std::move(planted));
    return list;
  }
  const torch::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(options.device));
  for (Kernel& kernel : card_kernels()) list.push_back(std::move(kernel));
  for (Kernel& kernel : list) kernel = on_device(kernel, device);
  return list;
}

const Kernel& find_kernel(const std::vector<Kernel>& all, const std::string& id) {
  for (const Kernel& kernel : all) {
    if (kernel.id == id) return kernel;
  }
  throw Fault("there is no kernel '" + id + "'; unaided bench --list has them");
}

json described_contract(const Contract& contract) {
  return {{"kata", contract.kata},
          {"level", contract.level},
          {"function", contract.function},
          {"shapes", contract.shapes}};
}

json described_kernels(const Options& options) {
  json list = json::array();
  for (const Kernel& kernel : all_kernels(options)) {
    json problems = json::array();
    for (const Problem& problem : kernel.problems) {
      problems.push_back({{"shape", problem.shape},
                          {"dtype", problem.dtype},
                          {"text", problem.text},
                          {"tiny", problem.tiny}});
    }
    json contracts = json::array();
    for (const Contract& contract : kernel.contracts) {
      contracts.push_back(described_contract(contract));
    }
    const bool expert = options.on_card() && !kernel.card_contracts.empty();
    list.push_back({{"id", kernel.id},
                    {"hidden", !options.on_card() && list.size() >= kernels().size()},
                    {"text", kernel.text},
                    {"problems", problems},
                    {"fast", expert ? described_contract(kernel.card_contracts[0]) : json()},
                    {"contracts", contracts}});
  }
  return list;
}

Item named_item(const std::vector<Kernel>& all, const json& name) {
  const Kernel& kernel = find_kernel(all, name.at("kernel"));
  for (const Problem& problem : kernel.problems) {
    const bool wanted = name.at("shape") == problem.shape && name.at("dtype") == problem.dtype;
    if (wanted) return {&kernel, &problem, name.at("rungs")};
  }
  throw Fault(kernel.id + " has no such problem: " + name.dump());
}

std::vector<Item> chosen_items(const Options& options, const std::vector<Kernel>& all) {
  std::vector<Item> items;
  if (!options.items.empty()) {
    for (const json& name : json::parse(options.items)) items.push_back(named_item(all, name));
    return items;
  }
  for (const std::string& id : options.kernels) {
    const Kernel& kernel = find_kernel(all, id);
    for (const Problem& problem : kernel.problems) {
      const bool wanted = problem.tiny == options.tiny &&
                          (options.shape.empty() || problem.shape == options.shape) &&
                          (options.dtype.empty() || problem.dtype == options.dtype);
      if (!wanted) continue;
      items.push_back({&kernel, &problem});
      if (!options.rung.empty()) items.back().rungs = {options.rung};
    }
  }
  if (items.empty()) {
    throw Fault("no problem has this shape and dtype; unaided bench --list has them");
  }
  return items;
}

/// As Rung::shapes has it.
bool expressible(const std::vector<std::string>& shapes, const Problem& problem) {
  return shapes.empty() || std::any_of(shapes.begin(), shapes.end(), [&](const auto& shape) {
           return shape == problem.shape || shape == problem.shape + "/" + problem.dtype;
         });
}

/// The kernel's rungs, less those not asked for; the baseline always stays. Then the attempt.
std::vector<Rung> chosen_rungs(const Item& item, const Rung* attempt) {
  std::vector<Rung> rungs;
  for (const std::string& name : item.rungs) {
    const bool known = std::any_of(item.kernel->rungs.begin(), item.kernel->rungs.end(),
                                   [&](const Rung& rung) { return rung.name == name; });
    if (!known) throw Fault(item.kernel->id + " has no rung '" + name + "'");
  }
  for (const Rung& rung : item.kernel->rungs) {
    const bool named =
        std::find(item.rungs.begin(), item.rungs.end(), rung.name) != item.rungs.end();
    if (item.rungs.empty() || named || rung.name == kBaselineRung) rungs.push_back(rung);
  }
  if (attempt != nullptr) rungs.push_back(*attempt);
  std::erase_if(rungs, [&](const Rung& rung) { return !expressible(rung.shapes, *item.problem); });
  return rungs;
}

void measure(const Options& options) {
  PeakMemory memory;
  BenchReport report;
  settle(options.threads);
  report.fingerprint = full_fingerprint(options.threads, options.attempt_build);
  report.date = utc_text(SystemClock().now().utc_ms);
  std::optional<CudaDevice> card;
  GpuSurvey survey;
  if (options.on_card()) {
    survey = survey_gpus();
    const Gpu& gpu = require_gpu(survey, options.device);
    card.emplace(options.libtorch_lib, options.device, gpu.l2_bytes);
  }
  std::vector<Kernel> all = all_kernels(options);
  if (!options.fast.empty()) {
    for (Kernel& kernel : all) {
      if (kernel.id != options.kernels.at(0)) continue;
      add_fast_rung(kernel, options.fast, options.fast_shapes);
    }
  }
  const std::vector<Item> items = chosen_items(options, all);
  std::optional<Rung> attempt;
  if (!options.attempt.empty()) {
    const Reach reach = card ? Reach::kDevices : Reach::kNothing;
    prepare_child_filter(reach);
    if (!install_child_filter(reach)) throw Fault("cannot confine the attempt; ./unaided doctor");
    attempt = load_attempt(options.attempt, kAttemptRung, options.attempt_shapes);
  }

  std::random_device secret;
  const double begin_s = MachineState::now().wall_s;
  const double end_s = begin_s + options.budget_s;
  const auto count = static_cast<double>(items.size());
  for (const Item& item : items) {
    const double index = static_cast<double>(&item - items.data());
    MeasureOptions measured;
    measured.budget_s = (end_s - MachineState::now().wall_s) / (count - index);
    measured.seed = (std::uint64_t{secret()} << 32) | secret();
    measured.progress = [&](const std::string& what, double done) {
      const double now_s = MachineState::now().wall_s;
      const double part = std::max((index + done) / count, kPartKnown);
      const double left_s = (now_s - begin_s) * (1 - part) / part;
      const std::string name = item.kernel->id + " " + item.problem->shape;
      report_line(
          options,
          {{"progress", (index + done) / count}, {"left_s", left_s}, {"text", name + ": " + what}});
    };
    const auto rungs = chosen_rungs(item, attempt ? &*attempt : nullptr);
    report.problems.push_back(
        card ? measure_on_device(*item.kernel, *item.problem, rungs, *card,
                                 {measured, card->device(), {}})
             : measure_problem(*item.kernel, *item.problem, rungs, memory, measured));
  }
  if (card) add_card_facts(survey, survey_gpus(), options.device, report.fingerprint);
  report_line(options, {{"report", bench_report_to_json(report)}});
}

void test_measuring(const Options& options) {
  PeakMemory memory;
  settle(options.threads);
  const auto trials = run_self_test(memory, [&](const std::string& what, double done) {
    report_line(options, {{"progress", done}, {"text", what}});
  });
  json list = json::array();
  for (const Trial& trial : trials) {
    list.push_back({{"text", trial.text}, {"passed", trial.passed}});
  }
  report_line(options, {{"trials", list}});
}

void parse(Options& options, CLI::App& app) {
  app.add_flag("--list", options.list);
  app.add_flag("--self-test", options.self_test);
  app.add_option("--items", options.items);
  app.add_option("--kernel", options.kernels);
  app.add_option("--shape", options.shape);
  app.add_option("--dtype", options.dtype);
  app.add_option("--rung", options.rung);
  app.add_option("--attempt", options.attempt);
  app.add_option("--attempt-build", options.attempt_build);
  app.add_option("--attempt-shape", options.attempt_shapes);
  app.add_option("--fast", options.fast);
  app.add_option("--fast-shape", options.fast_shapes);
  app.add_option("--threads", options.threads);
  app.add_option("--budget-s", options.budget_s);
  app.add_flag("--tiny", options.tiny);
  app.add_option("--device", options.device);
  app.add_option("--libtorch-lib", options.libtorch_lib);
  app.add_option("--report-fd", options.report_fd);
}

}  // namespace

int main(int argc, char** argv) {
  keep_heap_warm();
  Options options;
  CLI::App app("times the rungs of a kernel; started by unaided bench", "unaided-bench");
  parse(options, app);
  try {
    app.parse(argc, argv);
    if (options.list) {
      report_line(options, {{"kernels", described_kernels(options)}});
    } else if (options.self_test) {
      test_measuring(options);
    } else {
      measure(options);
    }
    return 0;
  } catch (const CLI::Success& wish) {
    return app.exit(wish);
  } catch (const std::exception& fault) {
    report_line(options, {{"fault", fault.what()}});
    return 2;
  }
}
