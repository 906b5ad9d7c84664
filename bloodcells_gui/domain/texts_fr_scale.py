"""French of what is said of the scale."""

from __future__ import annotations

from bloodcells_gui.domain import scale_messages as notices
from bloodcells_gui.domain.cell import FLAG_SCALE_CONTRADICTED, FLAG_SCALE_UNSURE, FLAG_WAITS_FOR_SCALE

FRENCH: dict[str, str] = {
    FLAG_WAITS_FOR_SCALE: "attend une échelle",
    FLAG_SCALE_CONTRADICTED: "échelle contredite",
    FLAG_SCALE_UNSURE: "échelle incertaine",
    "cells against the file": "les cellules, contre le fichier",
    notices.WARNING_CONTRADICTED: (
        "L’échelle des fichiers contredit les cellules : aucune n’est nommée tant que vous n’avez pas donné "
        "l’échelle."
    ),
    notices.SCALE_CONTRADICTED: (
        "Les fichiers indiquent {n_said} µm par pixel, leurs cellules {n_seen} : les deux ne peuvent être "
        "justes, aucune cellule n’est donc nommée tant qu’une personne n’a pas donné l’échelle (--mpp en "
        "ligne de commande)."
    ),
    notices.SCALE_FACTORS[2.54]: (
        "Les deux diffèrent d’un facteur d’environ 2,54 : sans doute un pouce écrit pour un centimètre, ou "
        "l’inverse."
    ),
    notices.SCALE_FACTORS[10.0]: (
        "Les deux diffèrent d’un facteur d’environ 10 : sans doute un millimètre écrit pour un centimètre."
    ),
    notices.SCALE_FACTORS[25.4]: (
        "Les deux diffèrent d’un facteur d’environ 25,4 : sans doute un pouce écrit pour un millimètre, ou "
        "l’inverse."
    ),
    notices.SCALE_FACTORS[1000.0]: (
        "Les deux diffèrent d’un facteur d’environ 1000 : sans doute une unité écrite pour la suivante."
    ),
    notices.SCALE_BY_HAND: (
        "L’échelle donnée à la main est de {n_said} µm par pixel, mais les cellules indiquent {n_seen} : "
        "veuillez la vérifier. Elle a été utilisée telle quelle."
    ),
    notices.SCALE_OF_THE_PATIENT: (
        "À l’échelle des fichiers, les hématies mesurent {n_um} µm en moyenne (6,2 à 8,2 chez le sujet "
        "sain) : petites ou grandes hématies du patient, ou échelle un peu fausse. L’échelle des fichiers a "
        "été utilisée."
    ),
    notices.SCALE_OUTLIERS: (
        "Images dont l’échelle diffère des autres et n’a pas été retenue : {count} (« {text} »). Leurs "
        "cellules ne sont pas nommées tant qu’une personne n’a pas donné l’échelle."
    ),
    notices.SCALE_UNREAD: (
        "Une échelle a été trouvée dans les fichiers mais n’a pas été comprise : « {text} ». Veuillez "
        "vérifier l’échelle."
    ),
    notices.SCALES_DIFFER: (
        "Les images ont des échelles différentes : {count} d’entre elles ont été mesurées d’après leurs "
        "propres hématies. Veuillez les vérifier."
    ),
    notices.NO_SCALE: (
        "Les fichiers n’indiquent aucune échelle et rien dans les images ne permet de l’estimer : aucune "
        "cellule n’est nommée tant qu’une personne n’a pas donné l’échelle (--mpp en ligne de commande)."
    ),
    notices.SCALE_GUESSED: (
        "L’échelle est seulement devinée d’après la taille des leucocytes (± {count} %) : les réponses sont "
        "moyennées sur cette plage, et les cellules dont le nom en dépend attendent l’échelle (--mpp en "
        "ligne de commande)."
    ),
    "The scale of these crops is not known, so they fit no profile.": (
        "L’échelle de ces vignettes est inconnue : elles ne permettent d’ajuster aucun profil."
    ),
    "Give the micrometres per pixel with --mpp.": "Donnez les micromètres par pixel avec --mpp.",
    "Neither their files nor their cells tell it, or the two contradict each other.": (
        "Ni leurs fichiers ni leurs cellules ne l’indiquent, ou les deux se contredisent."
    ),
}
