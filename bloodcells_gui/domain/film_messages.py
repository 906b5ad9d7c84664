"""What is said of an earlier film beside the table and on page one."""

from __future__ import annotations

from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.earlier_films import HIGHER, EarlierFilm
from bloodcells_gui.domain.i18n import N_

UNCHANGED = N_("No class has changed beyond sampling error since the film of {day}.")
HIGHER_NOW = N_("Higher than in the film of {day}, beyond sampling error: {names_higher}.")
LOWER_NOW = N_("Lower than in the film of {day}, beyond sampling error: {names_lower}.")
BOTH_WAYS = N_(
    "Changed beyond sampling error since the film of {day}: higher {names_higher}; lower {names_lower}."
)
OTHER_PERSON = N_(
    "The film of {day} has the same {number}, but differs in: {names_conflict}. It is not compared. "
    "Make sure whose blood this is."
)
UNREADABLE = N_("The film of {day} cannot be read and is not compared.")
NOT_LOOKED_FOR = N_("Earlier films were not compared: {reason}.")
METHOD = N_(
    "Fisher's exact test of two proportions, two-sided, by Holm's procedure at {percent} % for all rows "
    "together. P is of each row alone. Sampling error only."
)


def film_remark(film: EarlierFilm) -> Remark:
    """The result of a comparison in one sentence."""
    if film.missing:
        return Remark(NOT_LOOKED_FOR, (("reason", film.missing),), "warning")
    day = ("day", film.day)
    if film.conflict:
        of = (day, ("number", film.matched), ("names_conflict", "; ".join(film.conflict)))
        return Remark(OTHER_PERSON, of, "critical")
    if film.unreadable:
        return Remark(UNREADABLE, (day,), "warning")
    up = "; ".join(row.name for row in film.changed if row.change == HIGHER)
    down = "; ".join(row.name for row in film.changed if row.change != HIGHER)
    params = [day, *([("names_higher", up)] if up else []), *([("names_lower", down)] if down else [])]
    text = {(True, True): BOTH_WAYS, (True, False): HIGHER_NOW, (False, True): LOWER_NOW}
    found = text.get((bool(up), bool(down)), UNCHANGED)
    return Remark(found, tuple(params), "warning" if film.changed else "info")
