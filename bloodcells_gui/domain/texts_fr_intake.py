"""French of what is said of the files of an input: which belong to the specimen, which do not, and why."""

FRENCH = {
    # Why a file is no image of the specimen
    "It is hidden.": "Il est caché.",
    "The operating system or another program put it there.": (
        "Le système d'exploitation ou un autre programme l'y a mis."
    ),
    "Its folder is marked as holding no photographs ({marker}).": (
        "Son dossier est marqué comme ne contenant pas de photographies ({marker})."
    ),
    "This program wrote it.": "Ce programme l'a écrit.",
    "Choose the photographs themselves.": "Choisissez les photographies elles-mêmes.",
    "It belongs to the slide {slide}.": "Il appartient à la lame {slide}.",
    "It is a further picture in the same file, of which only the first is analysed.": (
        "C'est une autre image du même fichier, dont seule la première est analysée."
    ),
    "It was not begun: the analysis was cancelled before.": (
        "Il n'a pas été commencé : l'analyse a été annulée avant."
    ),
    "It is a mask, not a photograph.": "C'est un masque, pas une photographie.",
    "It is a link that leads out of the chosen folder.": "C'est un lien qui mène hors du dossier choisi.",
    "It is a link to {target}, which is read in its own place.": (
        "C'est un lien vers {target}, qui est lu à sa propre place."
    ),
    "It is a link that leads nowhere.": "C'est un lien qui ne mène nulle part.",
    "It lies beside the folders, and each folder is a specimen of its own.": (
        "Il se trouve à côté des dossiers, et chaque dossier est un échantillon à part."
    ),
    "Not analysed: {n} images that lie beside the folders and so belong to no specimen (skipped.csv).": (
        "Non analysées : {n} images qui se trouvent à côté des dossiers et n'appartiennent donc à aucun "
        "échantillon (skipped.csv)."
    ),
    "Each taken as one specimen, although its images lie in several folders or slides (with their number): "
    "{places}. If these are several specimens, analyse each of them by itself.": (
        "Pris chacun pour un seul échantillon, bien que ses images se trouvent dans plusieurs dossiers ou "
        "lames (avec leur nombre) : {places}. S'il s'agit de plusieurs échantillons, analysez chacun à part."
    ),
    "The same picture lies in two specimens ({n} times): {first} and {second}.": (
        "La même image se trouve dans deux échantillons ({n} fois) : {first} et {second}."
    ),
    # The question of several places
    "The images in {path} lie in {n} places (with the number of images): {places}.": (
        "Les images de {path} se trouvent à {n} endroits (avec le nombre d'images) : {places}."
    ),
    "They may be several specimens.": "Il peut s'agir de plusieurs échantillons.",
    "If they are one specimen, add --one-specimen; if each folder or slide is one, add --each-folder.": (
        "S'il s'agit d'un seul échantillon, ajoutez --one-specimen ; si chaque dossier ou lame en est un, "
        "ajoutez --each-folder."
    ),
    "Open the folder again and say whether they are one specimen.": (
        "Rouvrez le dossier et dites s'il s'agit d'un seul échantillon."
    ),
    "{first} and {second} hold the same images.": "{first} et {second} contiennent les mêmes images.",
    "They would be counted twice.": "Elles seraient comptées deux fois.",
    "Name every folder or file once.": "Indiquez chaque dossier ou fichier une seule fois.",
    "{option} describes one specimen, and there are {n}.": (
        "{option} décrit un seul échantillon, et il y en a {n}."
    ),
    "Leave it out, or analyse the specimens one by one.": (
        "Omettez cette option, ou analysez les échantillons un par un."
    ),
    # Whether images are still those that were analysed
    "It is not the image that was analysed: its content is another.": (
        "Ce n'est pas l'image qui a été analysée : son contenu est différent."
    ),
    "The analysis cannot go on: {n} of its images are not those that were analysed ({names}).": (
        "L'analyse ne peut pas continuer : {n} de ses images ne sont pas celles qui ont été analysées "
        "({names})."
    ),
    "Their content is another; the cells would be those of two specimens.": (
        "Leur contenu est différent ; les cellules seraient celles de deux échantillons."
    ),
    "Put the original files back, or begin a new analysis.": (
        "Remettez les fichiers d'origine, ou commencez une nouvelle analyse."
    ),
    "The analysis cannot go on: none of the images that were analysed is there.": (
        "L'analyse ne peut pas continuer : aucune des images analysées n'est là."
    ),
    "So nobody can tell whether the others are of the same specimen.": (
        "Personne ne peut donc dire si les autres viennent du même échantillon."
    ),
    "The case in {path} is of other images: those of {before}.": (
        "Le cas {path} concerne d'autres images : celles de {before}."
    ),
    "Going on with {now} would mix two specimens.": "Continuer avec {now} mélangerait deux échantillons.",
    "Leave out --resume, or choose another folder for the results.": (
        "Omettez --resume, ou choisissez un autre dossier pour les résultats."
    ),
    "It was not there when the analysis began; analyse again without --resume.": (
        "Il n'était pas là au début de l'analyse ; analysez de nouveau sans --resume."
    ),
    # Copies
    "{n} files show a picture that another file shows too; each picture was counted once.": (
        "{n} fichiers montrent une image qu'un autre fichier montre aussi ; chaque image a été comptée une "
        "fois."
    ),
    "{n} images look like another image of a similar name (an overlay, a reduced copy?) and count as well: "
    "look at them.": (
        "{n} images ressemblent à une autre image d'un nom voisin (une surimpression, une copie réduite ?) "
        "et comptent aussi : regardez-les."
    ),
    "duplicate of {name}": "double de {name}",
    "duplicate of {name}, the same picture in another format": (
        "double de {name}, la même image dans un autre format"
    ),
}
