"""The table of contents of the manual: pages, and the sections of each."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.app import manual

Index = QModelIndex | QPersistentModelIndex
_LEVELS = (2, 3)


@dataclass(slots=True, eq=False)
class _Entry:
    page: str
    anchor: str
    text: str
    above: _Entry | None = None
    below: list[_Entry] = field(default_factory=list)

    @property
    def row(self) -> int:
        return 0 if self.above is None else self.above.below.index(self)

    def add(self, entry: _Entry) -> _Entry:
        entry.above = self
        self.below.append(entry)
        return entry


class ContentsModel(QAbstractItemModel):
    """Pages with their sections in one language; `place` says where an entry leads."""

    def __init__(self, lang: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = _Entry("", "", "")
        for name in manual.PAGES:
            page = manual.page(name, lang)
            of_page = self._root.add(_Entry(name, "", page.title))
            last = of_page
            for heading in page.headings:
                if heading.level == _LEVELS[0]:
                    last = of_page.add(_Entry(name, heading.anchor, heading.text))
                elif heading.level == _LEVELS[1]:
                    last.add(_Entry(name, heading.anchor, heading.text))

    def _entry(self, index: Index) -> _Entry:
        found = index.internalPointer() if index.isValid() else None
        return found if isinstance(found, _Entry) else self._root

    def place(self, index: Index) -> tuple[str, str]:
        """Page and anchor of an entry."""
        entry = self._entry(index)
        return entry.page, entry.anchor

    def find(self, page: str, anchor: str) -> QModelIndex:
        """The entry of a place, the page's own where its heading is not listed."""
        of_page = next((e for e in self._root.below if e.page == page), None)
        if of_page is None:
            return QModelIndex()
        waiting, found = [of_page], of_page
        while waiting:
            entry = waiting.pop()
            if anchor and entry.anchor == anchor:
                found = entry
                break
            waiting.extend(entry.below)
        return self.createIndex(found.row, 0, found)

    # -- QAbstractItemModel ----------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        above = self._entry(parent)
        if column != 0 or not 0 <= row < len(above.below):
            return QModelIndex()
        return self.createIndex(row, 0, above.below[row])

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        above = self._entry(index).above
        if above is None or above is self._root:
            return QModelIndex()
        return self.createIndex(above.row, 0, above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self._entry(parent).below)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if index.isValid() and role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._entry(index).text
        return None
