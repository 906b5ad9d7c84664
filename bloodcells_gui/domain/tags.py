"""Tags: what a person remarks on single cells beside their class.

A tag is a short text. Those that the program ships are English keys of the catalogue, a laboratory's own
stand as they were typed. A cell keeps its tags whatever class it gets. See :mod:`.tag_counts` for what
follows from them.
"""

from __future__ import annotations

from bloodcells_gui.domain.i18n import N_

AUER_ROD = N_("Auer rod")
#: What the program offers; each laboratory may set its own list.
DEFAULT_TAGS: tuple[str, ...] = (
    N_("Toxic granulation"),
    N_("Döhle body"),
    AUER_ROD,
    N_("Vacuoles"),
    N_("Hypersegmented"),
    N_("Bilobed nucleus"),
)
#: Characters of a tag at most, and tags of a cell.
LONGEST_TAG, MOST_TAGS = 60, 30
#: Between the tags of one cell in tables and in the audit trail.
SEPARATOR = "; "
