"""Structure tags of the PDF (heading, paragraph, table, figure) for screen readers.

fpdf2 tags pictures and outline entries by itself; this adds text and tables, nested one level as tables need.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fpdf.structure_tree import StructElem, StructureTreeBuilder


class TagTree(StructureTreeBuilder):  # type: ignore[misc]
    """The library's tree with tables in it, and marked-content numbers counted instead of searched for."""

    def __init__(self) -> None:
        super().__init__()
        self._mcids: Counter[int] = Counter()
        self._table: StructElem | None = None
        self._row: StructElem | None = None
        self._nested: list[StructElem] = []

    def next_mcid_for_page(self, page_number: int) -> int:
        """Number of the next marked content of a page."""
        return self._mcids[page_number]

    def add_marked_content(
        self,
        page_number: int,
        struct_type: str,
        mcid: int | None = None,
        title: str | None = None,
        alt_text: str | None = None,
    ) -> tuple[StructElem, int]:
        """As the library's, below the open table row where one is open on this page."""
        elem, spid = super().add_marked_content(page_number, struct_type, mcid, title, alt_text)
        if mcid is not None:
            self._mcids[page_number] += 1
        row = self._row
        if row is not None and row.page_number() == page_number:
            self.doc_struct_elem.k.pop()
            elem.p = row
            row.k.append(elem)
            self._nested.append(elem)
        return elem, spid

    def open_row(self, page_number: int) -> None:
        """Begin a table row; a table that goes over to a new page becomes a second table element there."""
        table = self._table
        if table is None or table.page_number() != page_number:
            table = StructElem("/Table", self.doc_struct_elem, [], page_number)
            self.doc_struct_elem.k.append(table)
            self._table = table
        self._row = StructElem("/TR", table, [], page_number)
        table.k.append(self._row)
        self._nested.append(self._row)

    def close_row(self) -> None:
        """End the row."""
        self._row = None

    def close_table(self) -> None:
        """End the table."""
        self._row = self._table = None

    def __iter__(self) -> Iterator[object]:
        # Only direct children of the document were told their page object; the nested ones share it.
        pages = {e.page_number(): e.pg for e in self.doc_struct_elem.k}
        for elem in self._nested:
            elem.pg = pages[elem.page_number()]
        yield from super().__iter__()
        yield from self._nested
