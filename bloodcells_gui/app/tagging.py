"""Put tags on the cells of a case and take them off."""

from __future__ import annotations

from collections.abc import Sequence

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.attributes import Attribute, Word
from bloodcells_gui.domain.review import Change, EventKind


def toggle_tag(session: CaseSession, ids: Sequence[int], tag: str) -> Change:
    """Put a tag on those of the cells that lack it; where all have it, take it off them.

    Raises
    ------
    UserError
        When it could not be saved, or a cell has no room for it.
    """
    lacking = [i for i in ids if tag not in session.state.tags.get(i, ())]
    if lacking:
        return session.act(EventKind.TAG, lacking, tag)
    return session.act(EventKind.UNTAG, ids, tag)


def choose_word(session: CaseSession, cell_id: int, attribute: Attribute, word: Word) -> Change:
    """Give a cell a person's word for an attribute as a tag, in place of another; once more takes it off.

    Raises
    ------
    UserError
        As :func:`toggle_tag`.
    """
    tags = session.state.tags.get(cell_id, ())
    for other in attribute.words:
        if other is not word and other.text in tags:
            session.act(EventKind.UNTAG, (cell_id,), other.text)
    return toggle_tag(session, (cell_id,), word.text)
