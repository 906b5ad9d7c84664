"""French of what the storage layer says."""

from __future__ import annotations

FRENCH: dict[str, str] = {
    # retention
    "The case {path} was worked on since the list was made.": (
        "Le cas {path} a été modifié depuis l'établissement de la liste."
    ),
    "It was not removed.": "Il n'a pas été supprimé.",
    "Make the list again and look at it.": "Établissez la liste à nouveau et regardez-la.",
    "The record of removed cases {path} is not as it was written ({reason}).": (
        "Le registre des cas supprimés {path} n'est pas tel qu'il a été écrit ({reason})."
    ),
    "It was changed outside this program, or the disk has failed. No case is removed meanwhile.": (
        "Il a été modifié hors de ce programme, ou le disque est défaillant."
        " Aucun cas n'est supprimé entre-temps."
    ),
    "Keep the file elsewhere for the auditor; a new record begins when it is moved away.": (
        "Conservez le fichier ailleurs pour l'auditeur ; un nouveau registre commence dès qu'il est déplacé."
    ),
    # backup and restore
    "There is no archive {path}.": "Il n'y a pas d'archive {path}.",
    "The archive {path} cannot be used ({reason}).": "L'archive {path} n'est pas utilisable ({reason}).",
    "It is cut short, was changed after it was made, or is no backup of this program."
    " Nothing was restored.": (
        "Elle est tronquée, a été modifiée après sa création ou n'est pas une sauvegarde de ce programme."
        " Rien n'a été restauré."
    ),
    "Take another copy of the backup.": "Prenez une autre copie de la sauvegarde.",
    "The archive {path} was made by a newer version of this program.": (
        "L'archive {path} a été créée par une version plus récente de ce programme."
    ),
    "Restore it with the newer version.": "Restaurez-la avec la version plus récente.",
    "There is nothing to save in {path}.": "Il n'y a rien à sauvegarder dans {path}.",
    "It holds no case, no library, no profile and no settings.": (
        "Ce dossier ne contient ni cas, ni bibliothèque, ni profil, ni réglages."
    ),
    "Check the variable BLOODCELLS_HOME.": "Vérifiez la variable BLOODCELLS_HOME.",
    "{path} holds other data already, for example {name}.": (
        "{path} contient déjà d'autres données, par exemple {name}."
    ),
    "A restore replaces nothing. Nothing was changed.": (
        "Une restauration ne remplace rien. Rien n'a été modifié."
    ),
    "Restore into an empty folder (command line: --into DIR), or move the data away first.": (
        "Restaurez dans un dossier vide (ligne de commande : --into DOSSIER),"
        " ou déplacez d'abord les données."
    ),
    "There is too little space in {path}.": "Il n'y a pas assez de place dans {path}.",
    "{needed} MB are needed, {free} MB are free. Nothing was written.": (
        "Il faut {needed} Mo, {free} Mo sont libres. Rien n'a été écrit."
    ),
    "Free some space or choose another disk.": "Libérez de la place ou choisissez un autre disque.",
    "The disk of {path} is full.": "Le disque de {path} est plein.",
    "What was written so far was removed again.": "Ce qui avait été écrit a été retiré.",
    "A backup replaces none.": "Une sauvegarde n'en remplace aucun.",
    "Choose another name, for example with today's date.": (
        "Choisissez un autre nom, par exemple avec la date du jour."
    ),
    "The data in {path} cannot be read ({reason}).": "Les données de {path} sont illisibles ({reason}).",
    "You may not read it, or its disk or share does not answer.": (
        "Vous n'avez pas le droit de les lire, ou leur disque ou partage ne répond pas."
    ),
    "A move of the case {path} to {target} was cut off.": (
        "Un déplacement du cas {path} vers {target} a été interrompu."
    ),
    "It cannot be seen whether the case arrived there. It is kept here out of sight, as {hidden}.": (
        "On ne peut pas voir si le cas y est arrivé. Il est conservé ici hors de vue, sous {hidden}."
    ),
    "Connect the folder {folder}, then look again.": (
        "Connectez le dossier {folder}, puis regardez à nouveau."
    ),
    "More may be lost than is known: the record of what was written could not be read whole."
    " Compare the case with its images and with earlier reports.": (
        "Il se peut que plus soit perdu qu'on ne le sait : le registre de ce qui a été écrit n'a pas pu être"
        " lu en entier. Comparez le cas avec ses images et avec des rapports antérieurs."
    ),
    "Some of what came through is not as it was written, or lacks what belonged to it."
    " Compare the case with its images and with earlier reports.": (
        "Une partie de ce qui a été récupéré n'est pas telle qu'elle a été écrite, ou a perdu ce qui s'y"
        " rattachait. Comparez le cas avec ses images et avec des rapports antérieurs."
    ),
    "The case file {path} is not whole: it was copied while the program was writing to it.": (
        "Le fichier de cas {path} n'est pas entier : il a été copié pendant que le programme y écrivait."
    ),
    "Some of its pages are older than others, so cells or decisions are missing or torn.": (
        "Certaines de ses pages sont plus anciennes que d'autres : des cellules ou des décisions manquent ou"
        " sont coupées."
    ),
    "Take the copy again when the case is closed, or with Copy in the work list or a backup;"
    " or recover what is readable into a new case. This file is left as it is.": (
        "Refaites la copie quand le cas est fermé, ou avec Copier dans la liste de travail ou une"
        " sauvegarde ; ou récupérez ce qui est lisible dans un nouveau cas. Ce fichier est laissé tel quel."
    ),
    # work list
    "The folder {path} cannot be looked into.": "Le dossier {path} ne peut pas être parcouru.",
    "You may not read it, or its disk or share does not answer. Cases in it are not listed.": (
        "Vous n'avez pas le droit de le lire, ou son disque ou partage ne répond pas."
        " Les cas qu'il contient ne sont pas listés."
    ),
    "Check the folder's permissions and the network.": "Vérifiez les droits du dossier et le réseau.",
    # case files
    "The case {path} is signed.": "Le cas {path} est signé.",
    "New cells would change what was signed.": "De nouvelles cellules changeraient ce qui a été signé.",
    "Amend the case first, or make a new one.": "Rectifiez d'abord le cas, ou créez-en un nouveau.",
    "The case file {path} is damaged ({reason}).": "Le fichier de cas {path} est endommagé ({reason}).",
    "It was changed or cut short outside this program, or the disk has failed.": (
        "Il a été modifié ou tronqué hors de ce programme, ou le disque est défaillant."
    ),
    "Take it from the last backup, or recover what is readable into a new case."
    " This file is left as it is.": (
        "Reprenez-le de la dernière sauvegarde, ou récupérez ce qui est lisible dans un nouveau cas."
        " Ce fichier reste tel quel."
    ),
    "The case file {path} cannot be reached.": "Le fichier de cas {path} est inaccessible.",
    "It was moved or deleted, or the network folder is not connected. The last action was not saved.": (
        "Il a été déplacé ou supprimé, ou le dossier réseau n'est pas connecté."
        " La dernière action n'a pas été enregistrée."
    ),
    "Connect the folder or put the file back, then repeat the last action."
    " Everything before it is in the file.": (
        "Reconnectez le dossier ou remettez le fichier à sa place, puis répétez la dernière action."
        " Tout ce qui précède est dans le fichier."
    ),
    "{path} is not a case file.": "{path} n'est pas un fichier de cas.",
    "Case files of this program end in .bcs; this one was written by something else.": (
        "Les cas de ce programme se terminent par .bcs ; celui-ci a été écrit par autre chose."
    ),
    "Choose a case file, or open a folder of images instead.": (
        "Choisissez un fichier de cas, ou ouvrez un dossier d'images."
    ),
    "The last action was not saved: the disk of {path} is full.": (
        "La dernière action n'a pas été enregistrée : le disque de {path} est plein."
    ),
    "Everything before it is in the case file.": "Tout ce qui précède est dans le fichier de cas.",
    "Free some space, then repeat the action.": "Libérez de la place, puis répétez l'action.",
    "The last action was not saved: {path} could not be written ({reason}).": (
        "La dernière action n'a pas été enregistrée : écriture de {path} impossible ({reason})."
    ),
    "The disk or the network folder does not answer as it should."
    " Everything before it is in the case file.": (
        "Le disque ou le dossier réseau ne répond pas comme il le devrait."
        " Tout ce qui précède est dans le fichier de cas."
    ),
    "Check disk and network, then repeat the action.": "Vérifiez disque et réseau, puis répétez l'action.",
    "The case file {path} cannot be written.": "Le fichier de cas {path} ne peut pas être écrit.",
    "The file or its folder is read-only for you.": (
        "Le fichier ou son dossier est en lecture seule pour vous."
    ),
    "Open it read-only, or copy it to a folder of your own.": (
        "Ouvrez-le en lecture seule, ou copiez-le dans un dossier à vous."
    ),
    "The case file {path} was written by a newer version of this program.": (
        "Le fichier de cas {path} a été écrit par une version plus récente de ce programme."
    ),
    "Its format is {version}; this version reads up to {known}.": (
        "Son format est {version} ; cette version lit jusqu'à {known}."
    ),
    "Open it with the newer version. The file was not changed.": (
        "Ouvrez-le avec la version plus récente. Le fichier n'a pas été modifié."
    ),
    "The last action was not saved: another program is using {path}.": (
        "La dernière action n'a pas été enregistrée : un autre programme utilise {path}."
    ),
    "A database tool or a backup holds the file.": (
        "Un outil de base de données ou une sauvegarde tient le fichier."
    ),
    "Close it and repeat the action.": "Fermez-le et répétez l'action.",
    "The last action was not saved: it holds too much text or data.": (
        "La dernière action n'a pas été enregistrée : elle contient trop de texte ou de données."
    ),
    "One entry of a case may take {limit} MB.": "Une entrée d'un cas peut prendre {limit} Mo.",
    "Split it into smaller ones.": "Divisez-la en plus petites.",
    "There is no case file {path}.": "Il n'y a pas de fichier de cas {path}.",
    "It may have been moved or renamed.": "Il a peut-être été déplacé ou renommé.",
    "Choose another file.": "Choisissez un autre fichier.",
    "The case file {path} cannot be read ({reason}).": (
        "Le fichier de cas {path} ne peut pas être lu ({reason})."
    ),
    "The program may lack the right to read it.": "Le programme n'a peut-être pas le droit de le lire.",
    "Check the folder's permissions or copy the file to a folder of your own.": (
        "Vérifiez les droits du dossier ou copiez le fichier dans un dossier à vous."
    ),
    "There is a file {path} already.": "Il y a déjà un fichier {path}.",
    "It may hold reviewed work.": "Il contient peut-être du travail revu.",
    "Open it, or choose another name.": "Ouvrez-le, ou choisissez un autre nom.",
    "The case file {path} cannot be written ({reason}).": (
        "Le fichier de cas {path} ne peut pas être écrit ({reason})."
    ),
    "The folder is read-only for you, the disk is full, or the name is not possible there.": (
        "Le dossier est en lecture seule pour vous, le disque est plein, ou ce nom y est impossible."
    ),
    "Choose another folder.": "Choisissez un autre dossier.",
    "The case {path} was changed by another window, or another file was put in its place.": (
        "Le cas {path} a été modifié par une autre fenêtre, ou un autre fichier a été mis à sa place."
    ),
    "The connection to its folder was lost meanwhile, or a copy was restored."
    " The last action was not saved.": (
        "La connexion à son dossier a été perdue entre-temps, ou une copie a été restaurée."
        " La dernière action n'a pas été enregistrée."
    ),
    "Close this window and open the case again.": "Fermez cette fenêtre et rouvrez le cas.",
    "The case {path} is open in another window (computer {host}, since {since}).": (
        "Le cas {path} est ouvert dans une autre fenêtre (ordinateur {host}, depuis {since})."
    ),
    "Two windows must not write one case.": "Deux fenêtres ne doivent pas écrire le même cas.",
    "Use that window, close it, or open the case here read-only.": (
        "Utilisez cette fenêtre-là, fermez-la, ou ouvrez le cas ici en lecture seule."
    ),
    "Close it there or open the case here read-only."
    " If that computer is off or has crashed, take the case over.": (
        "Fermez-le là-bas ou ouvrez le cas ici en lecture seule."
        " Si cet ordinateur est éteint ou est tombé en panne, reprenez le cas."
    ),
    "The events of {path} do not follow from each other.": (
        "Les événements de {path} ne découlent pas les uns des autres."
    ),
    # moving and recovering
    "The case {path} cannot be copied to {target} ({reason}).": (
        "Le cas {path} ne peut pas être copié vers {target} ({reason})."
    ),
    "The original is as it was.": "L'original est inchangé.",
    "The case {path} was changed while it was moved.": (
        "Le cas {path} a été modifié pendant son déplacement."
    ),
    "It stays where it was.": "Il reste où il était.",
    "Try again.": "Réessayez.",
    "The damaged case {path} cannot be copied ({reason}).": (
        "Le cas endommagé {path} ne peut pas être copié ({reason})."
    ),
    "Recovery works on a copy beside the new case, in {folder}.": (
        "La récupération travaille sur une copie à côté du nouveau cas, dans {folder}."
    ),
    "Choose a folder with enough space that you may write to.": (
        "Choisissez un dossier avec assez de place et où vous pouvez écrire."
    ),
    # other files
    "The file {path} cannot be written ({reason}).": "Le fichier {path} ne peut pas être écrit ({reason}).",
    "Choose another folder or free some space.": "Choisissez un autre dossier ou libérez de la place.",
    "{path} is not a reference library this version can read.": (
        "{path} n'est pas une bibliothèque de référence que cette version sait lire."
    ),
    "It was written by another program or by a newer version.": (
        "Elle a été écrite par un autre programme ou par une version plus récente."
    ),
    "Choose another file, or move it away so that a new library can begin.": (
        "Choisissez un autre fichier, ou déplacez-le pour qu'une nouvelle bibliothèque puisse commencer."
    ),
    "There is no profile called {name}.": "Il n'y a pas de profil nommé {name}.",
    "It was never made on this workstation, or it was removed.": (
        "Il n'a jamais été fait sur ce poste, ou il a été retiré."
    ),
    "`bloodcells calibrate list` names those there are.": (
        "`bloodcells calibrate list` nomme ceux qui existent."
    ),
    "There is no earlier version of the profile {name}.": (
        "Il n'y a pas de version antérieure du profil {name}."
    ),
    "It was calibrated once.": "Il n'a été étalonné qu'une fois.",
    "Use the model's own head, or calibrate again.": (
        "Utilisez le modèle sans profil, ou étalonnez de nouveau."
    ),
    "{name} cannot be the name of a profile.": "{name} ne peut pas être le nom d'un profil.",
    "A name has up to 60 letters, digits, spaces, points, brackets and hyphens.": (
        "Un nom a jusqu'à 60 lettres, chiffres, espaces, points, parenthèses et traits d'union."
    ),
    "Choose another name.": "Choisissez un autre nom.",
    "The profile {name} cannot be read.": "Le profil {name} ne peut pas être lu.",
    "It cannot be read which calibration profile is in use.": (
        "Impossible de lire quel profil d'étalonnage est utilisé."
    ),
    "The file {path} is damaged.": "Le fichier {path} est endommagé.",
    "Choose the profile, or the model as it is, once more.": (
        "Choisissez de nouveau le profil, ou le modèle tel quel."
    ),
    "Its file is damaged.": "Son fichier est endommagé.",
    "Calibrate again, or remove the profile.": "Étalonnez de nouveau, ou retirez le profil.",
    "The settings in {path} cannot be used.": "Les réglages de {path} ne peuvent pas être utilisés.",
    "{reason}.": "{reason}.",
    "Choose a file that was exported by this program.": "Choisissez un fichier exporté par ce programme.",
    # verification
    "An image is not the one that was analysed": "Une image n'est pas celle qui a été analysée",
    "An image lies on the network and was not opened": (
        "Une image se trouve sur le réseau et n'a pas été ouverte"
    ),
    "An image cannot be reached": "Une image est inaccessible",
    "The events do not follow from each other": "Les événements ne découlent pas les uns des autres",
    "An entry of the ledger is missing": "Il manque une entrée du registre",
    "The chain of hashes is broken": "La chaîne des empreintes est rompue",
    "The clock went back": "L'horloge a reculé",
    "A sealed row was changed or is gone": "Une ligne scellée a été modifiée ou a disparu",
    "Rows were slipped in or taken out": "Des lignes ont été ajoutées ou retirées",
    "A frozen report is not what was frozen": "Un compte rendu figé n'est pas celui qui a été figé",
    "A signature's report is missing": "Le compte rendu d'une signature manque",
    "An entry of the ledger is of no known kind": "Une entrée du registre est d'un genre inconnu",
    "A report was signed, and its signature is gone": (
        "Un compte rendu a été signé, et sa signature a disparu"
    ),
    "A report of the recovered case is kept without its signature": (
        "Un compte rendu du cas récupéré est conservé sans sa signature"
    ),
    "The signed report cannot be read": "Le compte rendu signé est illisible",
    "The chain does not end where it ended when the report was signed": (
        "La chaîne ne finit pas là où elle finissait à la signature du compte rendu"
    ),
    "The counts of the signed report do not follow from the decisions": (
        "Les comptes du compte rendu signé ne découlent pas des décisions"
    ),
    "The chain does not hold the printed head: its end was cut off, or it was computed anew": (
        "La chaîne ne contient pas l'empreinte imprimée : sa fin a été coupée, ou elle a été recalculée"
    ),
    "an earlier state than was seen here before": "un état antérieur à celui déjà vu ici",
    "The printed head is in the chain": "L'empreinte imprimée est dans la chaîne",
    "The work list of this folder saw a later state of this case": (
        "La liste de travail de ce dossier a vu un état plus récent de ce cas"
    ),
    "The head of a chain has 16 to 64 of the characters 0 to 9 and a to f.": (
        "L'empreinte d'une chaîne compte de 16 à 64 caractères de 0 à 9 et de a à f."
    ),
    "Type it as it is printed on the report, at least its first 16 characters.": (
        "Saisissez-la telle qu'elle est imprimée sur le compte rendu, au moins ses 16 premiers caractères."
    ),
    "The case file {path} is damaged: it is not as it was written ({where}).": (
        "Le fichier de cas {path} est endommagé : il n'est pas tel qu'il a été écrit ({where})."
    ),
    "It was changed outside this program, or the disk has failed. It can neither be signed nor reported.": (
        "Il a été modifié hors de ce programme, ou le disque est défaillant."
        " Il ne peut être ni signé ni rendu."
    ),
    "Take it from the last backup, or recover what is readable into a new case."
    " This file is left as it is; its verification names all that differs.": (
        "Reprenez-le de la dernière sauvegarde, ou récupérez ce qui est lisible dans un nouveau cas."
        " Ce fichier reste tel quel ; sa vérification nomme tout ce qui diffère."
    ),
    # refused acts
    "the case is signed: amend it first": "le cas est signé : rectifiez-le d'abord",
    "a count cannot fall below zero": "un compte ne peut pas passer sous zéro",
    "an event needs an author": "un acte doit porter un nom",
    "the note is empty": "la note est vide",
    "a further signature must be under the same report": (
        "une signature de plus doit porter sur le même compte rendu"
    ),
    "only a signed case can be amended": "seul un cas signé peut être rectifié",
}
