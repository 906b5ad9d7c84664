"""Whatever a person reads as a sentence begins with a capital, in both languages."""

from __future__ import annotations

import ast
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bloodcells_gui.domain import check_messages, clock, remarks, run_messages, scale_messages
from bloodcells_gui.domain.errors import UserError, system_reason
from bloodcells_gui.domain.i18n import Reason, catalogue, is_template, tr
from scripts.tools import translations

# Names that are written small wherever they stand.
SMALL = ("onnxruntime", "skipped.csv", "bloodcells", "µm", "sha256", "{")
# What shows a text of its own: the place of the text among its arguments.
SHOWN = {
    "setToolTip": (0,), "setStatusTip": (0,), "setPlaceholderText": (0,), "setWindowTitle": (0,),
    "setTitle": (0,),
    "setAccessibleName": (0,), "addTab": (1,), "QPushButton": (0, 1), "QGroupBox": (0,), "QCheckBox": (0,),
    "QRadioButton": (0,), "addMenu": (0,), "show_banner": (1, 2, 3), "UserError": (0, 1, 2), "heading": (0,),
    "Remark": (0,), "SigningCheck": (0,),
}  # fmt: skip
TRANSLATE = ("tr", "N_", "ngettext", "pgettext", "plural")


def sentence_begins_well(text: str) -> bool:
    first = text.lstrip(" “«\u00a0(*&").replace("&", "")
    return not first or not first[0].islower() or first.startswith(SMALL)


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an argument may be, before its fields are filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in TRANSLATE:
            first = 1 if name == "pgettext" else 0
            for each in node.args[first : 2 if name != "pgettext" else 3]:
                yield from literals(each)
        elif name == "format" and isinstance(node.func, ast.Attribute):
            yield from literals(node.func.value)


def shown_texts() -> list[tuple[str, str]]:
    """Every text that stands alone in a window, a banner, a report or a terminal: its file and itself."""
    found = []
    for path in sorted(translations.PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            for place in SHOWN.get(name, ()):
                if place < len(node.args):
                    where = path.relative_to(translations.PACKAGE).as_posix()
                    found += [(where, text) for text in literals(node.args[place])]
    return [(where, text) for where, text in found if is_template(text)]


def french(text: str) -> list[str]:
    """The French of a text; both forms of one that counts."""
    known = catalogue("fr")
    return [known.gettext(text), *(known.ngettext(text, text, n) for n in (1, 2))]


def test_what_stands_alone_begins_with_a_capital() -> None:
    texts = shown_texts()
    assert len(texts) > 300
    wrong = [(w, t) for w, t in texts if not all(map(sentence_begins_well, (t, *french(t))))]
    assert wrong == []


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_text_with_a_full_stop_begins_with_a_capital(lang: str) -> None:
    wrong = []
    for message in translations.read():
        if not message.id:
            continue
        value = message.id if lang == "en" else message.string
        for text in value if isinstance(value, tuple | list) else (value,):
            if str(text).rstrip().endswith((".", "!", "?")) and not sentence_begins_well(str(text)):
                wrong.append(str(text))
    assert wrong == []


@pytest.mark.parametrize("module", [remarks, run_messages, scale_messages, check_messages, clock])
def test_remarks_and_checks_begin_with_a_capital_in_both_languages(module: object) -> None:
    texts = [v for n, v in vars(module).items() if n.isupper() and str(v).endswith(".")]
    assert texts
    for text in texts:
        assert all(map(sentence_begins_well, (text, *french(text)))), text


def test_the_walk_sees_what_it_should(tmp_path: Path) -> None:
    tree = ast.parse('a.setToolTip(tr("small").format(n=1)); UserError(N_("Big"), "why", x)').body
    calls = [n for line in tree for n in ast.walk(line) if isinstance(n, ast.Call)]
    assert list(literals(calls[0].args[0])) == ["small"]
    assert not sentence_begins_well("small")
    assert sentence_begins_well("{n} cells")


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_reason_that_stands_alone_is_a_sentence(lang: str) -> None:
    for number in (errno.ENOSPC, errno.EACCES, errno.EIO):
        why = system_reason(OSError(number, os.strerror(number)))
        part = tr("{why}.", lang, why=why)
        assert part == why.text(lang)[0].upper() + why.text(lang)[1:] + "."
        assert tr("({why}).", lang, why=why) == f"({why.text(lang)})."
    why = Reason("the case is signed: amend it first")
    said = UserError("This was not done.", "{reason}.", reason=why).text(lang)
    assert said.endswith(f" {why.text(lang)[0].upper()}{why.text(lang)[1:]}.")


def test_a_name_at_the_beginning_of_a_reason_stays() -> None:
    for name in (
        "onnxruntime failed",
        "skipped.csv is there",
        "/srv/x is gone",
        "µm",
        "NaN",
        "7 files",
        "x2 y",
    ):
        assert tr("{why}.", why=name) == f"{name}."
