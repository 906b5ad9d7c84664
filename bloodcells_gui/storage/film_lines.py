"""What the index of the work list knows of a case as a film: whose, from when, signed or not, how good."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path

from bloodcells_gui.domain.earlier_films import Film, FilmIdentity, identity_of
from bloodcells_gui.domain.quality import CaseFigures
from bloodcells_gui.domain.review_state import ReviewState
from bloodcells_gui.domain.specimen import Specimen, with_number
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_figures import analysed_at, camera_of, figures_in, model_of

_IDENTITY = tuple(f.name for f in fields(FilmIdentity))


def film_in(store: CaseStore, state: ReviewState) -> Film:
    """The film that an open case holds."""
    number = with_number(store.specimen, state.data.fields).id
    # The signature that froze the report; later ones of the version are under the same bytes.
    newest = next((s for s in reversed(state.signatures) if s.version == state.version), None)
    return Film(
        store.path,
        store.seed(),
        identity_of(number, state.data.fields, store.created),
        state.signed,
        state.version,
        newest.time if newest is not None else "",
        newest.report_sha256 if newest is not None else "",
        _images_hash(store.specimen),
    )


def film_line(store: CaseStore, state: ReviewState) -> str:
    """The same as one text of the index."""
    film = film_in(store, state)
    identity = {name: serialization.clean(getattr(film.identity, name)) for name in _IDENTITY}
    return serialization.to_json(
        {
            "seed": film.seed, "identity": identity, "signed": film.signed, "version": film.version,
            "signed_at": film.signed_at, "report": film.report_sha256, "images": film.images,
            "analysed": serialization.clean(analysed_at(store)), "figures": figures_in(store, state),
            "model": serialization.clean(model_of(store.runs)),
            "camera": serialization.clean(camera_of(store.specimen, store.runs)),
        }
    )  # fmt: skip


def film_of(path: Path, line: str) -> Film:
    """A film from its text in the index, whose seal was compared."""
    obj = json.loads(line)
    identity = FilmIdentity(**{name: str(obj["identity"][name]) for name in _IDENTITY})
    return Film(
        path, obj["seed"], identity, bool(obj["signed"]), int(obj["version"]), obj["signed_at"],
        obj["report"], obj["images"],
    )  # fmt: skip


def figures_of(path: Path, line: str) -> CaseFigures:
    """What the case says of stain, camera and naming, from the same text."""
    obj = json.loads(line)
    values = {str(code): float(value) for code, value in obj["figures"].items()}
    number = str(obj["identity"]["specimen_id"])
    return CaseFigures(path, number, obj["analysed"], values, obj["model"], obj["camera"])


def _images_hash(specimen: Specimen) -> str:
    known = sorted(image.sha256 or image.sampled for image in specimen.images)
    return hashlib.sha256(" ".join(known).encode()).hexdigest() if known and all(known) else ""
