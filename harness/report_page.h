#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "installation.h"

namespace unaided {

/// What a page is made with.
struct PageParts {
  std::string style;   // harness/report_page/page.css
  std::string script;  // harness/report_page/page.js: draws the charts from the model
  std::string charts;  // Chart.js, which `script` calls
};

/// Reads them: ours from the checkout, Chart.js from the build, where CMake puts the package's
/// file. Throws Fault when one is missing.
PageParts read_page_parts(const Installation& installation);

/// The report as one HTML page that needs nothing else, and by its content security policy may
/// fetch nothing. Each figure is the text of an element whose `data-at` is the JSON pointer of its
/// value in `model`, a report_model(); the model itself lies in the element "model".
std::string render_page(const nlohmann::json& model, const PageParts& parts);

/// `text` for an HTML element or a quoted attribute.
std::string html_text(std::string_view text);

}  // namespace unaided
