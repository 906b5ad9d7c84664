"""Help, usage and complaints of the command line in both languages."""

from __future__ import annotations

import re

import pytest

from bloodcells_gui.cli.parser import VERB_NAMES, asked_language, build_parser

MISTAKES = (
    ["analyze"],
    ["analyze", "x", "--out", "y", "--kind", "slides"],
    ["analyze", "x", "--out", "y", "--mpp", "-1"],
    ["analyze", "x", "--out", "y", "--threads", "900"],
    ["analyze", "x", "--out", "y", "--target-cells", "1_0"],
    ["analyze", "x", "--out", "y", "--one-specimen", "--each-folder"],
    ["analyze", "x", "--out"],
    ["analyze", "x", "--out", "y", "--quiet=1"],
    ["analyze", "x", "--out", "y", "--save"],
    ["demo", "--out", "x", "--size", "big"],
    ["report", "a", "b", "--out", "x"],
    ["laboratory"],
)


def said(argv: list[str], lang: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        build_parser(lang).parse_args(argv)
    assert end.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


@pytest.mark.parametrize("argv", MISTAKES[:8] + MISTAKES[9:], ids=" ".join)
def test_a_mistake_is_told_in_the_language(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    english, french = said(argv, "en", capsys), said(argv, "fr", capsys)
    assert ": error: " in english
    assert english.startswith("usage: bloodcells")
    assert ": erreur : " in french
    assert french.startswith("usage : bloodcells")
    left_over = (
        r"\b(argument\w* are|expected|invalid choice|choose|allowed|required|unrecognized|whole|must be)\b"
    )
    assert not re.search(left_over, french.rpartition(": erreur : ")[2])


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_help_page_is_in_the_language(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ([], *([v] for v in VERB_NAMES), ["lab", "backup"]):
        with pytest.raises(SystemExit) as end:
            build_parser(lang).parse_args([*verb, "--help"])
        assert end.value.code == 0
        text = capsys.readouterr().out
        english = re.search(r"show this help|positional arguments|\bof the\b|\bthe log\b|\ba folder\b", text)
        assert bool(english) == (lang == "en")


def test_the_language_is_known_before_the_command_is_understood() -> None:
    assert asked_language(["analyze", "--lang", "fr"]) == "fr"
    assert asked_language(["--lang=fr", "x"]) == "fr"
    assert asked_language(["analyze", "--lang", "klingon"]) == "en"
    assert asked_language(["analyze", "x", "--lang"]) == "en"
    assert asked_language([]) == "en"
