"""Messages about the scale of a specimen: English templates, stored in the case with their values."""

from __future__ import annotations

import re

from bloodcells_gui.domain.i18n import N_, plural

SCALE_CONTRADICTED = N_(
    "The files say {n_said} µm per pixel, their cells {n_seen}: both cannot be right, so no cell is named "
    "until a person gives the scale (--mpp on the command line)."
)
SCALE_FACTORS = {
    2.54: N_("The two differ by about 2.54: probably an inch was written for a centimetre, or the reverse."),
    10.0: N_("The two differ by about 10: probably a millimetre was written for a centimetre."),
    25.4: N_("The two differ by about 25.4: probably an inch was written for a millimetre, or the reverse."),
    1000.0: N_("The two differ by about 1000: probably one unit was written for the next one."),
}
SCALE_BY_HAND = N_(
    "The scale given by hand is {n_said} µm per pixel, but the cells say {n_seen}: please check it. It was "
    "used as given."
)
SCALE_OF_THE_PATIENT = N_(
    "At the scale of the files the red cells are {n_um} µm wide on average (6.2 to 8.2 in health): small or "
    "large red cells of the patient, or a scale that is a little wrong. It was used as the files say."
)
SCALE_OUTLIERS = N_(
    "Images whose scale differs from the others' and was not believed: {count} (“{text}”). Their cells are "
    "not named until a person gives the scale."
)
SCALE_UNREAD = N_("A scale was found in the files but not understood: “{text}”. Please check the scale.")
SCALES_DIFFER = plural(
    "The images have different scales: {count} of them was measured by its own red cells. Please check them.",
    "The images have different scales: {count} of them were measured by their own red cells. Please "
    "check them.",
    "count",
)
NO_SCALE = N_(
    "There is no scale in the files, and nothing in the images to estimate it from: no cell is named until a "
    "person gives the scale (--mpp on the command line)."
)
# Of cases of earlier versions.
SCALE_GUESSED = N_(
    "The scale is only guessed from the size of the leukocytes (± {count} %): the answers are averaged over "
    "that range, and cells whose name depends on it wait for the scale (--mpp on the command line)."
)
#: A scale's limits, and what it rests on.
SCALE_LIMITS = N_("68 % limits {low} to {high}, by {basis}")
#: What a scale rests on: stored with it.
BASIS_AGREES = N_("the file, and the red cells agree")
BASIS_LEUKOCYTES_AGREE = N_("the file, and the size of the leukocytes agrees")
BASIS_ALONE = N_("the file alone, which nothing in the images bears out")
BASIS_DISAGREES = N_("the file, though the cells measure otherwise")
BASIS_RED_CELLS = N_("red cells")
BASIS_FEW = N_("few red cells")
BASIS_MIXED = N_("red cells that differ from image to image")
BASIS_KINDS = N_("the sizes of the leukocytes by kind, without red cells")
BASIS_LEUKOCYTES = N_("the size of the leukocytes alone, without red cells")
#: Where a scale is so unsure that the answers are averaged over it, by what it rests on.
UNSURE_SCALES = {
    BASIS_DISAGREES: N_(
        "The scale is {n_mpp} µm per pixel by the file, but the cells measure otherwise (68 % limits "
        "{n_low} to {n_high}): the answers are averaged over that range, and cells whose name depends "
        "on it wait for the scale (--mpp on the command line)."
    ),
    BASIS_FEW: N_(
        "The scale is {n_mpp} µm per pixel (68 % limits {n_low} to {n_high}) by few red cells: the "
        "answers are averaged over that range, and cells whose name depends on it wait for the scale "
        "(--mpp on the command line)."
    ),
    BASIS_RED_CELLS: N_(
        "The scale is {n_mpp} µm per pixel (68 % limits {n_low} to {n_high}) by red cells of few "
        "pictures: the answers are averaged over that range, and cells whose name depends on it wait "
        "for the scale (--mpp on the command line)."
    ),
    BASIS_MIXED: N_(
        "The scale is {n_mpp} µm per pixel (68 % limits {n_low} to {n_high}) by red cells that differ "
        "from image to image: the answers are averaged over that range, and cells whose name depends "
        "on it wait for the scale (--mpp on the command line)."
    ),
    BASIS_KINDS: N_(
        "The scale is {n_mpp} µm per pixel (68 % limits {n_low} to {n_high}) by the sizes of the "
        "leukocytes by kind, for no red cells are in view: the answers are averaged over that range, "
        "and cells whose name depends on it wait for the scale (--mpp on the command line)."
    ),
    BASIS_LEUKOCYTES: N_(
        "The scale is {n_mpp} µm per pixel (68 % limits {n_low} to {n_high}) by the size of the "
        "leukocytes alone, for no red cells are in view: the answers are averaged over that range, "
        "and cells whose name depends on it wait for the scale (--mpp on the command line)."
    ),
}
NOTICES = (
    *UNSURE_SCALES.values(), SCALE_CONTRADICTED, *SCALE_FACTORS.values(), SCALE_BY_HAND,
    SCALE_OF_THE_PATIENT, SCALE_OUTLIERS, SCALE_UNREAD, SCALES_DIFFER, NO_SCALE, SCALE_GUESSED,
)  # fmt: skip

#: What the scale itself says where no red cell is in view.
WARNING_KINDS = N_(
    "Too few red cells to measure: the scale was estimated from the sizes of the leukocytes by kind; please "
    "check it."
)
#: What the scale itself says when its file and its cells contradict each other.
WARNING_CONTRADICTED = N_(
    "The scale in the files contradicts the cells: no cell is named until you give the scale."
)


def quotable(text: str) -> str:
    """A file's own words so that they can stand between quotes in a remark."""
    return re.sub("[“”]", "'", "".join(c if c.isprintable() else "?" for c in text))
