#include "report_page.h"

#include <gtest/gtest.h>

#include "report_model.h"

namespace unaided {
namespace {

using nlohmann::json;

const PageParts kParts = {"/* style */", "/* script */", "/* charts */"};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

json empty_model() {
  return report_model({}, {}, 0);
}

json full_model() {
  json model = empty_model();
  model["scores"] = {{{"session", "20261121-1405-attention"},
                      {"day", "2026-11-21"},
                      {"kata", "attention"},
                      {"levels", "1-4"},
                      {"format", "interview"},
                      {"percent", 87.5},
                      {"seal", "UNSEALED"}}};
  model["first_pass"] = {
      {{"kata", "attention"},
       {"level", 1},
       {"par_minutes", nullptr},
       {"times", {{{"session", "s"}, {"day", "2026-11-21"}, {"minutes", 9.5}}}}}};
  model["heat"] = {
      {"weeks", {"2026-11-16"}},
      {"rows",
       {{{"kata", "attention"}, {"level", 1}, {"cells", {{{"best", 87.5}, {"sessions", 2}}}}}}}};
  model["ladder"] = json::array();
  for (const char* machine : {"one machine", "other"}) {
    model["ladder"].push_back({{"kernel", "softmax"},
                               {"machine", machine},
                               {"problem", "64x128256 f32, cold"},
                               {"runs",
                                {{{"session", "s"},
                                  {"day", "2026-11-21"},
                                  {"time_us", 12.5},
                                  {"speed", 0.125},
                                  {"speed_low", 0.12},
                                  {"speed_high", 0.13},
                                  {"standing", "SLOWER"}}}}});
  }
  model["failed"] = {{{"kata", "attention"},
                      {"level", 1},
                      {"behaviour", "Mask"},
                      {"sessions", 2},
                      {"points_lost", 12.5},
                      {"last", "2026-11-21"}}};
  return model;
}

TEST(RenderPage, EveryValueStandsWhereItsPointerSays) {
  const json model = full_model();
  const std::string page = render_page(model, kParts);
  const json leaves = model.flatten();
  for (const auto& [pointer, value] : leaves.items()) {
    if (pointer == "/schema" || value.is_null() || value.empty()) continue;
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    EXPECT_TRUE(contains(page, "data-at=\"" + pointer + "\">" + text + "</")) << pointer;
  }
}

TEST(RenderPage, EachMachineHasALadderOfItsOwn) {
  const std::string page = render_page(full_model(), kParts);
  EXPECT_TRUE(contains(page, "<canvas id=\"ladder-0\""));
  EXPECT_TRUE(contains(page, "<canvas id=\"ladder-1\""));
  EXPECT_FALSE(contains(page, "<canvas id=\"ladder-2\""));
}

TEST(RenderPage, SaysInWordsWhatIsNotThereYet) {
  const std::string page = render_page(empty_model(), kParts);
  EXPECT_TRUE(contains(page, "No finished session was judged yet."));
  EXPECT_TRUE(contains(page, "No level has passed yet."));
  EXPECT_TRUE(contains(page, "No session has stored times"));
  EXPECT_TRUE(contains(page, "No behaviour has failed"));
  EXPECT_FALSE(contains(page, "<canvas"));
}

TEST(RenderPage, EscapesWhateverAJournalCouldHold) {
  json model = full_model();
  const std::string hostile = "</script><script>alert(1)</script><img src=x onerror='a'>\"";
  model["scores"][0]["session"] = hostile;
  model["scores"][0]["seal"] = hostile;
  model["first_pass"][0]["kata"] = hostile;
  model["failed"][0]["behaviour"] = hostile;
  const std::string page = render_page(model, kParts);
  EXPECT_FALSE(contains(page, "<script>alert"));
  EXPECT_FALSE(contains(page, "<img"));
  EXPECT_TRUE(contains(page, "&lt;/script&gt;"));
  const std::size_t begin = page.find("id=\"model\"");
  const std::size_t data = page.find('>', begin) + 1;
  EXPECT_EQ(json::parse(page.substr(data, page.find("</script>", data) - data)), model)
      << "the charts get the same figures";
}

TEST(RenderPage, ForbidsTheNetworkAndScriptsThatAreNotItsOwn) {
  const std::string page = render_page(full_model(), kParts);
  EXPECT_TRUE(contains(page, "default-src 'none'; style-src 'nonce-"));
  EXPECT_FALSE(contains(page, "unsafe"));
  EXPECT_FALSE(contains(page, "http://"));
  EXPECT_FALSE(contains(page, "https://"));
}

TEST(HtmlText, LeavesNothingThatMeansAnythingToHtml) {
  EXPECT_EQ(html_text("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

}  // namespace
}  // namespace unaided
