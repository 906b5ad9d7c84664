"""French of what is said of image files: formats, damage, pages, colours."""

FRENCH = {
    # Damage
    "Its pixel data are damaged ({detail}).": "Ses pixels sont endommagés ({detail}).",
    "Its pixel data end early: parts of the picture are missing.": (
        "Ses pixels s'arrêtent trop tôt : il manque des parties de l'image."
    ),
}
