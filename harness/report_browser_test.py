#!/usr/bin/python3
"""report_browser_test.py PROGRAM [--state STATE] [--screenshots FOLDER]: the report of some
generated sessions, and of those in STATE, in a real, headless Chromium: whether every figure of the
page and of its charts is the JSON's, whether anything is fetched or overflows, what an accessibility
checker finds, keyboard and print. Screenshots of the last one go to FOLDER. Exits 77, with a
sentence, where there is no Chromium with its driver and selenium; without axe-core ($UNAIDED_AXE, or
the package axe-playwright-python) it says that this part was left out."""

import argparse
import base64
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SESSIONS = 42  # three weeks, two a day
VIEWS = [(360, "light"), (360, "dark"), (1400, "light"), (1400, "dark")]
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

SHOWN = """return [...document.querySelectorAll('[data-at]')].map(e => [e.dataset.at, e.textContent])"""
CHARTS = """return Object.fromEntries([...document.querySelectorAll('canvas')].map(c =>
  [c.id, Chart.getChart(c).data.datasets.map(d => d.data)]))"""
STRAY_DIGITS = """const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
const stray = [];
while (walker.nextNode()) {
  const node = walker.currentNode;
  if (/[0-9]/.test(node.textContent) && !node.parentElement.closest('[data-at]')) stray.push(node.textContent);
}
return stray"""
OVERFLOW = """return [document.documentElement.scrollWidth, innerWidth]"""
OPEN_ALL = """document.querySelectorAll('details').forEach(d => d.open = true)"""
RUN_AXE = """const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: arguments[0]}).then(r => done(r.violations.map(
  v => `${v.id}: ${v.help} (${v.nodes.map(n => n.target).slice(0, 3).join('; ')})`)))"""


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def find_axe():
    if "UNAIDED_AXE" in os.environ:
        return pathlib.Path(os.environ["UNAIDED_AXE"])
    package = importlib.util.find_spec("axe_playwright_python")
    return pathlib.Path(package.submodule_search_locations[0]) / "axe.min.js" if package else None


def make_report(program, work, state):
    environment = {**os.environ, "XDG_STATE_HOME": str(state), "TZ": "UTC"}
    page, model = work / f"{state.name}.html", work / f"{state.name}.json"
    subprocess.run([program, "report", "--html", page, "--json", model], check=True,
                   env=environment, stdout=subprocess.DEVNULL)
    return page, json.loads(model.read_text(encoding="utf-8"))


def generate(program, state, sessions):
    subprocess.run([program, "dev", "generate-sessions", str(sessions)], check=True,
                   env={**os.environ, "XDG_STATE_HOME": str(state)})


def start_browser(work):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     f"--user-data-dir={work / 'profile'}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)


def show(browser, page, width, scheme):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    browser.get(page.as_uri())


def value_at(model, pointer):
    for key in pointer.split("/")[1:]:
        model = model[int(key) if isinstance(model, list) else key]
    return model


def leaves(model, pointer=""):
    if isinstance(model, dict):
        items = model.items()
    elif isinstance(model, list):
        items = enumerate(model)
    else:
        return {pointer} if model is not None and pointer != "/schema" else set()
    return set().union(*(leaves(value, f"{pointer}/{key}") for key, value in items))


def check_figures(browser, model):
    shown = browser.execute_script(SHOWN)
    for pointer, text in shown:
        value = value_at(model, pointer)
        seen = float(text) if isinstance(value, (int, float)) else text
        assert seen == value, f"{pointer}: the page has {text}, the JSON {value}"
    missing = leaves(model) - {pointer for pointer, _ in shown}
    assert not missing, f"not in the page: {sorted(missing)[:5]}"
    stray = browser.execute_script(STRAY_DIGITS)
    assert not stray, f"figures that are nobody's: {stray[:5]}"


def check_charts(browser, model):
    charts = browser.execute_script(CHARTS)
    katas = {row["kata"] for row in model["first_pass"]}
    ladders = {}
    for row in model["ladder"]:
        ladders.setdefault((row["kernel"], row["machine"]), []).append(row)
    firsts = [model["ladder"].index(rows[0]) for rows in ladders.values()]
    assert set(charts) == ({"scores", "failed"} | {f"first-pass-{kata}" for kata in katas} |
                           {f"ladder-{first}" for first in firsts})
    points = sorted(point["y"] for series in charts["scores"] for point in series)
    assert points == sorted(score["percent"] for score in model["scores"])
    for kata in katas:
        rows = [row for row in model["first_pass"] if row["kata"] == kata]
        wanted = [[time["minutes"] for time in row["times"]] for row in rows]
        assert [[point["y"] for point in series] for series in charts[f"first-pass-{kata}"]] == wanted
    for first, rows in zip(firsts, ladders.values()):
        wanted = [[run["speed"] for run in row["runs"]] for row in rows]
        assert [[point["y"] for point in series] for series in charts[f"ladder-{first}"]] == wanted
    (bars,) = charts["failed"]
    assert bars == [row["points_lost"] for row in model["failed"]][:len(bars)]


def check_axe(browser, axe):
    if axe is None:
        return
    browser.execute_script(axe.read_text(encoding="utf-8"))
    found = browser.execute_async_script(RUN_AXE, AXE_TAGS)
    assert not found, f"axe-core: {found}"


def check_keyboard(browser):
    from selenium.webdriver.common.keys import Keys
    count = browser.execute_script("return document.querySelectorAll('summary').length")
    opened = 0
    for _ in range(6 * count + 10):
        active = browser.switch_to.active_element
        if active.tag_name == "summary":
            active.send_keys(Keys.ENTER)
            opened += 1
        active.send_keys(Keys.TAB)
        if browser.execute_script("return document.activeElement === document.body"):
            break
    assert opened == count, f"{opened} of {count} tables can be opened with the keyboard"


def print_page(browser):
    return browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]


def check_print(browser):
    print_page(browser)
    closed = browser.execute_script("return document.querySelectorAll('details:not([open])').length")
    assert closed == 0, "tables are missing in print"


def check_view(browser, page, model, axe, width, scheme):
    show(browser, page, width, scheme)
    check_figures(browser, model)
    check_charts(browser, model)
    check_axe(browser, axe)
    browser.execute_script(OPEN_ALL)
    content, window = browser.execute_script(OVERFLOW)
    assert content <= window == width, f"{content} pixels wide in a window of {window}"
    check_axe(browser, axe)
    fetched = browser.execute_script("return performance.getEntriesByType('resource').map(r => r.name)")
    assert not fetched, f"fetched {fetched}"
    complaints = [entry["message"] for entry in browser.get_log("browser")]
    assert not complaints, complaints


def take_screenshots(browser, page, folder):
    for width, scheme in VIEWS:
        show(browser, page, width, scheme)
        image = browser.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True, "format": "png"})["data"]
        (folder / f"report-{scheme}-{width}.png").write_bytes(base64.b64decode(image))
    (folder / "print.pdf").write_bytes(base64.b64decode(print_page(browser)))


def main():
    asked = arguments()
    for tool in ("chromium", "chromedriver"):
        if not shutil.which(tool):
            skip(f"no {tool} here (apt-get install chromium chromium-driver)")
    if not importlib.util.find_spec("selenium"):
        skip("no selenium here (apt-get install python3-selenium)")
    axe = find_axe()
    if axe is None:
        print("without axe-core, which is not here (pip install axe-playwright-python)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        work = pathlib.Path(name)
        generate(asked.program, work / "generated", SESSIONS)
        states = [work / "generated"]
        if asked.state and asked.state.is_dir():
            states.append(asked.state)
        empty = make_report(asked.program, work, work / "empty")
        full = [make_report(asked.program, work, state) for state in states]
        browser = start_browser(work)
        try:
            for report in full:
                check_report(browser, *report, axe)
            show(browser, empty[0], *VIEWS[0])
            check_figures(browser, empty[1])
            check_axe(browser, axe)
            if asked.screenshots:
                take_screenshots(browser, full[-1][0], asked.screenshots)
        finally:
            browser.quit()
    figures = sum(len(leaves(model)) for _, model in full)
    print(f"{figures} figures of {len(full)} reports compared in {len(VIEWS)} views")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--state", type=pathlib.Path, help="an $XDG_STATE_HOME that has sessions")
    parser.add_argument("--screenshots", type=pathlib.Path, help="the folder for them")
    return parser.parse_args()


def check_report(browser, page, model, axe):
    for width, scheme in VIEWS:
        check_view(browser, page, model, axe, width, scheme)
    show(browser, page, *VIEWS[2])
    check_keyboard(browser)
    show(browser, page, *VIEWS[3])
    check_print(browser)


main()
