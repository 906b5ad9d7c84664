"""French of what the application layer and the command line say."""

FRENCH = {
    "There is no model for the task “{task}”.": "Il n'y a pas de modèle pour la tâche « {task} ».",
    "No bundle in {path} has it.": "Aucun paquet de {path} ne la contient.",
    "Install the program again, or name a folder of bundles with --bundle.": (
        "Réinstallez le programme, ou indiquez un dossier de paquets avec --bundle."
    ),
    "There is no model bundle at {path}.": "Il n'y a pas de paquet de modèle à {path}.",
    "The folder does not exist or holds no card.json.": (
        "Le dossier n'existe pas ou ne contient pas de card.json."
    ),
    "Name the folder of a bundle, or leave the option out to use the program's own models.": (
        "Indiquez le dossier d'un paquet, ou omettez l'option pour utiliser les modèles du programme."
    ),
    "Name the folder of a bundle, or a folder of bundles.": (
        "Indiquez le dossier d'un paquet, ou un dossier de paquets."
    ),
    "The results cannot be written to {path}.": "Les résultats ne peuvent pas être écrits dans {path}.",
    "Choose another folder, free some space, or ask for the right to write there.": (
        "Choisissez un autre dossier, libérez de l'espace ou demandez le droit d'y écrire."
    ),
    "Not all results could be written to {path}.": "Tous les résultats n'ont pas pu être écrits dans {path}.",
    "The case file is safe. Free some space or choose another folder, then export again.": (
        "Le dossier d'analyse est intact. Libérez de l'espace ou choisissez un autre dossier, puis exportez de "
        "nouveau."
    ),
    "No image could be read in {path}.": "Aucune image n'a pu être lue dans {path}.",
    "Every file was left out; skipped.csv names the reasons.": (
        "Tous les fichiers ont été écartés ; skipped.csv en donne les raisons."
    ),
    "Copy the images again from their source.": "Copiez de nouveau les images depuis leur source.",
    "There are no JPEG, PNG, BMP, TIFF or WebP images and no slides.": (
        "Il n'y a ni image JPEG, PNG, BMP, TIFF ou WebP, ni lame."
    ),
    "Choose the folder that holds the crops or fields, or a slide file.": (
        "Choisissez le dossier qui contient les vignettes ou les champs, ou un fichier de lame."
    ),
    "There is nothing at {path}.": "Il n'y a rien à {path}.",
    "It may have been moved, or its drive is not connected.": (
        "Il a peut-être été déplacé, ou son lecteur n'est pas connecté."
    ),
    "Choose another folder or file.": "Choisissez un autre dossier ou fichier.",
    "This was not done.": "Cela n'a pas été fait.",
    "The folder of cases {path} cannot be made.": "Le dossier des analyses {path} ne peut pas être créé.",
    "Free some space or set another folder with the variable BLOODCELLS_HOME.": (
        "Libérez de l'espace ou indiquez un autre dossier par la variable BLOODCELLS_HOME."
    ),
    "{bar} {done}/{total} {unit} · {cells} cells · {rate}/s · {left} left": (
        "{bar} {done}/{total} {unit} · {cells} cellules · {rate}/s · reste {left}"
    ),
    "{specimen}: {cells} cells, {unidentified} unidentified, {skipped} files skipped. Report: {report}": (
        "{specimen} : {cells} cellules, {unidentified} non identifiées, {skipped} fichiers écartés. "
        "Rapport : {report}"
    ),
    "A synthetic specimen ({kind}) is in {path}.": "Un échantillon synthétique ({kind}) se trouve dans {path}.",
    "Cancelled: what was found is kept and stamped incomplete.": (
        "Annulé : ce qui a été trouvé est conservé et marqué incomplet."
    ),
    "A profile needs a name.": "Un profil a besoin d'un nom.",
    "Add --name NAME.": "Ajoutez --name NOM.",
    "images": "images",
    "tiles": "tuiles",
}
