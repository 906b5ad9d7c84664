"""French of the settings: what they are called, what stands in them, and why one is not used."""

FRENCH = {
    "Setting “{name}”: {reason}. The default is used.": (
        "Réglage « {name} » : {reason}. La valeur par défaut est utilisée."
    ),
    "The settings file {name} cannot be used: {reason}. Defaults are used.": (
        "Le fichier de réglages {name} est inutilisable : {reason}. Les valeurs par défaut sont utilisées."
    ),
    "The list of recent cases cannot be read: {reason}. It begins anew; the cases are untouched.": (
        "La liste des cas récents est illisible : {reason}. Elle repart de zéro ; les cas sont intacts."
    ),
    "Cells cut by the left or top edge count": "Compter les cellules coupées par le bord gauche ou supérieur",
    "not a number": "n'est pas un nombre",
    "not a whole number": "n'est pas un nombre entier",
    "not between {low} and {high}": "n'est pas compris entre {low} et {high}",
    "not one of {choices}": "n'est pas l'une des valeurs {choices}",
    "longer than {most} characters": "a plus de {most} caractères",
    "more than {most} entries": "a plus de {most} entrées",
    "not true or false": "n'est ni vrai ni faux",
    "not a text": "n'est pas un texte",
    "not a list": "n'est pas une liste",
    "not a record": "n'est pas un enregistrement",
    "unknown key": "clé inconnue",
    "unknown key {key}": "clé inconnue {key}",
    "{key}: {reason}": "{key} : {reason}",
    "{key} is missing": "il manque {key}",
    "{key} is a key of the review": "{key} est une touche de la révision",
    "holds control characters": "contient des caractères de contrôle",
    "is there twice": "figure deux fois",
    "not a class with one key": "n'est pas une classe avec une touche",
    "two classes share one key, or the space bar is used": (
        "deux classes ont la même touche, ou la barre d'espace est utilisée"
    ),
    "the lower limit is above the upper one": "la limite inférieure dépasse la limite supérieure",
    "the age range is empty": "la tranche d'âge est vide",
    "a rule on the white cell count must be absolute": (
        "une règle sur les leucocytes totaux doit être en valeur absolue"
    ),
    "2+ must begin below 3+, and both or neither need a number": (
        "2+ doit commencer au-dessous de 3+, et il faut un nombre aux deux ou à aucun"
    ),
    "a field name has letters, digits and underscores only": (
        "un nom de champ n'a que des lettres, des chiffres et des traits bas"
    ),
    "written by a newer version of the program": "écrit par une version plus récente du programme",
    "too large": "il est trop grand",
    "it is damaged at line {line}": "il est endommagé à la ligne {line}",
    "it is no text": "ce n'est pas un texte",
    "it is nested too deeply": "il est imbriqué trop profondément",
    "there is no such file": "ce fichier n'existe pas",
    # names of settings
    "Version of the settings": "Version des réglages",
    "Language": "Langue",
    "Appearance": "Apparence",
    "Paper": "Papier",
    "Rows of the table": "Lignes du tableau",
    "Format of the tables": "Format des tableaux",
    "Leukocytes to count": "Leucocytes à compter",
    "Steps offered": "Paliers proposés",
    "Usual reviewer": "Lecteur habituel",
    "Sound of the counter": "Son du compteur",
    "Probability below which a cell waits": "Probabilité au-dessous de laquelle une cellule attend",
    "Keys of the classes": "Touches des classes",
    "NRBC from which the white cell count is corrected": (
        "Érythroblastes à partir desquels les leucocytes sont corrigés"
    ),
    "Bands from which there is a left shift": (
        "Part de neutrophiles non segmentés à partir de laquelle il y a déviation à gauche"
    ),
    "Platelets per field times": "Plaquettes par champ, facteur",
    "Set of reference ranges": "Jeu de valeurs de référence",
    "Reference ranges of the laboratory": "Valeurs de référence du laboratoire",
    "Review rules": "Règles de révision",
    "Head of the report": "En-tête du compte rendu",
    "Fields of specimen and patient": "Champs de l'échantillon et du patient",
    "Canned texts": "Textes préparés",
    "Signing": "Signature",
    "Privacy": "Confidentialité",
    "Pictures per class": "Images par classe",
    "Explained pictures": "Images expliquées",
    "Specimen number": "Numéro d'échantillon",
    "Patient": "Patient",
    "Patient number": "Numéro de patient",
    "Date of birth": "Date de naissance",
    "Age": "Âge",
    "years": "ans",
    "Sex": "Sexe",
    "female": "féminin",
    "male": "masculin",
    "Collected": "Prélevé le",
    "Requested by": "Prescripteur",
    "Clinical information": "Contexte clinique",
    "Stain": "Coloration",
    "Analyser corrected for NRBC": "Correction des érythroblastes par l'automate",
    "Red cell count": "Hématies",
    "Platelets per oil field": "Plaquettes par champ à l'immersion",
    "yes": "oui",
    "no": "non",
    "Automated pre-classification, reviewed by microscopy.": "Préclassement automatique, relu au microscope.",
    "Left shift.": "Déviation à gauche.",
    "Toxic changes in neutrophils.": "Signes toxiques des neutrophiles.",
    "Platelet clumps seen: repeat in citrate.": "Amas plaquettaires : à refaire sur citrate.",
    "Smudge cells present.": "Présence d'ombres de Gumprecht.",
    "Blasts seen: urgent haematologist review.": "Présence de blastes : avis hématologique urgent.",
    "Few cells on the smear: limits are wide.": "Frottis pauvre : les limites sont larges.",
    "Oxford University Hospitals, adults": "Oxford University Hospitals, adultes",
    "United Kingdom, widest of 15 sources, adults": "Royaume-Uni, limites extrêmes de 15 sources, adultes",
    "Labcorp / Henry, adults": "Labcorp / Henry, adultes",
}
