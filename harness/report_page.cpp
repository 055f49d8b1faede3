// The page's tables are written here, its charts are drawn by page.js in the browser; both from the
// same model. Where scripts are off the tables are all there.
#include "report_page.h"

#include <fmt/format.h>

#include <array>
#include <span>

#include "sha256.h"
#include "text_file.h"

namespace unaided {
namespace {

using nlohmann::json;

constexpr std::size_t kPartBytesMax = std::size_t{4} << 20;

/// A column of a table: a key of the rows, and what stands above it.
struct Column {
  std::string_view key;
  std::string_view heading;
};

constexpr Column kScoreColumns[] = {
    {"day", "day"},       {"session", "session"},  {"kata", "kata"}, {"levels", "levels"},
    {"format", "format"}, {"percent", "score, %"}, {"seal", "seal"}};
constexpr Column kTimeColumns[] = {
    {"day", "day"}, {"session", "session"}, {"minutes", "to first pass, min"}};
constexpr Column kLadderColumns[] = {
    {"day", "day"},        {"session", "session"}, {"time_us", "time, µs"}, {"speed", "x LibTorch"},
    {"speed_low", "from"}, {"speed_high", "to"},   {"standing", "verdict"}};
constexpr Column kFailedColumns[] = {{"kata", "kata"},
                                     {"level", "level"},
                                     {"behaviour", "behaviour"},
                                     {"sessions", "failed in sessions"},
                                     {"points_lost", "points lost"},
                                     {"last", "last failed"}};
constexpr Column kTotals[] = {{"sessions", "sessions begun"},
                              {"finished", "finished"},
                              {"passed", "passed"},
                              {"hours", "hours"},
                              {"katas", "katas tried"}};

std::string shown(const json& value) {
  if (value.is_string()) return html_text(value.get<std::string>());
  return value.dump();
}

/// An element that shows the value at `pointer`.
std::string figure(const json& model, std::string_view element, const std::string& pointer) {
  const json& value = model.at(json::json_pointer(pointer));
  return fmt::format("<{} class=\"{}\" data-at=\"{}\">{}</{}>", element,
                     value.is_number() ? "number" : "text", html_text(pointer), shown(value),
                     element);
}

/// A region that scrolls by itself, by keyboard too.
std::string scrolled(std::string_view label, const std::string& table) {
  return fmt::format(
      "<div class=\"scrolled\" role=\"region\" tabindex=\"0\" aria-label=\"{} as a "
      "table\">{}</div>\n",
      html_text(label), table);
}

/// The rows at `pointer`, of which there are some, as a table.
std::string table(const json& model, const std::string& pointer, const std::string& label,
                  std::span<const Column> columns) {
  const json& rows = model.at(json::json_pointer(pointer));
  std::string text = "<table><thead><tr>";
  for (const Column& column : columns) {
    const bool number = rows.at(0).at(std::string(column.key)).is_number();
    text += fmt::format("<th scope=\"col\" class=\"{}\">{}</th>", number ? "number" : "text",
                        column.heading);
  }
  text += "</tr></thead><tbody>\n";
  for (std::size_t row = 0; row < rows.size(); ++row) {
    text += "<tr>";
    for (const Column& column : columns) {
      text += figure(model, "td", fmt::format("{}/{}/{}", pointer, row, column.key));
    }
    text += "</tr>\n";
  }
  return scrolled(label, text + "</tbody></table>");
}

std::string numbers(const std::string& tables) {
  return "<details><summary>The numbers</summary>\n" + tables + "</details>\n";
}

std::string canvas(const std::string& id, std::string_view label) {
  return fmt::format(
      "<div class=\"chart\"><canvas id=\"{}\" role=\"img\" aria-label=\"{}: a chart; its numbers "
      "are in the table below\"></canvas></div>\n",
      html_text(id), html_text(label));
}

std::string section(std::string_view id, std::string_view title, const std::string& content) {
  return fmt::format(
      "<section aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>\n{2}"
      "</section>\n",
      id, title, content);
}

std::string empty(std::string_view sentence) {
  return fmt::format("<p class=\"empty\">{}</p>\n", sentence);
}

std::string totals_list(const json& model) {
  std::string text = "<dl class=\"totals\">\n";
  for (const Column& total : kTotals) {
    text += fmt::format("<div><dt>{}</dt>{}</div>\n", total.heading,
                        figure(model, "dd", fmt::format("/totals/{}", total.key)));
  }
  return text + "</dl>\n";
}

std::string score_section(const json& model) {
  if (model.at("scores").empty()) return empty("No finished session was judged yet.");
  return "<p>Share of the points, or of the checks where a format has no points.</p>\n" +
         canvas("scores", "Score over time") +
         numbers(table(model, "/scores", "Scores", kScoreColumns));
}

/// A chart for each kata; its levels are next to each other in the model.
std::string first_pass_section(const json& model) {
  const json& rows = model.at("first_pass");
  if (rows.empty()) return empty("No level has passed yet.");
  std::string text =
      "<p>From the moment a level begins to the first save with which it passes.</p>\n"
      "<div class=\"panels\">\n";
  for (std::size_t i = 0; i < rows.size();) {
    const auto kata = rows[i].at("kata").get<std::string>();
    std::string tables;
    for (; i < rows.size() && rows[i].at("kata") == kata; ++i) {
      const std::string at = fmt::format("/first_pass/{}", i);
      const std::string par =
          rows[i].at("par_minutes").is_null()
              ? ""
              : fmt::format(", par {} min", figure(model, "span", at + "/par_minutes"));
      tables += fmt::format("<h4>{} level {}{}</h4>\n", figure(model, "span", at + "/kata"),
                            figure(model, "span", at + "/level"), par);
      tables +=
          table(model, at + "/times",
                fmt::format("{} level {}", kata, rows[i].at("level").get<int>()), kTimeColumns);
    }
    text +=
        fmt::format("<div><h3>{}</h3>\n{}{}</div>\n", html_text(kata),
                    canvas("first-pass-" + kata, "Time to first pass of " + kata), numbers(tables));
  }
  return text + "</div>\n";
}

/// Five shades; the last is for a level that passed.
int shade(double best) {
  return best >= 100 ? 4 : static_cast<int>(best / 25);
}

std::string heat_cell(const json& model, const std::string& pointer) {
  const json& cell = model.at(json::json_pointer(pointer));
  if (cell.is_null()) return "<td class=\"none\"><span class=\"unseen\">not practised</span></td>";
  return fmt::format("<td class=\"shade{}\">{}&#8239;% <small>&times;{}</small></td>",
                     shade(cell.at("best").get<double>()), figure(model, "span", pointer + "/best"),
                     figure(model, "span", pointer + "/sessions"));
}

std::string heat_section(const json& model) {
  const json& heat = model.at("heat");
  std::string text = "<table class=\"heat\"><thead><tr><th scope=\"col\">level</th>";
  for (std::size_t week = 0; week < heat.at("weeks").size(); ++week) {
    text += fmt::format("<th scope=\"col\">{}</th>",
                        figure(model, "span", fmt::format("/heat/weeks/{}", week)));
  }
  text += "</tr></thead><tbody>\n";
  for (std::size_t row = 0; row < heat.at("rows").size(); ++row) {
    const std::string at = fmt::format("/heat/rows/{}", row);
    text += fmt::format("<tr><th scope=\"row\">{} {}</th>", figure(model, "span", at + "/kata"),
                        figure(model, "span", at + "/level"));
    for (std::size_t week = 0; week < heat.at("weeks").size(); ++week) {
      text += heat_cell(model, fmt::format("{}/cells/{}", at, week));
    }
    text += "</tr>\n";
  }
  return "<p>The best share of a level's checks in each week (from the Monday named), and in how "
         "many sessions.</p>\n" +
         scrolled("Levels by week", text + "</tbody></table>");
}

/// A chart for each kernel and machine; their problems are next to each other in the model. Its
/// canvas is named after the first of them.
std::string ladder_section(const json& model) {
  const json& rows = model.at("ladder");
  if (rows.empty()) return empty("No session has stored times: debrief --bench takes them.");
  std::string text =
      "<p>Your attempt's speed as a multiple of LibTorch's, timed in the same rounds; "
      "from and to bound it.</p>\n<div class=\"panels\">\n";
  for (std::size_t i = 0; i < rows.size();) {
    const std::size_t first = i;
    const auto same = [&](const char* key) { return rows[i].at(key) == rows[first].at(key); };
    std::string tables;
    for (; i < rows.size() && same("kernel") && same("machine"); ++i) {
      const std::string at = fmt::format("/ladder/{}", i);
      tables += fmt::format("<h4>{} {}</h4>\n<p>{}</p>\n", figure(model, "span", at + "/kernel"),
                            figure(model, "span", at + "/problem"),
                            figure(model, "span", at + "/machine"));
      const std::string label = fmt::format("{} {} on {}", rows[i].at("kernel").get<std::string>(),
                                            rows[i].at("problem").get<std::string>(),
                                            rows[i].at("machine").get<std::string>());
      tables += table(model, at + "/runs", label, kLadderColumns);
    }
    const auto kernel = rows[first].at("kernel").get<std::string>();
    text +=
        fmt::format("<div><h3>{}</h3>\n{}{}</div>\n", html_text(kernel),
                    canvas(fmt::format("ladder-{}", first), "Speed of " + kernel), numbers(tables));
  }
  return text + "</div>\n";
}

std::string failed_section(const json& model) {
  if (model.at("failed").empty()) return empty("No behaviour has failed in a finished session.");
  return canvas("failed", "Behaviours that lost most points") +
         numbers(table(model, "/failed", "Failed behaviours", kFailedColumns));
}

std::string body(const json& model) {
  return section("totals", "In all", totals_list(model)) +
         section("scores-section", "Score over time", score_section(model)) +
         section("first-pass", "Time to first pass", first_pass_section(model)) +
         section("heat", "Levels by week", heat_section(model)) +
         section("ladder", "Benchmark ladder", ladder_section(model)) +
         section("failed-section", "Failed behaviours", failed_section(model));
}

/// JSON that cannot end the script element which holds it.
std::string script_json(const json& model) {
  std::string text = model.dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
  std::string safe;
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string render_page(const json& model, const PageParts& parts) {
  const std::string data = script_json(model);
  const std::string nonce = sha256(data).substr(0, 32);  // what was injected cannot know it
  return fmt::format(
      R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-{0}';
 script-src 'nonce-{0}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>unaided: practice report</title>
<style nonce="{0}">
{1}</style>
</head>
<body>
<header><h1>Practice report</h1><p>Made {2}</p></header>
<main>
{3}</main>
<footer><p>unaided; charts by Chart.js (MIT licence). This page fetches nothing.</p></footer>
<script type="application/json" id="model" nonce="{0}">{4}</script>
<script nonce="{0}">{5}</script>
<script nonce="{0}">
{6}</script>
</body>
</html>
)",
      nonce, parts.style, figure(model, "span", "/made"), body(model), data, parts.charts,
      parts.script);
}

PageParts read_page_parts(const Installation& installation) {
  const std::filesystem::path folder = installation.root / "harness" / "report_page";
  return {read_text_file(folder / "page.css", kPartBytesMax),
          read_text_file(folder / "page.js", kPartBytesMax),
          read_text_file(installation.build / "report_page" / "chart.js", kPartBytesMax)};
}

std::string html_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace unaided
