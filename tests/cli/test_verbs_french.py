"""Every verb speaks French when it is asked to: what it reports, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bloodcells_gui.app.demo import make_demo
from bloodcells_gui.app.selftest import run_self_test
from bloodcells_gui.cli import run

# Words that no sentence of a verb does without in English and that are no French.
ENGLISH = re.compile(
    r"\b(the|is|are|of|and|with|from|by|no|not|cells?|entry|entries|images? checked|removed|damaged|off)\b"
)
# Names of a model and of its task, the same in every language.
NAMES = re.compile(r"red[-_]cells(-\d)?")


def english_in(text: str) -> list[str]:
    """English words of a text that ought to be French."""
    return ENGLISH.findall(NAMES.sub("", text))


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A specimen of one cell, its case, a file that is no case, an empty folder."""
    base = tmp_path_factory.mktemp("laboratory")
    make_demo("crops", base / "demo", cells=1, seed=2)
    assert run(["analyze", str(base / "demo"), "--out", str(base / "out"), "--quiet"]) == 0
    (base / "file").write_text("x")
    (base / "empty").mkdir()
    return base


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["demo", "--out", "{lab}/new", "--cells", "1"], 0),
        (["demo", "--out", "{lab}/file", "--cells", "1"], 5),
        (["verify", "{lab}/out/case.bcs"], 0),
        (["verify", "{lab}/out/case.bcs", "--head", "0" * 64], 1),
        (["verify", "{lab}/file"], 2),
        (["models", "list"], 0),
        (["models", "verify", "{lab}/empty"], 4),
        (["calibrate", "list"], 0),
        (["calibrate", "use", "nobody"], 2),
        (["calibrate", "{lab}/empty", "--name", "x"], 3),
        (["evaluate", "{lab}/empty", "--out", "{lab}/e"], 3),
        (["site-check", "{lab}/empty", "--out", "{lab}/s"], 3),
        (["site-check", "{lab}/out/case.bcs", "--out", "{lab}/s"], 0),
        (["report", "{lab}/file", "--out", "{lab}/r"], 2),
        (["analyze", "{lab}/empty", "--out", "{lab}/a"], 3),
        (["lab", "backup", "{lab}/file"], 5),
    ],
)
def test_a_verb_speaks_french(
    laboratory: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
) -> None:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path))
    told = {}
    for lang in ("en", "fr"):
        got = run([*(w.replace("{lab}", str(laboratory)) for w in words), "--lang", lang])
        captured = capsys.readouterr()
        told[lang] = (captured.out + captured.err).replace(str(laboratory), "")
        assert got == code, told
    assert told["fr"].strip()
    assert told["fr"] != told["en"]
    assert not english_in(told["fr"]), told["fr"]


def test_one_of_each_is_not_said_in_the_plural(laboratory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["verify", str(laboratory / "out" / "case.bcs")])
    said = capsys.readouterr().out
    assert ", 1 cell, " in said
    assert ", 1 image checked" in said


@pytest.mark.slow
def test_the_self_test_speaks_french() -> None:
    for name, passed, detail in run_self_test("fr"):
        assert passed, detail
        assert not english_in(f"{name}: {detail}"), detail
