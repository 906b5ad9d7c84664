"""French of what the reading of images and the synthetic specimen say."""

FRENCH = {
    "{name} was not read.": "{name} n'a pas été lu.",
    # Files
    "The file has {size_mb} MB; at most {limit_mb} MB are read in one piece.": (
        "Le fichier fait {size_mb} Mo ; au plus {limit_mb} Mo sont lus d'un seul tenant."
    ),
    "Save it as a tiled TIFF and open it as a slide.": (
        "Enregistrez-le en TIFF tuilé et ouvrez-le comme lame."
    ),
    "Reading failed: {error}.": "La lecture a échoué : {error}.",
    "Check the disk or the network share and open it again.": (
        "Vérifiez le disque ou le partage réseau, puis rouvrez-le."
    ),
    "It is not there (any more).": "Il n'est pas (ou plus) là.",
    "Check the folder or the network share.": "Vérifiez le dossier ou le partage réseau.",
    "It may not be read by this user.": "Cet utilisateur n'a pas le droit de le lire.",
    "Ask for the right to read it.": "Demandez le droit de le lire.",
    "It is a link that leads back to itself.": "C'est un lien qui renvoie à lui-même.",
    "Remove the link.": "Supprimez le lien.",
    "Its name is too long for this system.": "Son nom est trop long pour ce système.",
    "Give it a shorter name.": "Donnez-lui un nom plus court.",
    "It is a folder.": "C'est un dossier.",
    "Choose an image file.": "Choisissez un fichier image.",
    "It is not a regular file.": "Ce n'est pas un fichier ordinaire.",
    "Choose an image file or a folder.": "Choisissez un fichier image ou un dossier.",
    "Its name cannot exist on this system.": "Ce nom ne peut pas exister sur ce système.",
    "Check the name.": "Vérifiez le nom.",
    "The file is empty (0 bytes).": "Le fichier est vide (0 octet).",
    "Copy it again from its source.": "Recopiez-le depuis sa source.",
    "The file is cut off: its end is missing.": "Le fichier est tronqué : sa fin manque.",
    # What a file is instead of an image
    "It is a GIF image.": "C'est une image GIF.",
    "It is a PDF document.": "C'est un document PDF.",
    "It is a ZIP archive or an Office document.": "C'est une archive ZIP ou un document bureautique.",
    "It is a gzip archive.": "C'est une archive gzip.",
    "It is a database.": "C'est une base de données.",
    "It is a program.": "C'est un programme.",
    "It is a JPEG 2000 image.": "C'est une image JPEG 2000.",
    "It is a Photoshop document.": "C'est un document Photoshop.",
    "It is an HDF5 file.": "C'est un fichier HDF5.",
    "It is an XML text.": "C'est un texte XML.",
    "It is an SVG drawing.": "C'est un dessin SVG.",
    "It is a web page.": "C'est une page web.",
    "It is a HEIF or AVIF image or a film.": "C'est une image HEIF ou AVIF, ou un film.",
    "It is a text, not an image.": "C'est un texte, pas une image.",
    "It holds only zeros.": "Il ne contient que des zéros.",
    "It is no image this program knows.": "Ce n'est pas une image que ce programme connaît.",
    "JPEG, PNG, BMP, TIFF and WebP images and scanner slides are read.": (
        "Les images JPEG, PNG, BMP, TIFF et WebP et les lames numérisées sont lues."
    ),
    # Images
    "Its header is damaged ({detail}).": "Son en-tête est endommagé ({detail}).",
    "It says that it has no pixels.": "Il déclare n'avoir aucun pixel.",
    "It would have {width} x {height} pixels; at most {limit} million are decoded in one piece.": (
        "Il aurait {width} x {height} pixels ; au plus {limit} millions sont décodés d'un seul tenant."
    ),
    "Its four ink channels do not say whether they are inverted, so its colours are unknown.": (
        "Ses quatre canaux d'encre ne disent pas s'ils sont inversés ; ses couleurs sont donc inconnues."
    ),
    "Save it as an RGB image.": "Enregistrez-le en image RVB.",
    "Its pixel data are damaged.": "Ses pixels sont endommagés.",
    "Its header and its pixel data contradict each other.": "Son en-tête et ses pixels se contredisent.",
    "It is stored in an absurd number of passes.": "Il est stocké en un nombre absurde de passes.",
    "Save it as a baseline JPEG.": "Enregistrez-le en JPEG simple (non progressif).",
    "There is not enough memory for it.": "La mémoire ne suffit pas pour lui.",
    "Close other programs and open it again.": "Fermez d'autres programmes, puis rouvrez-le.",
    "Its TIFF variant is not supported ({detail}).": (
        "Sa variante de TIFF n'est pas prise en charge ({detail})."
    ),
    "Save it as an uncompressed, LZW, Deflate or JPEG compressed RGB TIFF.": (
        "Enregistrez-le en TIFF RVB non compressé, LZW, Deflate ou JPEG."
    ),
    "Save it as an RGB TIFF with tiles, LZW, Deflate or JPEG compressed.": (
        "Enregistrez-le en TIFF RVB tuilé, compressé en LZW, Deflate ou JPEG."
    ),
    "It is no TIFF file.": "Ce n'est pas un fichier TIFF.",
    "It was closed.": "Il a été fermé.",
    "Its decoder crashed on it ({detail}).": "Son décodeur s'est arrêté brutalement sur lui ({detail}).",
    "Its decoder did not come to an end and was stopped.": "Son décodeur n'en finissait pas et a été arrêté.",
    "Its decoder failed on it ({detail}).": "Son décodeur a échoué sur lui ({detail}).",
    "Its decoder crashed or hung on it {times} times; it is not asked again.": (
        "Son décodeur s'est arrêté ou bloqué {times} fois sur lui ; il n'est plus sollicité."
    ),
    "Copy it again from its source, or leave it out.": "Recopiez-le depuis sa source, ou laissez-le de côté.",
    "Its decoder could not be started ({detail}).": "Son décodeur n'a pas pu être lancé ({detail}).",
    # Slides
    "Its folder {folder} with the image data is missing.": (
        "Son dossier {folder} qui contient les données de l'image manque."
    ),
    "Copy the .mrxs file together with the folder of the same name.": (
        "Copiez le fichier .mrxs avec le dossier du même nom."
    ),
    "It claims an absurd size of {width} x {height} pixels.": (
        "Il prétend à une taille absurde de {width} x {height} pixels."
    ),
    "It is stored in pieces of {width} x {height} pixels, too large to be decoded.": (
        "Il est stocké en morceaux de {width} x {height} pixels, trop grands pour être décodés."
    ),
    "Save it as a TIFF with tiles of 256 to 1,024 pixels.": (
        "Enregistrez-le en TIFF à tuiles de 256 à 1 024 pixels."
    ),
    "It is named like a scanner's slide but its content is none.": (
        "Son nom est celui d'une lame numérisée, mais pas son contenu."
    ),
    "It is no slide format that OpenSlide knows.": "Ce n'est pas un format de lame connu d'OpenSlide.",
    "OpenSlide reports: {detail}.": "OpenSlide signale : {detail}.",
    "Copy the slide again from the scanner, with all files and folders that belong to it.": (
        "Recopiez la lame depuis le scanner, avec tous les fichiers et dossiers qui lui appartiennent."
    ),
    "The program that reads it was stopped: it crashed or took too long.": (
        "Le programme qui le lit a été arrêté : il s'est interrompu ou a pris trop de temps."
    ),
    # Folders
    "The folder may not be read.": "Le dossier ne peut pas être lu.",
    "The folder is nested deeper than {limit} levels.": (
        "Le dossier est imbriqué à plus de {limit} niveaux."
    ),
    "Only the first {limit} files were looked at.": "Seuls les {limit} premiers fichiers ont été examinés.",
    "The folder was met before: a link leads back to it.": (
        "Le dossier a déjà été parcouru : un lien y ramène."
    ),
    "It is a slide among single images; open it by itself.": (
        "C'est une lame parmi des images simples ; ouvrez-la seule."
    ),
    "It is a single image among slides; open it by itself.": (
        "C'est une image simple parmi des lames ; ouvrez-la seule."
    ),
    "Chosen by hand.": "Choisi à la main.",
    "It is a scanner's slide, or too large to be one photograph.": (
        "C'est une lame numérisée, ou trop grande pour être une seule photographie."
    ),
    "There are no images.": "Il n'y a pas d'images.",
    "The images show {um} um across (crops show up to {limit}).": (
        "Les images montrent {um} µm de large (les vignettes jusqu'à {limit})."
    ),
    "The images are {px} pixels across (crops are up to {limit}).": (
        "Les images ont {px} pixels de large (les vignettes jusqu'à {limit})."
    ),
    # The scale
    "The scale was estimated from the red cells: a micro- or macrocytic specimen shifts it.": (
        "L'échelle a été estimée d'après les hématies : un spécimen micro- ou macrocytaire la décale."
    ),
    "The scale was estimated from very few red cells; please check it.": (
        "L'échelle a été estimée d'après très peu d'hématies ; veuillez la vérifier."
    ),
    "Too few red cells to measure: the scale was guessed from the size of the leukocytes; please check it.": (
        "Trop peu d'hématies à mesurer : l'échelle a été déduite de la taille des leucocytes ; veuillez la "
        "vérifier."
    ),
    "No cell was found to estimate the scale from; please enter it.": (
        "Aucune cellule ne permet d'estimer l'échelle ; veuillez la saisir."
    ),
    "The images seem to have different scales; please check them.": (
        "Les images semblent avoir des échelles différentes ; veuillez les vérifier."
    ),
    # The synthetic specimen
    "A synthetic specimen of {width} x {height} pixels cannot be made.": (
        "Un spécimen synthétique de {width} x {height} pixels ne peut pas être créé."
    ),
    "For this kind each side has {least} to {most} pixels.": (
        "Pour ce type, chaque côté mesure de {least} à {most} pixels."
    ),
    "Choose a size between them.": "Choisissez une taille entre les deux.",
    "A synthetic specimen of {cells} cells cannot be made.": (
        "Un spécimen synthétique de {cells} cellules ne peut pas être créé."
    ),
    "The number must lie between 1 and 1,000,000.": "Le nombre doit être compris entre 1 et 1 000 000.",
    "Choose another number.": "Choisissez un autre nombre.",
    "There is no synthetic specimen of kind {kind}.": "Il n'y a pas de spécimen synthétique du type {kind}.",
    "Crops, fields and slide can be made.": (
        "Vignettes (crops), champs (fields) et lame (slide) sont possibles."
    ),
    "Choose one of them.": "Choisissez l'un d'eux.",
    "The synthetic specimen could not be written to {path}.": (
        "Le spécimen synthétique n'a pas pu être écrit dans {path}."
    ),
    "{error}.": "{error}.",
    "Choose another folder or make room on the disk.": (
        "Choisissez un autre dossier ou libérez de l'espace sur le disque."
    ),
}
