"""One page of the manual on the screen: Markdown as rich text, anchors, marked hits."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QPixmap,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFragment,
    QTextFrame,
    QTextFrameFormat,
    QTextImageFormat,
    QTextLength,
    QTextOption,
    QTextTable,
)
from PySide6.QtWidgets import QTextBrowser, QTextEdit, QWidget

from bloodcells_gui.app import manual
from bloodcells_gui.app.manual import ManualPage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.pictures import decoded

_MARGIN = 26.0
_SPACE_ABOVE = {1: 4.0, 2: 24.0, 3: 18.0}


class ManualBrowser(QTextBrowser):
    """Shows a page; links are told, never followed, and pictures come from the manual alone.

    Signals
    -------
    asked_for(str, str)
        A link was chosen: the name of a page, "" for this one, and an anchor, "" for the top.
    """

    asked_for = Signal(str, str)

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._page: ManualPage | None = None
        self._document: QTextDocument | None = None
        self._places: list[tuple[str, int]] = []
        self._pictures: dict[str, QPixmap] = {}
        self.hits: Sequence[tuple[int, int]] = ()
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setAccessibleName(tr("Page of the manual"))
        self.anchorClicked.connect(self._tell_link)
        context.theme.changed.connect(self._redraw)

    # -- showing ---------------------------------------------------------------------------------------

    def show_page(self, page: ManualPage) -> None:
        """Put a page on the screen, its top first."""
        self._page = page
        # A document of its own for each page: Qt 6.11 crashes when one whose tables had cursors is emptied.
        document = QTextDocument(self)
        document.setUndoRedoEnabled(False)
        document.setDefaultFont(self.font())
        document.setDocumentMargin(_MARGIN)
        document.setMarkdown(page.markdown, QTextDocument.MarkdownFeature.MarkdownDialectGitHub)
        self._dress(document)
        self.setExtraSelections([])
        self.setDocument(document)
        if self._document is not None:
            self._document.deleteLater()
        self._document = document
        self.hits = ()
        self._places = list(zip((h.anchor for h in page.headings), heading_positions(document), strict=False))
        self._fit_pictures()
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.verticalScrollBar().setValue(0)
        self.setExtraSelections([])
        # All of it at once: Qt lays a long page out bit by bit, with a bar that scrolls to nothing till then.
        document.documentLayout().documentSize()

    def _redraw(self) -> None:
        if self._page is not None:
            at = self.verticalScrollBar().value()
            hits = self.hits
            self.show_page(self._page)
            self.mark(hits, None)
            self.verticalScrollBar().setValue(at)

    def _dress(self, document: QTextDocument) -> None:
        """Room above the headings, lines around the cells of tables, code that stands out."""
        block = document.begin()
        while block.isValid():
            cursor = QTextCursor(block)
            layout = block.blockFormat()
            level = layout.headingLevel()
            if level:
                layout.setTopMargin(_SPACE_ABOVE.get(level, 14.0))
                layout.setBottomMargin(6.0)
                cursor.setBlockFormat(layout)
            elif cursor.currentTable() is None:
                # Percent (QTextBlockFormat.ProportionalHeight); of a picture's height it would be a blank.
                layout.setLineHeight(100.0 if _holds_picture(block) else 125.0, 1)
                layout.setNonBreakableLines(False)  # code goes on in the next line, never beyond the window
                cursor.setBlockFormat(layout)
            block = block.next()
        self._dress_tables(document.rootFrame())

    def _dress_tables(self, frame: QTextFrame) -> None:
        theme = self._context.theme
        for child in frame.childFrames():
            if isinstance(child, QTextTable):
                form = child.format()
                form.setBorder(1)
                form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
                form.setBorderBrush(QBrush(theme.colour("border")))
                form.setBorderCollapse(True)
                form.setCellPadding(5)
                form.setTopMargin(8)
                form.setBottomMargin(10)
                form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 99.5))
                child.setFormat(form)
                for column in range(child.columns()):
                    cell = child.cellAt(0, column)
                    look = cell.format()
                    look.setBackground(theme.colour("raised"))
                    cell.setFormat(look)

    # -- pictures --------------------------------------------------------------------------------------

    def loadResource(self, kind: int, url: QUrl | str) -> object:
        """A picture of the manual; nothing else is read, from nowhere."""
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return None
        whole = self._picture(url.toString() if isinstance(url, QUrl) else url)
        # Qt would leave out lines of pixels when it makes the picture narrower.
        room = round((self.viewport().width() - 2 * _MARGIN - 4) * self.devicePixelRatioF())
        if not 40 <= room < whole.width():
            return whole
        return whole.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)

    def _picture(self, name: str) -> QPixmap:
        if name not in self._pictures:
            self._pictures[name] = QPixmap.fromImage(decoded(manual.picture(name)))
        return self._pictures[name]

    def _fit_pictures(self) -> None:
        """No picture is wider than the page."""
        room = self.viewport().width() - 2 * _MARGIN - 4
        block = self.document().begin()
        while block.isValid():
            place = block.begin()
            while not place.atEnd():
                self._fit_picture(place.fragment(), room)
                place += 1
            block = block.next()

    def _fit_picture(self, fragment: QTextFragment, room: float) -> None:
        form = fragment.charFormat()
        if not form.isImageFormat():
            return
        image = QTextImageFormat(form.toImageFormat())
        natural = self._picture(image.name()).size()
        width = max(40.0, min(room, float(natural.width() or 40)))
        image.setWidth(width)
        image.setHeight(width * natural.height() / max(1, natural.width()))
        cursor = QTextCursor(self.document())
        cursor.setPosition(fragment.position())
        cursor.setPosition(fragment.position() + fragment.length(), QTextCursor.MoveMode.KeepAnchor)
        cursor.setCharFormat(image)

    def resizeEvent(self, event: QResizeEvent) -> None:
        at = self.anchor_in_sight()
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit_pictures()
            if at:
                self.go_to(at)

    # -- places ----------------------------------------------------------------------------------------

    def go_to(self, anchor: str) -> None:
        """Bring a heading to the top of the view."""
        at = next((position for name, position in self._places if name == anchor), 0)
        self.go_to_position(at, at_top=True)

    def go_to_position(self, position: int, *, at_top: bool = False) -> None:
        """Bring a character of the page into sight."""
        cursor = self.textCursor()
        cursor.setPosition(position)
        self.setTextCursor(cursor)
        top = self.document().documentLayout().blockBoundingRect(cursor.block()).top()
        if at_top:
            self.verticalScrollBar().setValue(int(top) - 6)
        else:
            line = self.cursorRect(cursor).center().y() + self.verticalScrollBar().value()
            self.verticalScrollBar().setValue(line - self.viewport().height() // 3)

    def anchor_in_sight(self) -> str:
        """The last heading at or above the top of the view."""
        at = self.cursorForPosition(self.viewport().rect().topLeft()).position()
        return next((name for name, position in reversed(self._places) if position <= at), "")

    def mark(self, hits: Sequence[tuple[int, int]], current: int | None) -> None:
        """Colour what was found: pairs of position and length; `current` is the number of the chosen one."""
        self.hits = hits
        marks = []
        for number, (position, length) in enumerate(hits):
            mark = QTextEdit.ExtraSelection()
            look = QTextCharFormat()
            chosen = number == current
            look.setBackground(self._context.theme.colour("accent" if chosen else "warning_ground"))
            look.setForeground(QColor(self._context.theme.colour("on_accent" if chosen else "text")))
            cursor = QTextCursor(self.document())
            cursor.setPosition(position)
            cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
            mark.format, mark.cursor = look, cursor
            marks.append(mark)
        self.setExtraSelections(marks)

    def _tell_link(self, url: QUrl) -> None:
        if url.scheme() == manual.SCHEME:
            self.asked_for.emit(url.path(), url.fragment())


def _holds_picture(block: QTextBlock) -> bool:
    place = block.begin()
    while not place.atEnd():
        if place.fragment().charFormat().isImageFormat():
            return True
        place += 1
    return False


def heading_positions(document: QTextDocument) -> list[int]:
    """Where the headings of a rendered page begin, in their order."""
    found = []
    block = document.begin()
    while block.isValid():
        if block.blockFormat().headingLevel():
            found.append(block.position())
        block = block.next()
    return found
