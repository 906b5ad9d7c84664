"""The manual that is shipped with the program: its pages, their headings and links, and search in them.

The pages are the documents for users, in English under `docs` and translated under `docs/fr`. Whoever shows
them gets Markdown in which every link is one of three kinds: `manual:PAGE#ANCHOR` to a place of the manual,
the name of a picture, or plain text for whatever is not part of the manual. Nothing is fetched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bloodcells_gui.app.data_folders import docs_dir

#: Names of the pages, in the order of the contents.
PAGES = (
    "technician",
    "laboratory",
    "glossary",
    "models",
    "models-detector-segmenter",
    "command-line",
    "offline",
)
SCHEME = "manual"
_ANCHOR_LINE = re.compile(r'^<a id="([\w-]+)"></a>$')
_HEADING = re.compile(r"^(#{1,6}) +(.+?)\s*#*$")
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_CODE_FENCE = re.compile(r"^\s*(```|~~~)")
#: A page or picture larger than this is none of ours.
_MOST_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a page: its level (1 to 6), its text, and the anchor that links name."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class ManualPage:
    """One page, ready to be shown.

    Attributes
    ----------
    name : str
        One of `PAGES`.
    lang : str
        The language that the page is in; English where it has no translation.
    markdown : str
        GitHub's dialect, links and pictures as the module's docstring says.
    headings : tuple of Heading
        In their order, one for each heading of `markdown`.
    """

    name: str
    lang: str
    markdown: str
    headings: tuple[Heading, ...]

    @property
    def title(self) -> str:
        """The text of the first heading."""
        return self.headings[0].text if self.headings else self.name

    def has(self, anchor: str) -> bool:
        """Whether a link to `anchor` leads somewhere on this page."""
        return any(h.anchor == anchor for h in self.headings)


def slug(heading: str) -> str:
    """The anchor that GitHub and MkDocs give to a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def page_file(name: str, lang: str, folder: Path | None = None) -> Path:
    """The file of a page in a language; it need not exist."""
    base = folder or docs_dir()
    return (base if lang == "en" else base / lang) / f"{name}.md"


@lru_cache(maxsize=64)
def page(name: str, lang: str, folder: Path | None = None) -> ManualPage:
    """A page in `lang`, in English where there is no translation.

    Raises
    ------
    KeyError
        `name` is no page of the manual.
    OSError
        The page is not where it was installed.
    """
    if name not in PAGES:
        raise KeyError(name)
    file = page_file(name, lang, folder)
    if not file.is_file():
        lang, file = "en", page_file(name, "en", folder)
    markdown, headings = prepare(_text(file))
    return ManualPage(name, lang, markdown, tuple(headings))


def _text(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.read(_MOST_BYTES).decode("utf-8", errors="replace")


def prepare(text: str) -> tuple[str, list[Heading]]:
    """The Markdown of a document for the reader of the manual, and its headings.

    A line `<a id="anchor"></a>` before a heading gives it that anchor, so that a translated page can be
    linked to like the English one; other headings have the anchor that GitHub gives them.
    """
    lines: list[str] = []
    headings: list[Heading] = []
    anchor, fenced = "", False
    for line in text.splitlines():
        if _CODE_FENCE.match(line):
            fenced = not fenced
        given = None if fenced else _ANCHOR_LINE.match(line)
        if given:
            anchor = given[1]
            continue
        heading = None if fenced else _HEADING.match(line)
        if heading:
            headings.append(_heading(len(heading[1]), heading[2], anchor, headings))
            anchor = ""
        lines.append(line if fenced else _with_links(line))
    return "\n".join(lines) + "\n", headings


def _heading(level: int, text: str, anchor: str, before: list[Heading]) -> Heading:
    plain = _LINK.sub(r"\1", text).replace("`", "").replace("*", "")
    own = anchor or slug(plain)
    used = {h.anchor for h in before}
    number = 1
    while own in used:
        own, number = f"{anchor or slug(plain)}-{number}", number + 1
    return Heading(level, plain, own)


def _with_links(line: str) -> str:
    line = _PICTURE.sub(lambda m: f"![{m[1]}]({picture_name(m[2])})" if picture_name(m[2]) else m[1], line)
    return _LINK.sub(lambda m: _link(m[1], m[2]), line)


def _link(text: str, target: str) -> str:
    """A link within the manual, else its text alone; an address is shown and never opened."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target, re.IGNORECASE):
        return text if text == target else f"{text} ({target})"
    path, _, anchor = target.partition("#")
    name = Path(path).name.removesuffix(".md")
    if not path:
        return f"[{text}]({SCHEME}:#{anchor})"
    if name in PAGES and "/adr/" not in path:
        return f"[{text}]({SCHEME}:{name}{'#' + anchor if anchor else ''})"
    return text


def picture_name(target: str) -> str:
    """The name of a picture of the manual, "" for anything else."""
    found = re.fullmatch(r"(?:\.\./)?images/([\w-]+\.png)", target)
    return found[1] if found else ""


def picture(name: str, folder: Path | None = None) -> bytes:
    """The bytes of a picture; empty where there is none of that name."""
    if not re.fullmatch(r"[\w-]+\.png", name):
        return b""
    file = (folder or docs_dir()) / "images" / name
    try:
        with file.open("rb") as stream:
            return stream.read(_MOST_BYTES)
    except OSError:
        return b""


def fold(text: str) -> str:
    """`text` without case and accents, each character still at its place, so that hits can be marked."""
    return "".join(_fold_character(c) for c in text)


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    if character in "’‘":
        return "'"
    if character.isspace():  # a line that is broken, or a blank that may not break, is a blank all the same
        return " "
    base = unicodedata.normalize("NFKD", character)[:1] or character
    lower = base.casefold()
    return lower if len(lower) == 1 else base


def occurrences(text: str, wanted: str) -> Iterator[int]:
    """Where `wanted` begins in `text`, without regard to case, accents and the kind of blank."""
    needle = fold(" ".join(wanted.split()))
    if not needle:
        return
    hay = fold(text)
    at = hay.find(needle)
    while at >= 0:
        yield at
        at = hay.find(needle, at + len(needle))
