"""French of what a cell may carry: its flags."""

from __future__ import annotations

from bloodcells_gui.domain.cell import (
    FLAG_BY_HAND,
    FLAG_EDGE,
    FLAG_NO_CELL,
    FLAG_OUT_OF_FOCUS,
    FLAG_OUTSIDE_FRAME,
    FLAG_SCALE_UNKNOWN,
    FLAG_TOUCHING,
    FLAG_UNLIKE_TRAINING,
)

FRENCH: dict[str, str] = {
    FLAG_EDGE: "coupée par le bord",
    FLAG_OUTSIDE_FRAME: "hors du cadre de comptage",
    FLAG_TOUCHING: "au contact d’une autre",
    FLAG_OUT_OF_FOCUS: "hors mise au point",
    FLAG_NO_CELL: "aucune cellule trouvée",
    FLAG_SCALE_UNKNOWN: "échelle inconnue",
    FLAG_BY_HAND: "ajoutée à la main",
    FLAG_UNLIKE_TRAINING: "différente des données d’apprentissage",
}
