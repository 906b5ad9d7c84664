"""French of what the slide pipeline and the slide view say."""

FRENCH: dict[str, str] = {
    # Reasons against a zone
    "glass": "verre",
    "too thin": "trop mince",
    "too thick": "trop épais",
    "out of focus": "flou",
    "pale": "pâle",
    "bad light": "mauvais éclairage",
    "not a smear": "pas un frottis",
    # Remarks on a run
    "The images could not be read any more; what was found until then is kept.": (
        "Les images n'ont plus pu être lues ; ce qui avait été trouvé est conservé."
    ),
    "{found} leukocytes found: the target of {target} is reached.": (
        "{found} leucocytes trouvés : l'objectif de {target} est atteint."
    ),
    "{found} leukocytes found: the target of {target} was not reached, so the limits are wider.": (
        "{found} leucocytes trouvés : l'objectif de {target} n'est pas atteint, les limites sont donc plus "
        "larges."
    ),
    "The stain, light or camera is unlike what the models were trained on, so more proposals will be wrong: "
    "review every cell, and calibrate to this laboratory.": (
        "La coloration, la lumière ou la caméra diffère de ce que les modèles ont appris : davantage de "
        "propositions seront fausses. Vérifiez chaque cellule et calibrez pour ce laboratoire."
    ),
    "These cells are drawn and look unlike the photographs that the models were trained on: how well they "
    "are named here says nothing of a real smear.": (
        "Ces cellules sont dessinées et ne ressemblent pas aux photographies sur lesquelles les modèles ont "
        "appris : la qualité des propositions ne dit rien ici d'un vrai frottis."
    ),
    "Most of the smear is out of focus: check every cell, or scan the slide again.": (
        "La plus grande partie du frottis est floue : vérifiez chaque cellule ou numérisez de nouveau la "
        "lame."
    ),
    "Lower resolutions in the file show something else than the full one and were not used.": (
        "Les résolutions réduites du fichier montrent autre chose que la pleine résolution ; elles n'ont pas "
        "été utilisées."
    ),
    "Many of the cells lie in zones that are too thick, too thin or out of focus.": (
        "Beaucoup de cellules se trouvent dans des zones trop épaisses, trop minces ou floues."
    ),
    "The positions in the file names contradict the images; every field was counted by itself, so cells in "
    "overlaps may count twice.": (
        "Les positions dans les noms de fichiers contredisent les images ; chaque champ a été compté "
        "séparément, les cellules des recouvrements peuvent donc compter deux fois."
    ),
    # Counted beside the cells
    "{red} red cells, {white} nucleated cells and {platelets} platelets on {area} mm² of readable monolayer "
    "({ratio_red} : 1 : {ratio_platelets})": (
        "{red} hématies, {white} cellules nucléées et {platelets} plaquettes sur {area} mm² de monocouche "
        "lisible ({ratio_red} : 1 : {ratio_platelets})"
    ),
    "{red} red cells and {platelets} platelets on {area} mm² of readable monolayer": (
        "{red} hématies et {platelets} plaquettes sur {area} mm² de monocouche lisible"
    ),
    "{per_field} platelets per 100x oil field of 0.038 mm²": (
        "{per_field} plaquettes par champ à immersion 100x de 0,038 mm²"
    ),
    "{area} mm² searched": "{area} mm² parcourus",
    "{count} platelets counted but not listed as cells": "{count} plaquettes comptées sans être listées",
    "Numeration": "Numération",
    # Cells added by hand
    "Analyse the specimen with its micrometres per pixel first.": (
        "Analysez d'abord l'échantillon avec ses micromètres par pixel."
    ),
    "Click on the image.": "Cliquez sur l'image.",
    "The cell cannot be measured.": "La cellule ne peut pas être mesurée.",
    "The scale of the image is unknown.": "L'échelle de l'image est inconnue.",
    "There is no image at this place.": "Il n'y a pas d'image à cet endroit.",
    "Its image is not there, or is not the one that was analysed.": (
        "Son image est absente ou n'est pas celle qui a été analysée."
    ),
    "Put the image back in its place and open the case again.": (
        "Remettez l'image à sa place et rouvrez le dossier d'analyse."
    ),
    "The cell cannot be added.": "La cellule ne peut pas être ajoutée.",
    "A part of the image cannot be shown.": "Une partie de l'image ne peut pas être affichée.",
    "The picture could not be written to {path}.": "L'image n'a pas pu être écrite dans {path}.",
    "The folder may be write-protected or full.": "Le dossier est peut-être protégé ou plein.",
    "Choose another folder.": "Choisissez un autre dossier.",
}
