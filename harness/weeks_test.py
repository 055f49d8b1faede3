#!/usr/bin/python3
"""weeks_test.py PROGRAM [STATE]: three weeks of practice through the real program, and what it
makes of them. A candidate sits down to what `next` says, saves, checks, submits, takes notes, gives
up, comes too late; libfaketime moves the clock from day to day and on within a session. The state
folder is made at STATE, for whoever looks at it afterwards. Exits 77, with a sentence, where there
is no faketime. $UNAIDED_WEEKS_BENCH is how `debrief --bench` measures (default: --tiny)."""

import datetime
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DAYS = 21
UTC = datetime.timezone.utc

# What the candidate does on which of the days; on days that are not here they rest.
PASSES, FAILS, GIVES_UP, HINT = "passes", "fails", "gives up", "passes with a hint"
SOME_POINTS = "250 points"
PRACTICE = {1: PASSES, 2: FAILS, 3: PASSES, 4: HINT, 8: PASSES, 9: GIVES_UP, 10: FAILS, 11: PASSES,
            15: PASSES, 17: PASSES, 18: PASSES}
TIMED = {5: ("attention", 2), 12: ("attention", 2), 19: ("attention", 2)}  # and benchmarked
ASSESSMENT, DEADLINE = 16, 13


def main():
    if not shutil.which("faketime"):
        print("skipped: no faketime here (apt-get install faketime)")
        sys.exit(77)
    if "FAKETIME_SHARED" not in os.environ:  # faketime tidies up after the processes it fakes for
        os.execvp("faketime", ["faketime", "-f", "+0", *sys.argv])
    with tempfile.TemporaryDirectory() as work:
        state = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else f"{work}/state").absolute()
        shutil.rmtree(state, ignore_errors=True)
        weeks = Weeks(pathlib.Path(sys.argv[1]).absolute(), pathlib.Path(work), state)
        try:
            weeks.practise()
            look(weeks)
        finally:
            weeks.kill_hosts()
        print(f"{len(weeks.played)} sessions in {DAYS} days, all as they were played")


class Weeks:
    """The candidate. `played` has of each session what must be remembered of it."""

    def __init__(self, program, work, state):
        self.program, self.work, self.state = program, work, state
        self.clock = work / "clock"
        self.today = datetime.datetime.now(UTC)
        self.noon = self.today.replace(hour=10, minute=0, second=0, microsecond=0)
        runtime = work / "run"
        for folder in (runtime, state):
            folder.mkdir(mode=0o700, parents=True)
        self.environment = {**os.environ, "TZ": "UTC", "NO_COLOR": "1",
                            "XDG_STATE_HOME": str(state), "XDG_RUNTIME_DIR": str(runtime),
                            "EDITOR": str(work / "editor"),
                            "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
                            "NO_FAKE_STAT": "1"}
        for name in ("FAKETIME", "VISUAL", "UNAIDED_SESSION"):
            self.environment.pop(name, None)
        self.script("editor", 'echo "- read the statement twice, $THOUGHT" >>"$1"')
        self.script("advance", f"""cd -- {shlex.quote(str(work))}
printf '%+d\\n' "$(($(cat clock) + 60 * $1))" >clock.new && mv clock.new clock""")
        self.script("save", 'cp -- "$1" new && mv new "$2"')
        self.day = ""
        self.played = []

    def script(self, name, text):
        file = self.work / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o700)

    def go_to(self, day):
        moment = self.noon - datetime.timedelta(days=DAYS - day)
        self.day = moment.strftime("%Y-%m-%d")
        offset = int((moment - self.today).total_seconds())
        self.clock.write_text(f"{offset:+d}\n")

    def run(self, *words, status=0, **environment):
        done = subprocess.run([self.program, *map(str, words)], cwd=self.work, check=False,
                              env={**self.environment, **environment}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        said = f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == status, said
        assert not done.stderr.startswith("unaided:") or status, f"{words} said {done.stderr}"
        return done.stdout

    def tell(self, *words):
        return json.loads(self.run(*words, "--json"))

    def practise(self):
        for day in range(1, DAYS + 1):
            self.go_to(day)
            if day in PRACTICE:
                self.follow_next(PRACTICE[day])
            elif day in TIMED:
                session = self.drill(*TIMED[day], PASSES)
                size = os.environ.get("UNAIDED_WEEKS_BENCH", "--tiny")
                self.run("debrief", session, "--bench", size)
                self.played[-1]["timed"] = True
            elif day == ASSESSMENT:
                self.assessment()
            elif day == DEADLINE:
                self.deadline()

    def follow_next(self, how):
        choice = self.tell("next")
        levels = {(row["kata"], row["level"]): row for row in self.tell("progress")["levels"]}
        due = levels[choice["kata"], choice["level"]]["due"]
        assert due is None or due <= self.day, f"{choice} comes again before {due}"
        self.drill(choice["kata"], choice["level"], how)

    def drill(self, kata, level, how):
        good, bad = self.attempt(kata, level), self.attempt(kata, level, wrong=True)
        steps = [f"advance 4; save {bad} {kata}.cpp; u check && exit 9; advance {3 + 2 * level}"]
        if how == HINT:
            steps.append("u hint")
        if how == FAILS:
            steps.append("u submit && exit 9; u finish")
        elif how == GIVES_UP:
            steps.append("u abandon; exit 1")
        else:
            steps.append(f"save {good} {kata}.cpp; u submit")
        failed = how in (FAILS, GIVES_UP)
        session = self.sit(kata, "drill", ["--level", level], steps, status=int(failed))
        self.remember(session, kata, level, level, how, minutes=7 + 2 * level,
                      phase="abandoned" if how == GIVES_UP else "finished", passed=not failed)
        if how == FAILS:
            self.run("notes", session, "--edit", THOUGHT=session)
        return session

    def assessment(self):
        one, two = self.attempt("attention", 1), self.attempt("attention", 2)
        session = self.sit("attention", "assessment", [], [
            f"advance 10; save {one} attention.cpp; u check; u unlock && advance 20",
            f"save {two} attention.cpp; u check; advance 15; u finish"], status=1)
        self.remember(session, "attention", 1, 4, SOME_POINTS, minutes=45, phase="finished",
                      passed=False)

    def deadline(self):
        """The machine was off when the time ended: the last save before is judged."""
        good = self.attempt("attention", 1)
        session = self.sit("attention", "drill", ["--level", 1, "--minutes", 30, "--again"], [
            f"advance 9; save {good} attention.cpp; u check"])
        self.kill_host(session)
        subprocess.run([self.work / "advance", "60"], check=True)
        said = self.run("resume", session, "--plain")
        assert "Time is over" in said, said
        self.remember(session, "attention", 1, 1, "the clock", minutes=30, phase="finished",
                      passed=True)

    def kill_host(self, session):
        pid = int((self.state / "unaided" / "sessions" / session / "lock").read_text())
        os.kill(pid, signal.SIGKILL)
        status = pathlib.Path(f"/proc/{pid}/status")
        while status.exists() and "State:\tZ" not in status.read_text():
            time.sleep(0.05)

    def sit(self, kata, form, options, steps, status=0):
        """The session's id; `steps` are lines of a shell in the workspace."""
        path = f"PATH={shlex.quote(str(self.work))}:$PATH"
        (self.work / "u").unlink(missing_ok=True)
        (self.work / "u").symlink_to(self.program)
        lines = "\n".join([path, "set -x", *steps])
        self.run("start", kata, "--format", form, *options, "--seal", "off", "--plain", "--",
                 "/bin/sh", "-c", lines, status=status)
        return self.tell("history", "--limit", 1)["sessions"][0]["session"]

    def remember(self, session, kata, first, last, how, **facts):
        self.played.append({"session": session, "kata": kata, "first_level": first,
                            "last_level": last, "how": how, **facts})

    def attempt(self, kata, level, wrong=False):
        """A file with the reference up to `level`, with one of its bugs when it is to be wrong."""
        reference = ROOT / "reference" / kata
        file = self.work / f"{kata}{level}{'bad' if wrong else ''}.cpp"
        shutil.copy(reference / f"{kata}.cpp", file)
        if wrong:
            mutant = sorted(reference.glob(f"mutants/level{level}_*.patch"))[0]
            subprocess.run(["patch", "-s", file, mutant], check=True)
        file.write_text(file.read_text().split(f"\n// level {level + 1}\n")[0] + "\n")
        return file

    def kill_hosts(self):
        """Those of sessions that a failure of the test left under way."""
        for row in self.tell("history", "--limit", 0)["sessions"]:
            if row["phase"] == "running":
                self.kill_host(row["session"])


def look(weeks):
    weeks.go_to(DAYS)
    history = weeks.tell("history", "--limit", 0)
    look_at_history(weeks, history["sessions"])
    look_at_levels(weeks)
    look_at_report(weeks)
    look_at_notes(weeks)
    look_at_an_export(weeks)
    weeks.run("history", "rebuild")
    assert weeks.tell("history", "--limit", 0) == history, "a rebuilt index is another one"


def look_at_history(weeks, rows):
    assert len(rows) == len(weeks.played)
    for row, played in zip(rows, weeks.played):
        for key in ("session", "kata", "first_level", "last_level", "phase"):
            assert row[key] == played[key], f"{played}: {key} is {row[key]}"
        assert (row["outcome"] == "passed") == played["passed"], f"{played}: {row['outcome']}"
        minutes = row["duration_ms"] / 60e3
        assert played["minutes"] <= minutes < played["minutes"] + 10, f"{played}: {minutes} minutes"
        assert bool(row["ladder"]) == played.get("timed", False), f"{played}: {row['ladder']}"
        assert row["check_runs"] == (2 if played["how"] == SOME_POINTS else 1), row
        assert row["hints"] == (played["how"] == HINT)
        assert bool(row["failed"]) == (played["how"] == FAILS), row
    (assessment,) = [row for row in rows if row["format"] == "assessment"]
    assert (assessment["points"], assessment["points_max"]) == (250, 600), assessment


def look_at_levels(weeks):
    rows = {(row["kata"], row["level"]): row for row in weeks.tell("progress")["levels"]}
    counting = [one for one in weeks.played if one["how"] not in (GIVES_UP, SOME_POINTS)]
    for kata, level in {(one["kata"], one["first_level"]) for one in counting}:
        mine = [one for one in counting if (one["kata"], one["first_level"]) == (kata, level)]
        tries = len(mine) + (kata == "attention" and level <= 2)  # the assessment came so far
        assert rows[kata, level]["tries"] == tries, f"{kata} {level}: {rows[kata, level]}"
    listed = {row["kata"]: row["levels"] for row in weeks.tell("list")["katas"]}
    for one in weeks.played:
        if one["passed"]:
            assert listed[one["kata"]][one["first_level"] - 1]["passed"], f"list has not {one}"
    interview = (weeks.today + datetime.timedelta(days=10)).strftime("%Y-%m-%d")
    days = weeks.tell("plan", "--interview", interview)["days"]
    assert any(day["sittings"] for day in days), "an empty plan"
    failed = [one for one in weeks.played if one["how"] == FAILS][-1]
    opening = " ".join(weeks.run("debrief", failed["session"]).split("\n\n")[0].split())
    assert "ever passed" in opening and "drill" in opening, opening


def look_at_report(weeks):
    page, model = weeks.work / "page.html", weeks.work / "page.json"
    weeks.run("report", "--html", page, "--json", model)
    report = json.loads(model.read_text())
    finished = [one for one in weeks.played if one["phase"] == "finished"]
    assert report["totals"]["sessions"] == len(weeks.played)
    assert report["totals"]["finished"] == len(finished) == len(report["scores"])
    assert report["totals"]["passed"] == sum(one["passed"] for one in weeks.played)
    assert len(report["heat"]["weeks"]) in (3, 4), report["heat"]["weeks"]
    assert report["failed"], "no behaviour failed"
    assert report["ladder"] and all(len(row["runs"]) == len(TIMED) for row in report["ladder"])
    assert page.read_text().count("<canvas") >= 4


def look_at_notes(weeks):
    for one in weeks.played:
        wanted = one["how"] == FAILS
        found = weeks.run("notes", "--search", f"twice, {one['session']}")
        assert (one["session"] in found) == wanted, f"notes of {one}: {found}"


def look_at_an_export(weeks):
    (timed, *_) = [one for one in weeks.played if one.get("timed")]
    target = weeks.work / "shown"
    weeks.run("export", timed["session"], target)
    for name in ("README.md", "attention.cpp", "report.json", "environment.json", "ladder.json",
                 "ladder.txt"):
        assert (target / name).stat().st_size > 0, name
    assert "## Ladder" in (target / "README.md").read_text()
    said = weeks.run("debrief", timed["session"])
    assert "On the benchmark ladder" in said, said


main()
