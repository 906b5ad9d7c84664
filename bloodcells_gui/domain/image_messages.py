"""Messages about single images; the remark of a run counts the images that a message applies to."""

from __future__ import annotations

from bloodcells_gui.domain.i18n import N_

BEST_PLANE = N_("Stacks of planes, of which the sharpest was read: {count}.")
FIRST_PLANE = N_("Large files with several planes or pictures, of which only the first was read: {count}.")
COLOURS_GUESSED = N_("Images whose three grey pages were taken for red, green and blue: {count}.")
HOLE = N_(
    "JPEG images with a long run of zeros in their data, as a failed copy leaves it, so that a part may show "
    "something else: {count}."
)
NO_ALPHA = N_("Images that say they are wholly transparent, which was ignored: {count}.")
PROFILE_APPLIED = N_("Images converted from their colour profile to sRGB: {count}.")
PROFILE_LEFT = N_(
    "Images with a colour profile that cannot be applied, so that their colours and what is measured of them "
    "may be off: {count}."
)
OTHER_RANGE = N_(
    "Images whose numbers hardly fit the range of the rest (stored with another depth, or much darker), so "
    "that their colours may be off: {count}."
)
WIDE_CROP = N_(
    "Images wider than 60 µm, of which only the cell in the middle was named: {count}. If they are fields "
    "with several cells, analyse them as fields."
)
IMAGE_NOTICES = (
    WIDE_CROP, BEST_PLANE, FIRST_PLANE, COLOURS_GUESSED, HOLE, NO_ALPHA, PROFILE_APPLIED, PROFILE_LEFT,
    OTHER_RANGE,
)  # fmt: skip
IMAGE_WARNINGS = frozenset({WIDE_CROP, HOLE, FIRST_PLANE, COLOURS_GUESSED, PROFILE_LEFT, OTHER_RANGE})
