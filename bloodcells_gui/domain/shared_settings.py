"""Which settings are the laboratory's, as one document, and which belong to the workstation alone."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.setting_names import NAMES
from bloodcells_gui.domain.settings import LabSettings, parse, to_json_obj
from bloodcells_gui.domain.validation import WHOSE_KEY, WORKSTATION, SettingProblem

Document = dict[str, Any]

_LAYOUT = "version"
_SAID = {**NAMES, "logo": "Logo"}
_NEWER = ("unknown key", "unknown key {key}", "written by a newer version of the program")


@dataclass(frozen=True, slots=True)
class SettingsVersion:
    """One version of the laboratory's settings: who made it, where, and when (seconds since 1970)."""

    number: int
    at: float
    station: str
    reviewer: str
    program: str
    sha256: str
    document: Document = dataclasses.field(repr=False)


def _own(f: dataclasses.Field[Any]) -> bool:
    return f.metadata.get(WHOSE_KEY) == WORKSTATION


#: Settings that each workstation has for itself, of those a group is a whole.
WORKSTATION_NAMES: frozenset[str] = frozenset(f.name for f in dataclasses.fields(LabSettings) if _own(f))
LABORATORY_NAMES: tuple[str, ...] = tuple(
    f.name for f in dataclasses.fields(LabSettings) if f.name not in WORKSTATION_NAMES and f.name != _LAYOUT
)
# Within a group of the laboratory's: what is the workstation's all the same.
_WITHIN: Mapping[str, frozenset[str]] = {
    f.name: frozenset(g.name for g in dataclasses.fields(f.default) if _own(g))
    for f in dataclasses.fields(LabSettings)
    if f.name in LABORATORY_NAMES and dataclasses.is_dataclass(f.default)
}


def lab_document(settings: LabSettings) -> Document:
    """The laboratory's part of settings as plain JSON types."""
    obj = json.loads(json.dumps(to_json_obj(settings)))
    document = {name: obj[name] for name in (_LAYOUT, *LABORATORY_NAMES)}
    for name, inner in _WITHIN.items():
        document[name] = {k: v for k, v in document[name].items() if k not in inner}
    return document


def document_text(document: Document) -> str:
    """The one text of a document: keys in order, ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def document_sha256(text: str) -> str:
    """SHA-256 (hex) of the text of a document."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def with_document(own: LabSettings, document: Document) -> tuple[LabSettings, list[SettingProblem]]:
    """A workstation's settings under those of the laboratory, and what of the document is not used.

    What the document says of the workstation's part is passed over; what it does not name has its default,
    so that all workstations of one version have the same.
    """
    obj = to_json_obj(own)
    mine = {name: obj[name] for name in WORKSTATION_NAMES}
    theirs = {name: value for name, value in document.items() if name not in WORKSTATION_NAMES}
    for name, inner in _WITHIN.items():
        if isinstance(theirs.get(name, {}), dict):
            theirs[name] = {**theirs.get(name, {}), **{k: obj[name][k] for k in inner}}
    return parse({**theirs, **mine})


def changed_names(one: LabSettings, other: LabSettings) -> tuple[str, ...]:
    """Names of the laboratory's settings in which two differ."""
    a, b = lab_document(one), lab_document(other)
    return tuple(name for name in LABORATORY_NAMES if a[name] != b[name])


def is_newer(problems: Iterable[SettingProblem]) -> bool:
    """Whether a document has what this version does not know, and is sound but for that."""
    found = [p.reason.template for p in problems]
    return bool(found) and set(found) <= set(_NEWER)


def on_top(seen: LabSettings, wanted: LabSettings, newest: LabSettings) -> LabSettings:
    """The newest settings with what a person changed from `seen` to `wanted` on top."""
    mine = changed_names(seen, wanted)
    names = (*mine, *WORKSTATION_NAMES)
    merged = replace(newest, **{name: getattr(wanted, name) for name in names})
    return replace(merged, header=replace(merged.header, logo=wanted.header.logo))


def names_in_words(names: Iterable[str], lang: str = "en") -> str:
    """Settings by their names in words, in a row."""
    return ", ".join(tr(_SAID.get(name, name), lang) for name in names)
