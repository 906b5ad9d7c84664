"""French of what is said of image files: formats, damage, pages, colours."""

FRENCH = {
    # Damage
    "Its pixel data are damaged ({detail}).": "Ses pixels sont endommagés ({detail}).",
    "Its pixel data end early: parts of the picture are missing.": (
        "Ses pixels s'arrêtent trop tôt : il manque des parties de l'image."
    ),
    # Formats
    "It is a camera's raw photograph ({kind}).": "C'est une photographie brute d'appareil photo ({kind}).",
    "Use the JPEG that the camera saved beside it, or export it as TIFF or PNG.": (
        "Utilisez le JPEG que l'appareil a enregistré à côté, ou exportez-la en TIFF ou PNG."
    ),
    "It is a microscope's own file ({kind}).": "C'est un fichier propre à un microscope ({kind}).",
    "Export it as TIFF from the program that wrote it.": (
        "Exportez-le en TIFF depuis le programme qui l'a écrit."
    ),
    "It is a HEIC photograph of a phone.": "C'est une photographie HEIC de téléphone.",
    "Export it as JPEG or PNG; phones can be set to save JPEG (“Most Compatible”).": (
        "Exportez-la en JPEG ou PNG ; un téléphone peut être réglé pour enregistrer en JPEG "
        "(« Le plus compatible »)."
    ),
    "Save or export it as TIFF, PNG or JPEG.": "Enregistrez-le ou exportez-le en TIFF, PNG ou JPEG.",
    "Save the pictures in it as TIFF, PNG or JPEG.": (
        "Enregistrez les images qu'il contient en TIFF, PNG ou JPEG."
    ),
    "Unpack it and open the folder.": "Décompressez-la et ouvrez le dossier.",
    "It is an archive.": "C'est une archive.",
    "It is an AVIF image.": "C'est une image AVIF.",
    "It is a JPEG XL image.": "C'est une image JPEG XL.",
    "It is a JPEG XR image.": "C'est une image JPEG XR.",
    "It is a JPEG of {kind} bits a colour, which is not read.": (
        "C'est un JPEG de {kind} bits par couleur, qui n'est pas lu."
    ),
    "Save it as TIFF or PNG.": "Enregistrez-le en TIFF ou PNG.",
    "It is a GIMP document.": "C'est un document GIMP.",
    "It is an icon.": "C'est une icône.",
    "It is an OpenEXR image.": "C'est une image OpenEXR.",
    "It is a DjVu document.": "C'est un document DjVu.",
    "It is a FITS image.": "C'est une image FITS.",
    "It is an array of numbers (NumPy).": "C'est un tableau de nombres (NumPy).",
    "If it is an image (Imaris .ims), export it as TIFF.": (
        "Si c'est une image (Imaris .ims), exportez-la en TIFF."
    ),
    "It is a film.": "C'est un film.",
    "Save single pictures of it as TIFF, PNG or JPEG.": (
        "Enregistrez-en des images isolées en TIFF, PNG ou JPEG."
    ),
    "It is an animation of {kind} pictures.": "C'est une animation de {kind} images.",
    "It is an Office document.": "C'est un document bureautique.",
    "It is a variant of JPEG that is not read ({kind}).": (
        "C'est une variante de JPEG qui n'est pas lue ({kind})."
    ),
    "It is a picture in a format that is not read ({kind}).": (
        "C'est une image dans un format qui n'est pas lu ({kind})."
    ),
    "It is a DICOM file with the name of another format.": (
        "C'est un fichier DICOM qui porte le nom d'un autre format."
    ),
    "Rename it so that it ends in .dcm.": "Renommez-le de sorte qu'il se termine par .dcm.",
    "It is a DICOM file that is cut off: its end is missing.": (
        "C'est un fichier DICOM tronqué : sa fin manque."
    ),
    "It is the index of a slide that is cut into tiles in the folder {folder}.": (
        "C'est l'index d'une lame découpée en tuiles dans le dossier {folder}."
    ),
    "It is a DICOM file, but no slide.": "C'est un fichier DICOM, mais pas une lame.",
    "Export its picture as TIFF, PNG or JPEG.": "Exportez son image en TIFF, PNG ou JPEG.",
    # Pages
    "It holds only reduced versions (thumbnails) of an image that is not in the file.": (
        "Il ne contient que des versions réduites (vignettes) d'une image qui n'est pas dans le fichier."
    ),
    "Copy or export the image itself.": "Copiez ou exportez l'image elle-même.",
    "It is only the overview of a slide whose pixels lie in the folder {folder}.": (
        "Ce n'est que la vue d'ensemble d'une lame dont les pixels sont dans le dossier {folder}."
    ),
    "Export the slide as a tiled TIFF or OME-TIFF from the scanner's program, and open that.": (
        "Exportez la lame en TIFF tuilé ou OME-TIFF depuis le programme du scanner, et ouvrez celui-ci."
    ),
    # Remarks on the images of a run
    "Stacks of planes, of which the sharpest was read: {count}.": (
        "Piles de plans, dont le plus net a été lu : {count}."
    ),
    "Large files with several planes or pictures, of which only the first was read: {count}.": (
        "Grands fichiers à plusieurs plans ou images, dont seul le premier a été lu : {count}."
    ),
    "Images whose three grey pages were taken for red, green and blue: {count}.": (
        "Images dont les trois pages grises ont été prises pour le rouge, le vert et le bleu : {count}."
    ),
    "JPEG images with a long run of zeros in their data, as a failed copy leaves it, so that a part may show "
    "something else: {count}.": (
        "Images JPEG dont les données contiennent une longue suite de zéros, comme après une copie ratée, de "
        "sorte qu'une partie peut montrer autre chose : {count}."
    ),
    "Images that say they are wholly transparent, which was ignored: {count}.": (
        "Images qui se déclarent entièrement transparentes, ce qui a été ignoré : {count}."
    ),
    "Images converted from their colour profile to sRGB: {count}.": (
        "Images converties de leur profil de couleurs en sRGB : {count}."
    ),
    "Images whose numbers hardly fit the range of the rest (stored with another depth, or much darker), so "
    "that their colours may be off: {count}.": (
        "Images dont les valeurs s'accordent mal avec la plage des autres (enregistrées avec une autre "
        "profondeur, ou bien plus sombres), de sorte que leurs couleurs peuvent être fausses : {count}."
    ),
    "Images with a colour profile that cannot be applied, so that their colours and what is measured of them "
    "may be off: {count}.": (
        "Images dont le profil de couleurs ne peut pas être appliqué, de sorte que leurs couleurs et ce qui "
        "en est mesuré peuvent être faux : {count}."
    ),
}
