"""The French catalogue is complete and in step with the sources, and no text goes around it."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from bloodcells_gui.domain import i18n
from bloodcells_gui.domain.i18n import is_template
from bloodcells_gui.domain.measurements import label_of
from bloodcells_gui.domain.taxonomy import CLASSES, ROLLUPS
from bloodcells_gui.imaging.measure import MEASUREMENTS
from scripts.tools import translations

PACKAGE = translations.PACKAGE
# What Qt shows as it is: a literal among its arguments must go through the catalogue.
QT_TEXTS = (
    "setText", "setToolTip", "setWindowTitle", "setPlaceholderText", "setAccessibleName", "setTitle",
    "setAccessibleDescription", "setStatusTip", "setInformativeText", "addTab", "QLabel", "QPushButton",
    "QCheckBox", "QRadioButton", "QAction", "QGroupBox", "addMenu", "showMessage",
)  # fmt: skip
SENTENCE = r"^\{\w+\}.* [a-z]{4}|[a-z]{4}.* \{\w+\}|\w+ \w+ \w+ \w+"
# Names of the world (sources of figures, licences), words that are understood and not said, the log.
WITHOUT_TEXTS = {
    "domain/ranges.py", "domain/class_names.py", "ui/dialogs/about.py", "app/support_report.py", "app/log.py",
    "app/drafts.py", "storage/allowed_paths.py", "app/bug_report.py", "synthetic/truth.py",
}  # fmt: skip
# The program's name; the name of a field in a PNG file.
NO_TEXTS = ("bloodcells", "Software")


def messages() -> list[Message]:
    return [m for m in translations.read() if m.id]


def forms_of(value: object) -> list[str]:
    return list(value) if isinstance(value, (tuple, list)) else [str(value)]


@lru_cache(maxsize=1)
def collected() -> dict[translations.Text, str]:
    return translations.collect()


@lru_cache(maxsize=1)
def calls() -> list[tuple[str, ast.Call, str]]:
    """Every call of the package: its file, itself, the name of what is called."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                found.append((path.relative_to(PACKAGE).as_posix(), node, name))
    return found


def test_every_text_has_its_french() -> None:
    texts = collected()
    assert len(texts) > 1500
    missing = translations.unfinished(translations.in_step(translations.read(), texts))
    assert missing == [], [f"{where}: {t.one}" for t, where in texts.items() if t.one in missing]


def test_the_catalogue_holds_the_texts_of_the_sources_and_no_others() -> None:
    fresh = translations.in_step(translations.read(), collected())
    assert translations.written(fresh) == translations.FRENCH.read_bytes(), (
        "python -m scripts.tools.translations"
    )


def test_the_compiled_catalogue_is_that_of_the_sources() -> None:
    compiled = translations.FRENCH.with_suffix(".mo").read_bytes()
    assert compiled == translations.compiled(translations.read()), "python -m scripts.tools.translations"


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def faults(message: Message) -> Iterator[str]:
    """How a translation differs from its source in what must be the same."""
    sources, translated = forms_of(message.id), forms_of(message.string)
    if len(sources) != len(translated):
        yield "number of forms"
    for n, (source, text) in enumerate(zip(sources, translated, strict=False)):
        # The form of one may do without the number, nothing else.
        spared = fields(sources[-1]) - fields(sources[0]) if n == 0 else set()
        if not fields(sources[-1]) - spared <= fields(text) <= fields(sources[-1]):
            yield "fields"
        if text.count("\n") != source.count("\n"):
            yield "lines"
        if len(re.findall("&[^& ]", text)) != len(re.findall("&[^& ]", source)):
            yield "accelerator"
        if [text[:1] == " ", text[-1:] == " "] != [source[:1] == " ", source[-1:] == " "]:
            yield "blanks at its ends"


def test_translations_keep_fields_lines_and_accelerators() -> None:
    assert [(message.id, fault) for message in messages() for fault in faults(message)] == []


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{name} is new.", "{nom} est nouveau."),
        ("{name} is new.", "C'est nouveau."),
        ("&Open", "Ouvrir"),
        ("one\ntwo", "un deux"),
        (("{n} cell", "{n} cells"), ("{n} cellule", "cellules")),
        (("{n} cell of {name}", "{n} cells of {name}"), ("{n} cellule", "{n} cellules de {name}")),
    ],
)
def test_a_planted_fault_is_seen(source: str, text: str) -> None:
    assert list(faults(Message(source, text)))


def test_no_text_is_given_to_the_translation_of_qt() -> None:
    around = [
        f"{where}:{call.lineno}"
        for where, call, name in calls()
        if where.startswith("ui/")
        and ast.unparse(call.func).endswith(("self.tr", "QCoreApplication.translate", "QObject.tr"))
    ]
    assert around == []


def test_what_qt_shows_goes_through_the_catalogue() -> None:
    bare = [
        f"{where}:{call.lineno}: {text}"
        for where, call, name in calls()
        if where.startswith("ui/") and name in QT_TEXTS
        for argument in call.args
        for text in translations.literals(argument)
        if re.search(r"[^\W\d_]{3}", text) and text not in NO_TEXTS
    ]
    assert bare == []


def test_a_text_that_is_said_by_its_name_is_marked() -> None:
    """`Reason(LOST)` is translated only if `LOST` was marked where it was defined."""
    known = {text.one for text in collected()} | {text.many for text in collected()}
    constants, imported = names_of_texts()
    unmarked = set()
    for where, call, name in calls():
        module = Path(where).stem
        for at in translations.positions(module, name):
            argument = call.args[at] if at < len(call.args) else None
            if isinstance(argument, ast.Name):
                said = argument.id
                home = imported.get((where, said), module)
            elif isinstance(argument, ast.Attribute) and isinstance(argument.value, ast.Name):
                said, home = argument.attr, argument.value.id
            else:
                continue
            unmarked |= {
                f"{where}:{call.lineno}: {said} = {text!r}"
                for text in constants.get((home, said), ())
                if translations.is_text(text) and text not in known and "drafts" not in ast.unparse(call.func)
            }
    assert not unmarked, "\n".join(sorted(unmarked))


def test_a_sentence_that_is_kept_in_a_name_is_marked() -> None:
    """Also one that is shown by way of a table or a function: it has a field and words, or four words."""
    known = {text.one for text in collected()} | {text.many for text in collected()}
    unmarked = [
        f"{path.relative_to(PACKAGE)}:{text.lineno}: {text.value!r}"
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).as_posix() not in WITHOUT_TEXTS
        for statement in ast.parse(path.read_text("utf-8")).body
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None
        for text in ast.walk(statement.value)
        if isinstance(text, ast.Constant)
        and isinstance(text.value, str)
        and re.search(SENTENCE, text.value)
        and not re.search(r"\b(CREATE|SELECT|FROM|WHERE|UPDATE|INSERT|PRIMARY KEY|NOT NULL)\b", text.value)
        and text.value not in known
    ]
    assert not unmarked, "\n".join(unmarked)


def names_of_texts() -> tuple[dict[tuple[str, str], list[str]], dict[tuple[str, str], str]]:
    """(module, name) -> its literal texts, and (file, imported name) -> the module that defines it."""
    constants: dict[tuple[str, str], list[str]] = {}
    imported: dict[tuple[str, str], str] = {}
    for path in PACKAGE.rglob("*.py"):
        where = path.relative_to(PACKAGE).as_posix()
        tree = ast.parse(path.read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                constants[path.stem, node.targets[0].id] = list(translations.literals(node.value))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    imported[where, alias.asname or alias.name] = node.module.rpartition(".")[2]
    return constants, imported


def test_class_and_row_names_and_measurements_have_their_french() -> None:
    names = {c.name for c in CLASSES} | {r.name for u in ROLLUPS.values() for r in u.rows}
    names |= {u.name for u in ROLLUPS.values()} | {label_of(m) for m in MEASUREMENTS}
    assert not sorted(n for n in names if not is_template(n))


def test_every_check_has_its_french() -> None:
    """Sentences that are kept in a name before they are said."""
    said = set()
    for path in ("domain/check_messages.py", "domain/clock.py"):
        for node in ast.walk(ast.parse((PACKAGE / path).read_text("utf-8"))):
            value = node.value if isinstance(node, ast.Assign) else None
            if isinstance(value, ast.Call):
                said |= {t for argument in value.args for t in translations.literals(argument) if " " in t}
    assert len(said) > 10
    assert not [text for text in said if not is_template(text)]


def test_values_are_never_taken_for_templates() -> None:
    assert i18n.tr("{path} is a file.", "en", path="{evil}") == "{evil} is a file."


def test_a_template_that_counts_takes_the_form_of_its_count() -> None:
    many = i18n.plural("{n} test cell", "{n} test cells")
    assert [i18n.tr(many, n=n) for n in (0, 1, "1", 2)] == [
        "0 test cells",
        "1 test cell",
        "1 test cell",
        "2 test cells",
    ]


def test_a_counted_template_that_nobody_marked_has_its_french() -> None:
    """One that was read from a case, before the module that counts with it was imported."""
    counted = next(m for m in messages() if m.pluralizable and m.id[0] != m.id[1])
    assert i18n.catalogue("fr").gettext(counted.id[1]) == counted.string[1]
    assert i18n.is_template(counted.id[1])


def test_french_counts_nought_as_one() -> None:
    french = i18n.catalogue("fr")
    assert [french.ngettext("{n} cell", "{n} cells", n).format(n=n) for n in (0, 1, 2)] == [
        "0 cellule",
        "1 cellule",
        "2 cellules",
    ]


def test_no_text_is_no_header() -> None:
    assert i18n.tr("", "fr") == ""
