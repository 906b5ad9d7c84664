"""Nothing that comes from outside acts on the terminal, and a closed terminal loses nothing."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bloodcells_gui.__main__ import main
from bloodcells_gui.cli import run
from bloodcells_gui.cli.terminal import CleanStream, clean_streams
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.safe_text import escape_control_chars
from bloodcells_gui.storage.audit import export_trail
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import Reviewer, a_case

ROOT = Path(__file__).resolve().parents[2]
ESC = "\x1b]0;owned\x07\x1b[2J\x1b[31mok: 1 entries\r\x9b5mx\u202egpj.exe\u2028\x08\x7f"
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def test_what_acts_is_written_out_and_what_is_text_stays() -> None:
    assert not ACTS.search(escape_control_chars(ESC))
    assert escape_control_chars("\x1b[31m") == "\\x1b[31m"
    assert escape_control_chars("a\nb\tc", "\n\t") == "a\nb\tc"
    assert escape_control_chars("a\nb") == "a\\nb"
    assert escape_control_chars("\udcff") == "\\udcff"
    for text in ("Müller – 山田 😀", "שלום", "می‌خواهم", "C:\\smears"):
        assert escape_control_chars(text) == text


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A case whose every text is hostile."""
    path = tmp_path / f"case {ESC.replace('/', '')}.bcs"
    with a_case(path) as store:
        person = Reviewer(store)
        person.act(EventKind.NOTE, new=ESC, author=ESC)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "{case}"], ["verify", "{case}", "--trail", "{case}.t.csv"], ["verify", "{esc}"],
        ["report", "{case}", "--out", "{out}"], ["report", "{esc}", "--out", "{out}"],
        ["analyze", "{esc}", "--out", "{out}"], ["analyze", "{empty}", "--out", "{out}/{esc}"],
        ["analyze", "{empty}", "--out", "{out}", "--profile", "{esc}"],
        ["evaluate", "{esc}", "--out", "{out}"], ["evaluate", "{empty}", "--out", "{out}"],
        ["calibrate", "use", "{esc}"], ["calibrate", "{esc}", "--name", "{esc}"],
        ["models", "list", "{esc}"], ["models", "verify", "{esc}"], ["lab", "backup", "{case}"],
        ["lab", "backup", "{out}/{esc}.zip"], ["lab", "restore", "{esc}"],
        ["lab", "restore", "{case}", "--lang", "fr"], ["demo", "--out", "{case}", "--cells", "2"], ["{esc}"],
        ["analyze", "x", "--out", "y", "--mpp", "{esc}"], ["analyze", "x", "--out", "y", "--kind", "{esc}"],
        ["analyze", "x", "--{esc}"], ["demo", "--size", "{esc}"], ["verify", "{case}", "{esc}"],
        ["gui{esc}"],
    ],
)  # fmt: skip
def test_no_verb_sends_a_control_character(
    hostile: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    home = tmp_path / "home"
    (home / "cases").mkdir(parents=True)
    (home / "settings.json").write_text(
        json.dumps({"taxonomy": ESC, "wbc_unit": ESC, ESC: ESC, "language": ESC})
    )
    a_case(home / "cases" / "one.bcs").close()
    (home / "cases" / f"bad {ESC.replace('/', '')}.bcs").write_bytes(b"SQLite format 3\0")
    monkeypatch.setenv("BLOODCELLS_HOME", str(home))
    empty = tmp_path / f"empty {ESC}"
    empty.mkdir()
    (empty / f"{ESC}.txt").write_text("no image")
    values = {"case": hostile, "esc": ESC, "out": tmp_path / "out", "empty": empty}
    try:
        run([a.format(**values) for a in arguments])
    except SystemExit as left:
        code = left.code
    else:
        code = 2
    out, err = capfd.readouterr()
    assert not ACTS.search(out + err), (out + err)[:2000]
    assert "Traceback" not in err
    assert code == 2  # of argparse
    # no name makes a line of its own that looks like the program's
    assert not any(text.startswith("ok: 1 entries") for text in (out + err).splitlines())


def test_a_fault_is_written_clean(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from bloodcells_gui.cli import verbs\n"
        "def broken(args): raise RuntimeError('\\x1b[31m' + str(args.case))\n"
        "verbs.VERBS['verify'] = broken\n"
        "from bloodcells_gui.__main__ import main\n"
        "main(['verify', sys.argv[1]])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "\x1b]0;owned\x07"], capture_output=True, check=False, cwd=ROOT
    )
    assert b"RuntimeError" in done.stderr
    assert b"\x1b" not in done.stderr
    assert b"\x07" not in done.stderr


def test_the_progress_line_still_rewrites_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from bloodcells_gui.cli.progress import ProgressPrinter
    from bloodcells_gui.domain.analysis import Progress

    sink = io.StringIO()
    printer = ProgressPrinter("bar", "en", CleanStream(sink))  # type: ignore[arg-type]
    printer.show(Progress(1, 2, "images\x1b[31m", 3, 1.0, None))
    printer.end()
    assert sink.getvalue().startswith("\r")
    assert "\x1b" not in sink.getvalue()


def test_a_name_that_the_terminal_cannot_write_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    with clean_streams():
        print("Müller \udcff █")
        sys.stdout.flush()
    assert raw.getvalue() == b"M\\xfcller \\udcff \\u2588\n"


def test_the_trail_is_guarded_like_every_other_table(tmp_path: Path) -> None:
    texts = [
        "=1+1",
        " =1+1",
        "\u200b@SUM(1)",
        "＝1",
        "+1",
        "-1",
        "a;=1+1",
        "a, +cmd|x",
        "\t=1",
        "plain, text",
    ]
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        person = Reviewer(store)
        for text in texts:
            person.act(EventKind.NOTE, new=text, author=text)
            person.act(EventKind.SET_FIELD, key=text, new=text)
    export_trail(path, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    from bloodcells_gui.domain.csv_text import safe_text

    notes = [row for row in table if row["act"] == "note"]
    assert [row["new"] for row in notes] == [safe_text(t) for t in texts]
    assert all(row["author"].startswith("'") for row in notes[:4])
    assert {row["key"].strip("' ") for row in table if row["key"]} >= {"=1+1", "+1", "-1"}
    assert not any(row["key"].startswith(("=", "+", "-", "@")) for row in table)
    assert notes[1]["new"] == "' =1+1"


# -- a terminal that is closed ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "crops"
    assert run(["demo", "--out", str(out), "--cells", "120", "--seed", "3", "--quiet"]) == 0
    return out


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("how", ["SIGHUP", "SIGTERM", "SIGINT", "SIGHUP twice", "terminal"])
def test_an_end_that_was_asked_for_keeps_what_was_found(specimen: Path, tmp_path: Path, how: str) -> None:
    import pty

    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "bloodcells_gui", "analyze", str(specimen), "--out", str(tmp_path),
         "--threads", "1"],
        cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),  # noqa: PLW1509
    )  # fmt: skip
    os.close(slave)
    seen = b""
    end = time.monotonic() + 120
    while b"cells" not in seen and time.monotonic() < end:
        try:
            seen += os.read(master, 4096)
        except OSError:
            break
    if how == "terminal":
        os.close(master)
    else:
        child.send_signal(getattr(signal, how.split(maxsplit=1)[0]))
        if "twice" in how:
            time.sleep(0.05)
            child.send_signal(signal.SIGHUP)
    if how != "terminal":
        os.set_blocking(master, False)
    while child.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
        if how != "terminal":
            with contextlib.suppress(OSError):
                os.read(master, 65536)
    assert child.wait(60) == 130
    if how != "terminal":
        os.close(master)
    with CaseStore.open(tmp_path / "case.bcs") as store:
        assert not store.after_crash
        assert str(store.runs[0].status) == "cancelled"
        assert store.verify() == []
        kept = len(store.load_cells())
        assert kept < 120
        assert not [s for s in store.runs[0].skipped if "decoder" in s.reason.lower()]
    assert (tmp_path / "report.pdf").stat().st_size > 1000
    with (tmp_path / "cells.csv").open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == kept + 1


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("how", ["SIGHUP", "SIGTERM", "SIGINT"])
def test_the_window_closes_as_by_hand(tmp_path: Path, how: str) -> None:
    from tests.support.workbench_window import a_case as a_pictured_case

    path = a_pictured_case(tmp_path / "a.bcs", 8)
    lock = Path(f"{path}.lock")
    child = subprocess.Popen(
        [sys.executable, "-m", "bloodcells_gui", "gui", str(path)], cwd=ROOT, stderr=subprocess.PIPE,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "BLOODCELLS_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    end = time.monotonic() + 120
    while not lock.exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1.0)
    child.send_signal(getattr(signal, how))
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert not lock.exists()
    assert b"Traceback" not in err


def test_an_interrupt_before_a_verb_listens_for_it_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bloodcells_gui.cli.run", interrupted)
    monkeypatch.setattr("sys.excepthook", sys.excepthook)
    assert main(["verify", "case.bcs"]) == 130
