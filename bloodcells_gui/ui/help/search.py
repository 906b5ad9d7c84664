"""Find words on all pages of the manual."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QTextDocument

from bloodcells_gui.app import manual
from bloodcells_gui.app.manual import ManualPage
from bloodcells_gui.ui.help.browser import heading_positions
from bloodcells_gui.ui.i18n import tr

Index = QModelIndex | QPersistentModelIndex
#: One letter is on every line.
LEAST_LETTERS = 2
_AROUND = 46


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where the words are: page, position and length in its text, heading above, words around."""

    page: str
    position: int
    length: int
    section: str
    around: str


@dataclass(frozen=True, slots=True)
class _IndexedPage:
    page: ManualPage
    text: str
    headings: tuple[int, ...]

    def section(self, position: int) -> str:
        numbers = [n for n, start in enumerate(self.headings) if start <= position]
        return self.page.headings[numbers[-1]].text if numbers else self.page.title


class ManualIndex:
    """The plain text of every page in one language, read when it is first wanted."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._pages: dict[str, _IndexedPage] = {}

    def read_next(self) -> bool:
        """Read one more page; whether there are others to read."""
        missing = [name for name in manual.PAGES if name not in self._pages]
        if missing:
            self._read(missing[0])
        return len(missing) > 1

    def _read(self, name: str) -> _IndexedPage:
        page = manual.page(name, self.lang)
        document = QTextDocument()
        document.setMarkdown(page.markdown, QTextDocument.MarkdownFeature.MarkdownDialectGitHub)
        found = _IndexedPage(page, document.toPlainText(), tuple(heading_positions(document)))
        self._pages[name] = found
        return found

    def find(self, words: str) -> list[Hit]:
        """Every place where `words` are, page after page."""
        length = len(" ".join(words.split()))
        if length < LEAST_LETTERS:
            return []
        hits = []
        for name in manual.PAGES:
            indexed = self._pages.get(name) or self._read(name)
            hits += [
                Hit(name, at, length, indexed.section(at), _around(indexed.text, at, length))
                for at in manual.occurrences(indexed.text, words)
            ]
        return hits


def _around(text: str, at: int, length: int) -> str:
    start, end = max(0, at - _AROUND // 2), min(len(text), at + length + _AROUND)
    piece = " ".join(text[start:end].split())
    return ("…" if start else "") + piece + ("…" if end < len(text) else "")


class HitsModel(QAbstractListModel):
    """What was found, in the order of the pages."""

    def __init__(self, lang: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lang = lang
        self.hits: list[Hit] = []

    def show_hits(self, hits: list[Hit]) -> None:
        """Replace all hits."""
        self.beginResetModel()
        self.hits = hits
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.hits)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        hit = self.hits[index.row()]
        title = manual.page(hit.page, self._lang).title
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{hit.section}\n{hit.around}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return tr("{label}: {value}").format(label=title, value=hit.section)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{title}. {hit.section}. {hit.around}"
        return None
