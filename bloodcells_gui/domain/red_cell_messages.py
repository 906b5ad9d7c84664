"""What there is to say of an examination of red cells: English templates, stored in the case."""

from __future__ import annotations

from bloodcells_gui.domain.i18n import N_, plural

SCALE_DISAGREES = N_(
    "One scale does not fit both kinds of cells: red cells are {n_red} µm wide in the median, leukocytes "
    "{n_white} µm. The scale may be wrong, or the patient's red cells are small or large."
)
UNREAD = plural(
    "{n} image could not be read again for the red cells.",
    "{n} images could not be read again for the red cells.",
    "n",
)
TOO_FEW_RED_CELLS = N_(
    "Fewer than {aim} whole red cells lie in the readable monolayer: all of it was examined."
)
