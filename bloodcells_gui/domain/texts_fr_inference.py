"""French of what the inference layer says."""

from __future__ import annotations

FRENCH: dict[str, str] = {
    "There are too few reviewed cells to calibrate.": "Il y a trop peu de cellules revues pour étalonner.",
    "{n} cells of {k} classes are usable; at least {least} cells of 2 classes are needed.": (
        "{n} cellules de {k} classes sont utilisables ; il en faut au moins {least}, de 2 classes."
    ),
    "Review more cells, best of every class, and try again.": (
        "Revoyez davantage de cellules, si possible de chaque classe, puis réessayez."
    ),
    "The profile cannot be read.": "Le profil ne peut pas être lu.",
    "Its data is damaged: {error}.": "Ses données sont endommagées : {error}.",
    "Calibrate again, or take the profile from a backup.": (
        "Étalonnez de nouveau, ou reprenez le profil d'une sauvegarde."
    ),
    "The model bundle in {folder} was refused.": "Le modèle du dossier {folder} a été refusé.",
    "Install the program again, or take the bundle from its source once more.": (
        "Réinstallez le programme, ou reprenez le modèle à sa source."
    ),
    "The file {name} differs from its card: it was changed or damaged.": (
        "Le fichier {name} ne correspond pas à sa fiche : il a été modifié ou endommagé."
    ),
    "The file {name} is no plain array.": "Le fichier {name} n'est pas un simple tableau.",
    "The field “{field}” of its card is missing or wrong.": (
        "Le champ « {field} » de sa fiche manque ou est erroné."
    ),
    "Its card is no valid JSON.": "Sa fiche n'est pas un JSON valide.",
    "The network {name} uses operators outside the ONNX standard: {domains}.": (
        "Le réseau {name} utilise des opérateurs hors de la norme ONNX : {domains}."
    ),
    "The network {name} wants data from other files.": (
        "Le réseau {name} réclame des données d'autres fichiers."
    ),
    "Its card has the format {found}; this program reads {known}.": (
        "Sa fiche est au format {found} ; ce programme lit le format {known}."
    ),
    "The model bundle {id} has no {precision} network.": "Le modèle {id} n'a pas de réseau {precision}.",
    "The execution provider {name} does not start.": "L'unité d'exécution {name} ne démarre pas.",
    "Its card lists: {known}.": "Sa fiche cite : {known}.",
    "Choose one of those.": "Choisissez-en un parmi ceux-là.",
    "The file {name} is missing.": "Le fichier {name} manque.",
    "The file {name} has another size than its card says.": (
        "Le fichier {name} n'a pas la taille qu'indique sa fiche."
    ),
    "The file {name} cannot be read: {error}.": "Le fichier {name} ne peut pas être lu : {error}.",
    "It holds no card.json.": "Il ne contient pas de card.json.",
    "Its card is too large.": "Sa fiche est trop grande.",
    "Its card cannot be read: {error}.": "Sa fiche ne peut pas être lue : {error}.",
    "The file {name} is no ONNX model.": "Le fichier {name} n'est pas un modèle ONNX.",
    "The model bundle {id} cannot be used on this machine.": (
        "Le modèle {id} ne peut pas servir sur cette machine."
    ),
    "Its network has other inputs or outputs than its card says.": (
        "Son réseau a d'autres entrées ou sorties que ne le dit sa fiche."
    ),
    "onnxruntime cannot load its network: {error}.": "onnxruntime ne peut pas charger son réseau : {error}.",
    "It has no golden test that can be read.": "Il n'a pas de test de référence lisible.",
    "It has no golden test of its calibrated probabilities.": (
        "Il n'a pas de test de référence de ses probabilités calibrées."
    ),
    "The network {name} holds loops, branches or functions of its own; it might never end.": (
        "Le réseau {name} contient des boucles, des branchements ou des fonctions propres ; il pourrait"
        " ne jamais finir."
    ),
    "It could not be tried: {error}.": "Il n'a pas pu être essayé : {error}.",
    "Its networks need more than {memory} GB of memory or {seconds} s of time, or they end the process.": (
        "Ses réseaux demandent plus de {memory} Go de mémoire ou {seconds} s de temps, ou arrêtent"
        " le programme."
    ),
    "Its golden test failed: {name} has another shape.": (
        "Son test de référence a échoué : {name} a une autre forme."
    ),
    "Its golden test failed: {name} is off by {off} (allowed: {allowed}).": (
        "Son test de référence a échoué : {name} s'écarte de {off} (admis : {allowed})."
    ),
    "The model bundle {id} is no classifier.": "Le modèle {id} n'est pas un classificateur.",
    "Its task is {task}.": "Sa tâche est {task}.",
    "The profile {name} belongs to another model.": "Le profil {name} appartient à un autre modèle.",
    "It was fitted with the bundle {theirs}; this is {ours}.": (
        "Il a été ajusté avec le modèle {theirs} ; celui-ci est {ours}."
    ),
    "Calibrate again with this model, or switch the profile off.": (
        "Étalonnez de nouveau avec ce modèle, ou désactivez le profil."
    ),
    "The profile {name} is damaged.": "Le profil {name} est endommagé.",
    "Its head has another shape.": "Sa tête a une autre forme.",
    "The model bundle {id} cannot be used.": "Le modèle {id} ne peut pas servir.",
    "Its card is incomplete: {error}.": "Sa fiche est incomplète : {error}.",
}
