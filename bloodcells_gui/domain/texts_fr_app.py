"""French of what the application layer and the command line say."""

FRENCH = {
    # backup
    "The backup {path} was written, read back and compared.": (
        "La sauvegarde {path} a été écrite, relue et comparée."
    ),
    "Cases: {cases}, calibration profiles: {profiles}, reference libraries: {library}, settings files:"
    " {settings}; {size} MB.": (
        "Cas : {cases}, profils d'étalonnage : {profiles}, bibliothèques de référence : {library}, fichiers"
        " de réglages : {settings} ; {size} Mo."
    ),
    "SHA-256 of its list of files: {sha256}": "SHA-256 de sa liste de fichiers : {sha256}",
    "It holds patients' data, unencrypted. The images of specimens are not in it.": (
        "Elle contient des données de patients, non chiffrées. Les images des échantillons n'y sont pas."
    ),
    "Damaged, saved as it is: {name}": "Endommagé, sauvegardé tel quel : {name}",
    "NOT SAVED: {path} ({reason})": "NON SAUVEGARDÉ : {path} ({reason})",
    "The backup of {created} was compared with its list of files and brought back into {path}.": (
        "La sauvegarde du {created} a été comparée avec sa liste de fichiers et restaurée dans {path}."
    ),
    "The settings that were there are kept in {path}.": (
        "Les réglages qui s'y trouvaient sont conservés dans {path}."
    ),
    "Cancelled: nothing was written.": "Annulé : rien n'a été écrit.",
    "{bar} {done}/{total} {unit} · {rate}/s · {left} left": (
        "{bar} {done}/{total} {unit} · {rate}/s · encore {left}"
    ),
    "MB": "Mo",
    # retention
    "This computer's clock says {now}, but something was written on {seen}.": (
        "L'horloge de cet ordinateur indique {now}, mais quelque chose a été écrit le {seen}."
    ),
    "With a wrong clock nobody can tell which cases are old enough to be removed.": (
        "Avec une horloge fausse, personne ne sait quels cas sont assez anciens pour être supprimés."
    ),
    "Set the clock, then look again. Nothing was removed.": (
        "Réglez l'horloge, puis regardez à nouveau. Rien n'a été supprimé."
    ),
    "A removal needs a name.": "Une suppression exige un nom.",
    "It stands in the record.": "Il figure dans le registre.",
    "Signed reports are not removed without a word.": (
        "Des comptes rendus signés ne sont pas supprimés sans confirmation."
    ),
    "They would be lost for good.": "Ils seraient perdus définitivement.",
    "Confirm that they may go, or leave the signed cases out.": (
        "Confirmez leur suppression, ou écartez les cas signés."
    ),
    "The case {path} is to be kept still.": "Le cas {path} est encore à conserver.",
    "The rule of the settings was changed meanwhile.": "La règle des réglages a changé entre-temps.",
    "The bundles {classifier} and {segmenter} do not go together.": (
        "Les paquets {classifier} et {segmenter} ne vont pas ensemble."
    ),
    "They look at windows of {ours} and {theirs} micrometres.": (
        "Ils regardent des fenêtres de {ours} et {theirs} micromètres."
    ),
    "Use a classifier and a segmenter made for each other.": (
        "Utilisez un classifieur et un segmenteur faits l'un pour l'autre."
    ),
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
    "The log cannot be written ({reason}). The work goes on without it.": (
        "Le journal ne peut pas être écrit ({reason}). Le travail continue sans lui."
    ),
    "The results cannot be written to {path}.": "Les résultats ne peuvent pas être écrits dans {path}.",
    "Choose another folder, free some space, or ask for the right to write there.": (
        "Choisissez un autre dossier, libérez de l'espace ou demandez le droit d'y écrire."
    ),
    "Not all results could be written to {path}.": "Tous les résultats n'ont pas pu être écrits dans {path}.",
    "The case file is safe. Free some space or choose another folder, then export again.": (
        "Le dossier d'analyse est intact. Libérez de l'espace ou choisissez un autre dossier, puis "
        "exportez de nouveau."
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
    "The analysis ended at this moment, and the proposals took on the mix of the specimen.": (
        "L'analyse s'est terminée à l'instant, et les propositions ont tenu compte du mélange des cellules "
        "du prélèvement."
    ),
    "Look at the cells again.": "Regardez à nouveau les cellules.",
    "The folder of cases {path} cannot be made.": "Le dossier des analyses {path} ne peut pas être créé.",
    "Free some space or set another folder with the variable BLOODCELLS_HOME.": (
        "Libérez de l'espace ou indiquez un autre dossier par la variable BLOODCELLS_HOME."
    ),
    "{bar} {done}/{total} {unit} · {cells} cells · {rate}/s · {left} left": (
        "{bar} {done}/{total} {unit} · {cells} cellules · {rate}/s · reste {left}"
    ),
    "{specimen}: {cells} cells, {unidentified} unidentified, {skipped} files left out, and {others}"
    " that are no photographs (skipped.csv). Report: {report}": (
        "{specimen} : {cells} cellules, {unidentified} non identifiées, {skipped} fichiers écartés, et"
        " {others} qui ne sont pas des photographies (skipped.csv). Rapport : {report}"
    ),
    "A synthetic specimen ({kind}) is in {path}.": (
        "Un échantillon synthétique ({kind}) se trouve dans {path}."
    ),
    "Cancelled: what was found is kept and stamped incomplete.": (
        "Annulé : ce qui a été trouvé est conservé et marqué incomplet."
    ),
    "Incomplete: the images went out of reach. What was found is kept and stamped incomplete; once they "
    "are back, the same command with --resume goes on.": (
        "Incomplet : les images sont devenues inaccessibles. Ce qui a été trouvé est conservé et marqué "
        "incomplet ; quand elles seront de retour, la même commande avec --resume continue."
    ),
    "A profile needs a name.": "Un profil a besoin d'un nom.",
    "Add --name NAME.": "Ajoutez --name NOM.",
    "images": "images",
    "tiles": "tuiles",
    "Fields and slides need a detector.": "Les champs et les lames ont besoin d'un détecteur.",
    "The case was analysed with another classifier.": "L'analyse a été faite avec un autre classifieur.",
    "Its cells do not fit the model in use.": "Ses cellules ne correspondent pas au modèle utilisé.",
    "Analyse the images again with this program, review, then calibrate.": (
        "Analysez de nouveau les images avec ce programme, relisez, puis calibrez."
    ),
    "There are no labelled crops in {path}.": "Il n'y a pas de vignettes étiquetées dans {path}.",
    "Crops lie in sub-folders named by class: codes (SNE), names (monocyte) or groups (ig)."
    " Found were: {folders}.": (
        "Les vignettes sont rangées dans des sous-dossiers nommés par classe : codes (SNE), noms "
        "(monocyte) ou groupes (ig). Trouvés : {folders}."
    ),
    "Sort the crops into such folders.": "Rangez les vignettes dans de tels dossiers.",
    "A signature needs a name.": "Une signature a besoin d'un nom.",
    "Enter your name.": "Entrez votre nom.",
    "Explain this in a few words, then sign.": "Expliquez-le en quelques mots, puis signez.",
    "An amendment needs a reason.": "Une modification a besoin d'une raison.",
    "Say in a few words what is to be changed.": "Dites en quelques mots ce qui doit être changé.",
    "Put this right, then sign.": "Corrigez cela, puis signez.",
    "The case was not signed.": "L'analyse n'a pas été signée.",
    "The case is open read-only.": "L'analyse est ouverte en lecture seule.",
    "{n} cells are still unidentified.": "{n} cellules ne sont pas encore identifiées.",
    "{n} cells that make the smear positive were not looked at yet.": (
        "{n} cellules qui rendent le frottis positif n'ont pas encore été regardées."
    ),
    "{n} leukocytes were counted; the target is {target}.": (
        "{n} leucocytes ont été comptés ; l'objectif est de {target}."
    ),
    "The analysis did not run to its end.": "L'analyse n'est pas allée à son terme.",
    "Reviewed and reported": "Relu et rendu",
    "Second reading confirmed": "Seconde lecture confirmée",
    "Amended report": "Compte rendu modifié",
    "Put the original file back in its place.": "Remettez le fichier d'origine à sa place.",
    "The images were closed.": "Les images ont été fermées.",
    "The scale of these fields is unknown.": "L'échelle de ces champs est inconnue.",
    "The scale of this slide is unknown.": "L'échelle de cette lame est inconnue.",
    "The files do not say it, and too few red cells were found to tell.": (
        "Les fichiers ne l'indiquent pas, et trop peu d'hématies ont été trouvées pour l'estimer."
    ),
    "Its file does not say it, and too few red cells were found to tell.": (
        "Son fichier ne l'indique pas, et trop peu d'hématies ont été trouvées pour l'estimer."
    ),
    "Enter the micrometres per pixel (for example 0.1 for a 100x lens).": (
        "Entrez les micromètres par pixel (par exemple 0,1 pour un objectif 100x)."
    ),
    "Enter the micrometres per pixel (for example 0.25 for a 40x scan).": (
        "Entrez les micromètres par pixel (par exemple 0,25 pour une numérisation 40x)."
    ),
    "No field could be read.": "Aucun champ n'a pu être lu.",
    "Each file was refused.": "Chaque fichier a été refusé.",
    "No slide could be read.": "Aucune lame n'a pu être lue.",
    "Each file was refused; the list of skipped files says why.": (
        "Chaque fichier a été refusé ; la liste des fichiers écartés dit pourquoi."
    ),
    "Copy the slides again from the scanner.": "Copiez de nouveau les lames depuis le scanner.",
    "No smear was found on the slide.": "Aucun frottis n'a été trouvé sur la lame.",
    "It shows empty glass only, or only a label.": "Elle ne montre que du verre vide, ou qu'une étiquette.",
    "Check that the right slide was scanned, with its stained side up.": (
        "Vérifiez que la bonne lame a été numérisée, face colorée vers le haut."
    ),
    "Its folder names no class.": "Son dossier ne nomme aucune classe.",
    "No image could be read.": "Aucune image n'a pu être lue.",
    "fields": "champs",
    "Cell area": "Aire de la cellule",
    "Nucleus area": "Aire du noyau",
    "Cytoplasm area": "Aire du cytoplasme",
    "Nucleus:cell ratio": "Rapport noyau/cellule",
    "N:C ratio (nucleus:cytoplasm)": "Rapport N/C (noyau/cytoplasme)",
    "Equivalent diameter": "Diamètre équivalent",
    "Perimeter": "Périmètre",
    "Circularity": "Circularité",
    "Solidity": "Solidité",
    "Nucleus circularity": "Circularité du noyau",
    "Nucleus solidity": "Solidité du noyau",
    "Nucleus lobes": "Lobes du noyau",
    "Granularity": "Granularité",
    "Nucleus granularity": "Granularité du noyau",
    "Nucleus OD, red": "DO du noyau, rouge",
    "Nucleus OD, green": "DO du noyau, vert",
    "Nucleus OD, blue": "DO du noyau, bleu",
    "Cytoplasm OD, red": "DO du cytoplasme, rouge",
    "Cytoplasm OD, green": "DO du cytoplasme, vert",
    "Cytoplasm OD, blue": "DO du cytoplasme, bleu",
    "Nucleus haematoxylin": "Hématoxyline du noyau",
    "Cytoplasm eosin": "Éosine du cytoplasme",
    "Focus": "Netteté",
    "The program did not end properly when it last had this case.": (
        "Le programme ne s'est pas terminé normalement la dernière fois qu'il avait ce dossier."
    ),
    "The analysis of this case was cut off.": "L'analyse de ce dossier a été interrompue.",
    "Every decision that the screen showed is here: {events} decisions, {cells} cells.": (
        "Chaque décision que l'écran montrait est ici : {events} décisions, {cells} cellules."
    ),
    "The analysis was cut off; it can be continued.": (
        "L'analyse a été interrompue ; elle peut être continuée."
    ),
    "The text is too long.": "Le texte est trop long.",
    "The text holds control characters.": "Le texte contient des caractères de commande.",
    "A comment was typed but not added: “{text}”.": (
        "Un commentaire a été saisi mais pas ajouté : « {text} »."
    ),
    "The field “{field}” holds what is not saved: “{text}”.": (
        "Le champ « {field} » contient une saisie non enregistrée : « {text} »."
    ),
    "A specimen needs a number.": "Un échantillon doit porter un numéro.",
    "Not a number.": "Pas un nombre.",
    "Not a number that can be true.": "Pas un nombre vraisemblable.",
    "Not a day: write YYYY-MM-DD.": "Pas une date : écrivez AAAA-MM-JJ.",
    "Not a day that can be true.": "Pas une date vraisemblable.",
    "Not one of the choices.": "Pas l'un des choix proposés.",
    "{text} is no percentage.": "{text} n'est pas un pourcentage.",
    "Enter a number such as 62.5.": "Saisissez un nombre tel que 62,5.",
    "The file {path} cannot be read.": "Le fichier {path} ne peut pas être lu.",
    "Choose another file.": "Choisissez un autre fichier.",
    "There is nothing to read a second time.": "Il n'y a rien à lire une seconde fois.",
    "Nobody has decided on a cell yet.": "Personne n'a encore décidé d'une cellule.",
    "Review the case first.": "Relisez d'abord le dossier.",
    "A second reading needs a second person.": "Une seconde lecture demande une seconde personne.",
    "{name} decided on cells of this case already.": "{name} a déjà décidé de cellules de ce dossier.",
    "Let somebody else read, under another name.": ("Laissez quelqu'un d'autre lire, sous un autre nom."),
    "Cell {number} was not reviewed yet.": "La cellule {number} n'a pas encore été relue.",
    "Only cells that a person decided on go into the reference library.": (
        "Seules les cellules dont une personne a décidé entrent dans la bibliothèque de référence."
    ),
    "Confirm or relabel it first.": "Confirmez-la ou reclassez-la d'abord.",
    "Differential": "Formule leucocytaire",
    "Leukocytes counted": "Leucocytes comptés",
    "Outside the 100 %, per 100 leukocytes": "Hors des 100 %, pour 100 leucocytes",
    "confirm": "confirmer",
    "relabel": "reclasser",
    "exclude": "exclure",
    "restore": "rétablir",
    "add cell": "ajouter une cellule",
    "remove cell": "retirer une cellule",
    "count": "compter",
    "set field": "remplir un champ",
    "grade": "grader",
    "note": "commentaire",
    "sign": "signer",
    "amend": "rectifier",
    "second read": "seconde lecture",
    "adjudicate": "trancher",
    "undo": "annuler",
    "redo": "rétablir l'acte",
    "meta": "en-tête",
    "image facts": "faits d'images",
    "location": "emplacement",
    "run": "analyse",
    "run end": "fin d'analyse",
    "skipped": "fichiers écartés",
    "event": "événement",
    "report": "compte rendu",
}
