"""Earlier films of the same patient or specimen: which one a film is compared with, and what changed.

A film is compared with a signed one only: what nobody signed may still change. Which one does not depend on
the order in which cases were opened: the newest signed case before this one, by the date of sampling where
both sides of the comparison have one and else by the day on which the case was begun.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from bloodcells_gui.domain.differential import LATER, Differential, DifferentialRow, sex_of
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.specimen import number_key
from bloodcells_gui.domain.stats import fisher_p, holm
from bloodcells_gui.domain.taxonomy import ROLLUPS, WITH_LEUKOCYTES

#: Field of a case that holds which film a person chose: "" for the newest, NO_FILM, or the seed of a case.
EARLIER_FILM_FIELD = "earlier_film"
NO_FILM = "none"

#: Error rate of all comparisons of a table together.
FAMILY_LEVEL = 0.05
HIGHER, LOWER = "higher", "lower"

BY_PATIENT = N_("patient number")
BY_SPECIMEN = N_("specimen number")

#: Why earlier films could not be looked for.
FOLDER_UNREADABLE = N_("the folder of cases cannot be read")
NOT_AWAITED = N_("nobody waited for the search")
SEARCH_FAILED = N_("the search failed")


@dataclass(frozen=True, slots=True)
class FilmIdentity:
    """Whose blood a case says that it is, as it was typed, and when it was taken.

    `created` is the time (UTC, ISO 8601) at which the case was begun.
    """

    patient_id: str = ""
    specimen_id: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""
    collected: str = ""
    created: str = ""

    @property
    def day(self) -> str:
        """The day of sampling (YYYY-MM-DD), the day on which the case was begun where that is not known."""
        return _iso_day(self.collected) or self.created[:10]

    @property
    def order(self) -> tuple[str, str]:
        """Earlier films first."""
        return self.day, self.created


def identity_of(number: str, fields: Mapping[str, str], created: str) -> FilmIdentity:
    """The identity of a case under its `number` of the moment with what a person filled in."""

    def filled(name: str) -> str:
        return " ".join(fields.get(name, "").split())

    return FilmIdentity(
        patient_id=filled("patient_id"),
        specimen_id=" ".join(number.split()),
        name=filled("patient_name"),
        birth_date=filled("birth_date"),
        sex=filled("sex"),
        collected=filled("collected_at"),
        created=created,
    )


@dataclass(frozen=True, slots=True)
class Film:
    """Another case of the laboratory, as the index of the work list knows it.

    Attributes
    ----------
    path : Path
    seed : str
        The case's own number, the same in all its copies.
    identity : FilmIdentity
    signed : bool
        Whether it stands signed now; an amendment that is under way takes that away.
    version : int
    signed_at : str
        UTC time of its newest signature.
    report_sha256 : str
        Of the report that was signed.
    images : str
        Hash over its images' own, "" where it has none: a film is not compared with itself.
    """

    path: Path
    seed: str
    identity: FilmIdentity
    signed: bool = False
    version: int = 1
    signed_at: str = ""
    report_sha256: str = ""
    images: str = ""


def match(a: FilmIdentity, b: FilmIdentity) -> str:
    """By which number two cases belong together: BY_PATIENT, BY_SPECIMEN or "".

    A specimen number without a digit is the name of a folder that nobody has replaced, and says nothing.
    """
    if (key := number_key(a.patient_id)) and key == number_key(b.patient_id):
        return BY_PATIENT
    key = number_key(a.specimen_id)
    return BY_SPECIMEN if any(map(str.isdigit, key)) and key == number_key(b.specimen_id) else ""


def conflicts(a: FilmIdentity, b: FilmIdentity) -> tuple[str, ...]:
    """What two cases of one number say differently of the person (translation keys); what one lacks is none.

    Names are compared by their words, whatever their order, capitals and accents; dates as dates.
    """
    sexes = [sex_of(SpecimenData({"sex": i.sex})) for i in (a, b)]
    pairs = (
        (BY_PATIENT, number_key(a.patient_id), number_key(b.patient_id)),
        (N_("name"), _name_key(a.name), _name_key(b.name)),
        (N_("date of birth"), _date_key(a.birth_date), _date_key(b.birth_date)),
        (N_("sex"), *sexes),
    )
    return tuple(label for label, one, other in pairs if one and other and one != other)


def earlier_films(own: Film, films: Sequence[Film]) -> tuple[Film, ...]:
    """The films of the same number from before `own`, signed or not, the newest first; each case once."""
    found: dict[str, Film] = {}
    for film in sorted(films, key=lambda f: (f.signed, f.version, str(f.path))):
        same = film.seed == own.seed or (film.images and film.images == own.images)
        if not same and match(own.identity, film.identity) and film.identity.order < own.identity.order:
            found[film.seed] = film
    return tuple(sorted(found.values(), key=lambda f: (*f.identity.order, f.seed), reverse=True))


def film_to_compare(films: Sequence[Film], choice: str) -> Film | None:
    """Of :func:`earlier_films` the one that `choice` (see EARLIER_FILM_FIELD) means; None for none.

    A chosen film that is gone or no longer signed is not replaced by another.
    """
    if choice == NO_FILM:
        return None
    signed = [f for f in films if f.signed]
    if choice:
        return next((f for f in signed if f.seed == choice), None)
    return signed[0] if signed else None


@dataclass(frozen=True, slots=True)
class EarlierRow:
    """One row of the earlier film beside the present one.

    Attributes
    ----------
    code, name : str
        As in the differential.
    counts : bool
        Inside the 100 % or outside.
    count : int
        Cells of the earlier film.
    share : float or None
        Its percentage, outside the 100 % its number per 100 leukocytes.
    absolute : float or None
        10^9/L.
    p : float or None
        Fisher's exact P of the two shares, not corrected; None where there is nothing to compare.
    change : str
        "higher" or "lower" where the present share differs beyond sampling error, else "".
    """

    code: str
    name: str
    counts: bool
    count: int
    share: float | None
    absolute: float | None
    p: float | None = None
    change: str = ""


@dataclass(frozen=True, slots=True)
class EarlierFilm:
    """A comparison with an earlier film, or why there is none.

    Attributes
    ----------
    specimen : str
        Number of the earlier specimen.
    day : str
        Day of sampling, else of the case.
    signed_at, report_sha256 : str
    version : int
        Of the signed report that was compared.
    matched : str
        The number that both have (BY_PATIENT or BY_SPECIMEN).
    total : int
        Leukocytes counted in the earlier film.
    conflict : tuple of str
        What differs between the two persons (translation keys); then nothing is compared and `rows` is empty.
    unreadable : bool
        Its case cannot be read or is not as it was written; then nothing is compared either.
    chosen : bool
        A person chose this film instead of the newest.
    rows : tuple of EarlierRow
    level : float
        Error rate of all rows together.
    missing : str
        Why films could not be looked for (translation key); then all else is empty.
    """

    specimen: str
    day: str
    signed_at: str
    report_sha256: str
    version: int
    matched: str
    total: int = 0
    conflict: tuple[str, ...] = ()
    unreadable: bool = False
    chosen: bool = False
    rows: tuple[EarlierRow, ...] = ()
    level: float = FAMILY_LEVEL
    missing: str = field(default="", metadata=LATER)

    @property
    def changed(self) -> tuple[EarlierRow, ...]:
        """The rows that differ beyond sampling error."""
        return tuple(row for row in self.rows if row.change)


def not_compared(own: FilmIdentity, film: Film, chosen: bool) -> EarlierFilm:
    """What is said of a film of the same number that is another person's, or that cannot be read."""
    found = conflicts(own, film.identity)
    return replace(_film(own, film, chosen), conflict=found, unreadable=not found)


def not_looked_for(why: str) -> EarlierFilm:
    """What is said where films could not be looked for; `why` is a translation key."""
    return EarlierFilm("", "", "", "", 0, "", missing=why)


def compared(
    own: FilmIdentity, film: Film, now: Differential, before: Differential, chosen: bool = False
) -> EarlierFilm:
    """The present table against that of an earlier film, row by row.

    Shares of the 100 % are compared with Fisher's exact test of two proportions (Fisher 1934; two-sided, the
    sum of all tables that are no likelier). Erythroblasts and smudge cells are compared as shares of
    themselves and the leukocytes together: their ratios to leukocytes are equal when those shares are. The
    rows are tested together by Holm's step-down procedure (Scand J Statist 1979), so that among all rows of
    a film without any change one is marked in at most 5 of 100 films. Rows that are empty in both films, and
    platelets and artefacts, whose ratios are of an area, are not compared. Sampling error is all that this
    speaks of, not errors of naming, staining or spreading.

    Parameters
    ----------
    now, before : Differential
        In the same roll-up.
    chosen : bool
        Whether a person chose the film.

    Raises
    ------
    ValueError
        When the roll-ups differ.
    """
    if now.rollup != before.rollup:
        raise ValueError(f"{now.rollup} cannot be compared with {before.rollup}")
    old = {(row.code, row.counts): row for row in before.rows}
    pairs = [(row, old[row.code, row.counts]) for row in now.rows if _is_compared(row, now.rollup)]
    ps = [_p(row, now.total, other, before.total) for row, other in pairs]
    tested = [p for p in ps if p is not None]
    marked = iter(holm(tested, FAMILY_LEVEL))
    rows = []
    for (row, other), p in zip(pairs, ps, strict=True):
        differs = p is not None and next(marked)
        more = _share(row, now.total) > _share(other, before.total)
        rows.append(
            EarlierRow(
                row.code,
                row.name,
                row.counts,
                other.count,
                other.percent if row.counts else other.per_100_wbc,
                other.absolute,
                p,
                (HIGHER if more else LOWER) if differs else "",
            )
        )
    return replace(_film(own, film, chosen), total=before.total, rows=tuple(rows))


def _film(own: FilmIdentity, film: Film, chosen: bool) -> EarlierFilm:
    return EarlierFilm(
        film.identity.specimen_id, film.identity.day, film.signed_at, film.report_sha256, film.version,
        match(own, film.identity), chosen=chosen,
    )  # fmt: skip


def _is_compared(row: DifferentialRow, rollup: str) -> bool:
    if row.counts:
        return True
    leaves = next(r.leaves for r in ROLLUPS[rollup].rows if r.code == row.code and r.counts == row.counts)
    return set(leaves) <= WITH_LEUKOCYTES


def _of(row: DifferentialRow, total: int) -> tuple[int, int]:
    """Cells of a row, and of how many they are a share."""
    return row.count, total if row.counts else total + row.count


def _share(row: DifferentialRow, total: int) -> float:
    count, of = _of(row, total)
    return count / of if of else 0.0


def _p(now: DifferentialRow, total: int, before: DifferentialRow, total_before: int) -> float | None:
    if not (total and total_before and (now.count or before.count)):
        return None
    return fisher_p(*_of(now, total), *_of(before, total_before))


def _iso_day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()[:10]).isoformat()
    except ValueError:
        return ""


def _date_key(text: str) -> str:
    return _iso_day(text) or number_key(text)


def _name_key(text: str) -> str:
    """The words of a name without accents and capitals, in one order."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(sorted(letters.split()))
