"""Sentences that were written down in one language, their values filled in, told in another.

A case keeps the reasons why files were left out as finished sentences. The template is found again by its
words: what lies between them are the values, which are told as they are.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice

from bloodcells_gui.domain.i18n import LANGUAGES, Reason, catalogue, counted_templates, tr

#: Longer texts are no sentences of the program.
_LONGEST = 2_000
#: Letters that a template must have beside its fields: "{name}: {value}" fits everything.
_LEAST_LETTERS = 8
_MOST_SENTENCES = 8
_FIELD = re.compile(r"\{(\w+)\}")
_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-ZÀ-Ý«“])")


@dataclass(frozen=True, slots=True)
class _Form:
    """A template as one language writes it, and the English template that is its key."""

    key: str
    literals: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, written: str, key: str) -> _Form:
        pieces = _FIELD.split(written)
        return cls(key, tuple(pieces[::2]), tuple(pieces[1::2]))

    @property
    def letters(self) -> int:
        """How many characters are the template's own."""
        return sum(map(len, self.literals))

    def values(self, sentence: str) -> dict[str, str] | None:
        """What the fields hold in `sentence`; None where it is no such sentence.

        Each piece of the template is looked for where the one before it ends: whatever a file put into a
        value, this takes no longer than reading it.
        """
        start, *middle, end = self.literals
        if not (sentence.startswith(start) and sentence.endswith(end)):
            return None
        at, limit = len(start), len(sentence) - len(end)
        found = []
        for piece in middle:
            next_at = sentence.find(piece, at, limit)
            if next_at < 0:
                return None
            found.append(sentence[at:next_at])
            at = next_at + len(piece)
        if at > limit:
            return None
        return dict(zip(self.names, (*found, sentence[at:limit]), strict=True))


def _pairs(lang: str) -> Iterator[tuple[str, str]]:
    """Every text as `lang` writes it, and its English key; of one that counts both forms."""
    for one, many, _ in counted_templates():
        for n in (1, 2):
            yield catalogue(lang).ngettext(one, many, n), many
    for other in LANGUAGES:
        book = catalogue(other)
        texts = getattr(book, "_catalog", {}) if isinstance(book, gettext.GNUTranslations) else {}
        for key, written in texts.items():
            if isinstance(key, str) and key and "\x04" not in key:  # no header, no entry with a context
                yield (key if lang == "en" else str(written)), key


@cache
def _whole(lang: str) -> dict[str, str]:
    return {written: key for written, key in _pairs(lang) if not _FIELD.search(written)}


@cache
def _forms(lang: str) -> tuple[_Form, ...]:
    """Templates with fields, those with most words of their own first."""
    forms = [_Form.of(written, key) for written, key in _pairs(lang) if _FIELD.search(written)]
    wanted = [f for f in forms if f.letters >= _LEAST_LETTERS]
    return tuple(sorted(wanted, key=lambda form: -form.letters))


@lru_cache(maxsize=512)
def retold(sentence: str, lang: str) -> str:
    """`sentence` of the program in `lang`, whichever language it was written in; others as they are.

    One sentence, or two of which each is the program's: a reason and what to do about it.
    """
    if not sentence or len(sentence) > _LONGEST:
        return sentence
    told = _one(sentence, lang)
    if told is not None:
        return told
    for gap in islice(_SENTENCE_END.finditer(sentence), _MOST_SENTENCES):
        first = _one(sentence[: gap.start()], lang)
        rest = None if first is None else _one(sentence[gap.end() :], lang)
        if rest is not None:
            return f"{first} {rest}"
    return sentence


def _one(sentence: str, lang: str) -> str | None:
    for source in LANGUAGES:
        if sentence in _whole(source):
            return tr(_whole(source)[sentence], lang)
    for source in LANGUAGES:
        for form in _forms(source):
            values = form.values(sentence)
            if values is not None and not any(_SENTENCE_END.search(v) for v in values.values()):
                return tr(form.key, lang, **{n: _value(v, lang) for n, v in values.items()})
    return None


def _value(text: str, lang: str) -> str:
    """A value that is words of the program, as why a disk could not be read; a single word is a name."""
    key = next((_whole(source)[text] for source in LANGUAGES if text in _whole(source)), "")
    return tr(key, lang) if " " in key else text


class Retold(Reason):
    """A finished sentence as a value of another: told in the language of that one."""

    __slots__ = ()

    def text(self, lang: str = "en") -> str:
        """The sentence in `lang`."""
        return retold(self.template, lang)
