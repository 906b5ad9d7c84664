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
from bloodcells_gui.domain.unidentified import (
    BELOW,
    COMPETE,
    CONTRADICTED,
    GUESS,
    NO_OUTLINE,
    NO_SCALE,
    SUMMARY,
    UNLIKE,
    UNSURE_SCALE,
    WORD,
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
    # Why a cell waits
    WORD: "Non identifiée.",
    GUESS: "Meilleure hypothèse : {name}, {percent} %. Elle attend parce que {reason}.",
    NO_SCALE: "l’échelle est inconnue",
    CONTRADICTED: "l’échelle est contredite",
    UNSURE_SCALE: "son nom dépend d’une échelle incertaine",
    NO_OUTLINE: "le contour de la cellule n’a pas pu être tracé",
    UNLIKE: "cette cellule ne ressemble pas aux images d’apprentissage",
    COMPETE: "deux classes se disputent cette cellule : {first} et {second}",
    BELOW: "sa probabilité est inférieure au seuil",
    SUMMARY[NO_SCALE]: "Non identifiées, échelle inconnue : {count}.",
    SUMMARY[CONTRADICTED]: "Non identifiées, échelle contredite : {count}.",
    SUMMARY[UNSURE_SCALE]: "Non identifiées, leur nom dépend d’une échelle incertaine : {count}.",
    SUMMARY[NO_OUTLINE]: "Non identifiées, contour impossible à tracer : {count}.",
    SUMMARY[UNLIKE]: "Non identifiées, différentes des images d’apprentissage : {count}.",
    SUMMARY[COMPETE]: "Non identifiées, deux classes se disputent la cellule : {count}.",
    SUMMARY[BELOW]: "Non identifiées, probabilité inférieure au seuil : {count}.",
}
