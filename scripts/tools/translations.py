"""Collect the texts that a person reads, keep the French catalogue in step with them, and compile it.

``python -m scripts.tools.translations`` after a change of texts: it names what has no French yet; write that in
``resources/translations/fr/LC_MESSAGES/bloodcells.po`` (with Poedit or a text editor) and run it again.
"""

from __future__ import annotations

import ast
import builtins
import io
import string
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "bloodcells_gui"
FRENCH = ROOT / "resources" / "translations" / "fr" / "LC_MESSAGES" / "bloodcells.po"

# What marks or shows a text: name, or module.name -> positions of the arguments that are texts.
FIRST, SECOND, FIRST_TWO, FIRST_THREE = (0,), (1,), (0, 1), (0, 1, 2)
KEYWORDS: Mapping[str, Sequence[int]] = {
    "N_": FIRST, "tr": FIRST, "_tr": FIRST, "text": FIRST,
    # remarks, reasons and checks
    "Remark": FIRST, "Reason": FIRST, "InvalidValue": FIRST, "SigningCheck": FIRST, "Problem": FIRST,
    # errors: what happened, why, what to do
    "_print": FIRST_TWO, "_refuse": FIRST_TWO, "_refused": FIRST_TWO, "UserError": FIRST_THREE,
    # rows of the tables of classes, grades, ranges, rules and fields
    "CellClass": SECOND, "RollUp": SECOND, "Row": SECOND, "taxonomy._roll_up": SECOND,
    "GradeItem": SECOND, "grading._red": range(2, 20), "RangeItem": SECOND, "RangeSet": SECOND, "Rule": SECOND,
    "FieldSpec": SECOND,
}  # fmt: skip
COUNTED = {"ngettext": FIRST_TWO, "plural": FIRST_TWO}
WITH_CONTEXT = {"pgettext": FIRST_TWO}
# Classes of errors whose first three arguments are shown.
ERRORS = ("Error", "Refused", "Damaged", "TooNew", "Unreachable", "InUse", "NotWritable")
# ... but those of Python and of its libraries, which no person is meant to read.
FOREIGN_ERRORS = {*dir(builtins), "DatabaseError", "OperationalError", "ArgumentTypeError"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the sources: its context ("" for none), its form of one, its form of many ("" for none)."""

    context: str
    one: str
    many: str = ""

    @property
    def key(self) -> str | tuple[str, str]:
        """How catalogues name it."""
        return (self.one, self.many) if self.many else self.one


class Catalogue(Catalog):
    """A catalogue whose head holds nothing that differs from one day or machine to the next."""

    @property  # type: ignore[misc]  # what is read is set nowhere
    def mime_headers(self) -> list[tuple[str, str]]:
        """The head's lines."""
        return [
            ("Language", "fr"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", "nplurals=2; plural=(n > 1);"),
        ]


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an argument may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def is_text(template: str) -> bool:
    """Whether a template holds, beside its fields, words or signs that languages set differently."""
    try:
        words = "".join(literal for literal, *_ in string.Formatter().parse(template))
    except ValueError:
        words = template
    return any(sign.isalpha() or sign in ":;?!“”" for sign in words)


def positions(module: str, name: str) -> Sequence[int]:
    """Which arguments of the callable `name` are texts in `module`."""
    for spelling in (f"{module}.{name}", name):
        if spelling in KEYWORDS:
            return KEYWORDS[spelling]
    return FIRST_THREE if name.endswith(ERRORS) and name not in FOREIGN_ERRORS else ()


def texts_of_call(call: ast.Call, module: str) -> Iterator[Text]:
    """The texts among the arguments of a call in `module`."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name in COUNTED or name in WITH_CONTEXT:
        given = [next(literals(argument), "") for argument in call.args[:2]]
        if len(given) == 2 and all(given):
            yield Text("", *given) if name in COUNTED else Text(*given)
        return
    for at in positions(module, name):
        for text in literals(call.args[at]) if at < len(call.args) else ():
            if is_text(text):
                yield Text("", text)


def collect(package: Path = PACKAGE) -> dict[Text, str]:
    """Every text of the package -> the file that holds it first."""
    found: dict[Text, str] = {}
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for text in texts_of_call(node, path.stem) if isinstance(node, ast.Call) else ():
                found.setdefault(text, path.relative_to(package).as_posix())
    counted = {(text.context, text.one) for text in found if text.many}
    return {t: where for t, where in found.items() if t.many or (t.context, t.one) not in counted}


def read(path: Path = FRENCH) -> Catalogue:
    """The catalogue in a .po file."""
    catalogue = Catalogue()
    with path.open("rb") as file:
        for message in read_po(file):
            if message.id:
                catalogue.add(
                    message.id, message.string, context=message.context, user_comments=message.user_comments
                )
    return catalogue


def in_step(old: Catalog, texts: Mapping[Text, str]) -> Catalogue:
    """A catalogue of exactly `texts`, with the translations of `old`."""
    new = Catalogue()
    for text in sorted(texts, key=lambda t: (t.one, t.context)):
        context = text.context or None
        known = old.get(text.key, context)
        usable = known is not None and known.pluralizable == bool(text.many)
        new.add(
            text.key,
            known.string if known is not None and usable else (("", "") if text.many else ""),
            context=context,
            user_comments=known.user_comments if known is not None else (),
        )
    return new


def written(catalogue: Catalogue) -> bytes:
    """The .po file of a catalogue."""
    head = "".join(f'"{name}: {value}\\n"\n' for name, value in catalogue.mime_headers)
    body = io.BytesIO()
    write_po(body, catalogue, width=100, no_location=True, omit_header=True)
    return f'msgid ""\nmsgstr ""\n{head}\n'.encode() + body.getvalue().strip() + b"\n"


def compiled(catalogue: Catalogue) -> bytes:
    """The .mo file of a catalogue.

    Its counted texts are in it a second time under their form of many alone: a template that was read from a
    case has its translation even where the module that counts with it was never imported.
    """
    whole = Catalogue()
    for message in [m for m in catalogue if m.id]:
        whole.add(message.id, message.string, context=message.context)
    singles = {message.id for message in catalogue if isinstance(message.id, str)}
    for message in catalogue:
        if isinstance(message.id, str) or message.id[1] in (message.id[0], *singles):
            continue
        whole.add(message.id[1], forms(message)[-1], context=message.context)
    file = io.BytesIO()
    write_mo(file, whole)
    return file.getvalue()


def forms(message: Message) -> tuple[str, ...]:
    """The translations of a message: one, or one of one and one of many."""
    text = message.string
    return tuple(text) if isinstance(text, (tuple, list)) else (text or "",)


def unfinished(catalogue: Catalogue) -> list[str]:
    """The texts without a translation."""
    found = []
    for message in catalogue:
        if message.id and not all(forms(message)):
            found.append(message.id if isinstance(message.id, str) else message.id[0])
    return found


def main() -> int:
    """Collect, name what is missing, compile."""
    catalogue = in_step(read(), collect())
    FRENCH.write_bytes(written(catalogue))
    FRENCH.with_suffix(".mo").write_bytes(compiled(catalogue))
    missing = unfinished(catalogue)
    for text in missing:
        print(text)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
