#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "../clock.h"
#include "../history.h"
#include "../report_model.h"
#include "../report_page.h"
#include "../text_file.h"
#include "commands.h"

namespace unaided {
namespace {

struct ReportOptions {
  std::string html;
  std::string json;
};

int report(CommandContext& context, ReportOptions options) {
  const History history{SessionStore(state_folder())};
  for (const std::string& remark : history.remarks()) fmt::print(stderr, "unaided: {}\n", remark);
  const nlohmann::json model =
      report_model(history.sessions(), all_katas(context), SystemClock().now().utc_ms);
  if (options.html.empty() && options.json.empty()) options.html = state_folder() / "report.html";
  if (!options.json.empty()) {
    write_text_file(options.json, model.dump(2, ' ', /*ensure_ascii=*/false,
                                             nlohmann::json::error_handler_t::replace) +
                                      "\n");
  }
  if (!options.html.empty()) {
    const Installation& installation = context.installation();
    write_text_file(options.html, render_page(model, read_page_parts(installation)));
    fmt::print("{}: open it in a browser\n", options.html);
  }
  return 0;
}

}  // namespace

void add_report(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "all sessions as one page of charts and tables");
  command->group(kLookGroup);
  command->add_option("--html", options->html,
                      "where the page goes (default: report.html among the sessions)");
  command->add_option("--json", options->json, "its figures, for programs");
  command->callback([options, &context] { context.exit_code = report(context, *options); });
}

}  // namespace unaided
