"""What the checks before a signature say: templates that signed reports keep, in English."""

from __future__ import annotations

from bloodcells_gui.domain.i18n import N_, plural

READ_ONLY = N_("The case is open read-only.")
UNIDENTIFIED = plural("{n} cell is still unidentified.", "{n} cells are still unidentified.")
COMMENT_NOT_ADDED = N_("A comment was typed but not added: “{text}”.")
FIELD_NOT_SAVED = N_("The field “{field}” holds what is not saved: “{text}”.")
POSITIVE_NOT_SEEN = plural(
    "{n} cell that makes the smear positive was not looked at yet.",
    "{n} cells that make the smear positive were not looked at yet.",
)
LOOK_FIRST_NOT_SEEN = plural(
    "{n} cell that may be a blast was shown first and not looked at by a person.",
    "{n} cells that may be blasts were shown first and not looked at by a person.",
)
NOT_REVIEWED = plural(
    "{n} of {all} leukocytes was not looked at by a person.",
    "{n} of {all} leukocytes were not looked at by a person.",
)
SECOND_READING_OPEN = N_("The second reading by {reader} is open: cells unread {unread}, unsettled {n}.")
TARGET_NOT_REACHED = plural(
    "{n} leukocyte was counted; the target is {target}.",
    "{n} leukocytes were counted; the target is {target}.",
)
INCOMPLETE = N_("The analysis did not run to its end.")
FINDING_IN_CELLS = plural(
    "Critical finding, not answered yet: {name}, {n} cell.",
    "Critical finding, not answered yet: {name}, {n} cells.",
)
FINDING_IN_VALUE = N_("Critical finding, not answered yet: {name}, {value} {unit}.")
#: Of reports that were signed with earlier versions: translated as ever, said no more.
FORMER = (N_("The second reading by {reader} is open: {unread} cells unread, {n} differences unsettled."),)
