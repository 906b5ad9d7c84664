"""French of what is asked before a signature: checks, critical findings, reasons, the clock."""

FRENCH = {
    # checks
    "{n} of {all} leukocytes were not looked at by a person.": (
        "{n} leucocytes sur {all} n'ont été vus par personne."
    ),
    "The second reading by {reader} is open: {unread} cells unread, {n} differences unsettled.": (
        "La seconde lecture par {reader} est ouverte : {unread} cellules non lues, {n} différences non "
        "tranchées."
    ),
    "Critical finding, not answered yet: {name}, {n} cells.": (
        "Résultat critique sans réponse : {name}, {n} cellules."
    ),
    "Critical finding, not answered yet: {name}, {value} {unit}.": (
        "Résultat critique sans réponse : {name}, {value} {unit}."
    ),
    "Critical finding, not answered yet: {name}, {amount}.": (
        "Résultat critique sans réponse : {name}, {amount}."
    ),
    # critical findings
    "{n} cells are still counted as {name}.": "{n} cellules sont encore comptées comme {name}.",
    "A finding is refuted by what its cells are.": "Un résultat est réfuté par la classe de ses cellules.",
    "Relabel them or take them out; the finding is gone then, and the report says what became of it.": (
        "Reclassez-les ou écartez-les ; le résultat disparaît alors, et le compte rendu dit ce qu'il en est."
    ),
    "It is not said who was told of the critical finding.": (
        "Il n'est pas dit qui a été informé du résultat critique."
    ),
    "Enter a name, or why nobody was told.": "Indiquez un nom, ou pourquoi personne n'a été informé.",
    "Critical finding refuted: {n} cells proposed as {name} were given another class or taken out by {by}, "
    "the last {at}.": (
        "Résultat critique réfuté : {n} cellules proposées comme {name} ont été reclassées ou écartées par "
        "{by}, la dernière le {at}."
    ),
    "Critical finding: {name}, {amount}. Seen and confirmed by {by}, {at}.": (
        "Résultat critique : {name}, {amount}. Vu et confirmé par {by}, {at}."
    ),
    "Critical finding: {name}, {amount}. Refuted by {by}, {at}.": (
        "Résultat critique : {name}, {amount}. Réfuté par {by}, {at}."
    ),
    "Told: {told}, {at}.": "Informé : {told}, {at}.",
    "Told: {told}.": "Informé : {told}.",
    "{n} cells": "{n} cellules",
    "Open points, answered for the signature:": "Points ouverts, avec la réponse donnée pour la signature :",
    # a decision that is changed
    "{n} cells were decided on before.": "{n} cellules avaient déjà reçu une décision.",
    "A decision that is changed needs a reason.": "Une décision modifiée exige un motif.",
    "Say in a few words why.": "Dites pourquoi en quelques mots.",
    # the clock
    "This computer's clock says {now}, but the newest entry of the case is dated {seen}. Times never run "
    "backwards within a case, so what is done now is dated {seen}.": (
        "L'horloge de cet ordinateur indique {now}, mais la dernière entrée du cas est datée du {seen}. Le "
        "temps ne recule jamais dans un cas : ce qui est fait maintenant est daté du {seen}."
    ),
    "This computer's clock says {now}, but there is work of {seen} on it already.": (
        "L'horloge de cet ordinateur indique {now}, mais il contient déjà du travail du {seen}."
    ),
    "This computer's clock says {now}; the newest work before that is of {seen}.": (
        "L'horloge de cet ordinateur indique {now} ; le dernier travail auparavant est du {seen}."
    ),
}
