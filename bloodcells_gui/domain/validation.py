"""Validation of settings: each one is declared once, with its check beside its default.

The check is a parser in the ``metadata`` of a dataclass field. :func:`parse_record` parses field by field,
puts the default in place of each invalid value, and adds every replacement to a list of problems.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloodcells_gui.domain.errors import InvalidValue, reason_of
from bloodcells_gui.domain.i18n import N_, Reason, tr
from bloodcells_gui.domain.setting_names import NAMES

PARSER_KEY = "check"
FieldParser = Callable[[Any, str, "list[SettingProblem]"], Any]
Metadata = Mapping[str, Any]
#: Key of the metadata that says whose a setting is, where it is not the laboratory's.
WHOSE_KEY = "whose"
WORKSTATION = "workstation"


DAMAGED_LIST = N_(
    "The list of recent cases cannot be read: {reason}. It begins anew; the cases are untouched."
)
ONE_VALUE = N_("Setting “{name}”: {reason}. The default is used.")
WHOLE_FILE = N_("The settings file {name} cannot be used: {reason}. Defaults are used.")


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """A setting, or a whole file, that was rejected, and why.

    `key` is the value's path in the settings file ("rules[blasts]"), or the file's name where `template` is
    :data:`WHOLE_FILE` or :data:`DAMAGED_LIST`.
    """

    key: str
    reason: Reason
    template: str = ONE_VALUE

    def text(self, lang: str = "en") -> str:
        """One or two sentences in `lang`."""
        return tr(self.template, lang, name=self._name(lang), reason=self.reason.text(lang))

    def _name(self, lang: str) -> str:
        first = next((i for i, c in enumerate(self.key) if c in ".["), len(self.key))
        label = NAMES.get(self.key[:first])
        return f"{tr(label, lang)} ({self.key})" if label else self.key


def _metadata(parse: FieldParser) -> Metadata:
    return {PARSER_KEY: parse}


def at_workstation(metadata: Metadata) -> Metadata:
    """A setting of this workstation alone; all others are the laboratory's (`domain/shared_settings.py`)."""
    return {**metadata, WHOSE_KEY: WORKSTATION}


def number(low: float, high: float, *, optional: bool = False, whole: bool = False) -> Metadata:
    """A finite number from `low` to `high`; None too when `optional`."""

    def parse(obj: Any, _path: str, _problems: list[SettingProblem]) -> Any:
        if obj is None and optional:
            return None
        # A comparison, because math.isfinite raises OverflowError for an int of 400 digits.
        if isinstance(obj, bool) or not isinstance(obj, int | float) or not abs(obj) < math.inf:
            raise InvalidValue("not a number")
        if not low <= obj <= high:
            raise InvalidValue("not between {low} and {high}", low=f"{low:g}", high=f"{high:g}")
        if whole and obj != int(obj):
            raise InvalidValue("not a whole number")
        return int(obj) if whole else float(obj)

    return _metadata(parse)


def choice(*options: str) -> Metadata:
    """One of `options`."""

    def parse(obj: Any, _path: str, _problems: list[SettingProblem]) -> Any:
        if obj not in options:
            raise InvalidValue("not one of {choices}", choices=", ".join(o or "–" for o in options))
        return obj

    return _metadata(parse)


def flag() -> Metadata:
    """True or false."""

    def parse(obj: Any, _path: str, _problems: list[SettingProblem]) -> Any:
        if not isinstance(obj, bool):
            raise InvalidValue("not true or false")
        return obj

    return _metadata(parse)


def text(max_length: int = 200, *, multiline: bool = False) -> Metadata:
    """Text of at most `max_length` characters, without control characters (line breaks where `multiline`)."""

    def parse(obj: Any, _path: str, _problems: list[SettingProblem]) -> Any:
        if not isinstance(obj, str):
            raise InvalidValue("not a text")
        if len(obj) > max_length:
            raise InvalidValue("longer than {most} characters", most=str(max_length))
        if any(ord(c) < 32 and not (multiline and c in "\n\t") for c in obj):
            raise InvalidValue("holds control characters")
        return obj

    return _metadata(parse)


def items(inner: Metadata, max_items: int = 500) -> Metadata:
    """A list whose entries pass `inner`; an invalid entry is left out and added to the problems."""

    def parse(obj: Any, path: str, problems: list[SettingProblem]) -> Any:
        if not isinstance(obj, list):
            raise InvalidValue("not a list")
        if len(obj) > max_items:
            raise InvalidValue("more than {most} entries", most=str(max_items))
        result = []
        for i, entry in enumerate(obj):
            try:
                result.append(inner[PARSER_KEY](entry, f"{path}[{i}]", problems))
            except ValueError as error:
                problems.append(SettingProblem(f"{path}[{i}]", reason_of(error)))
        return tuple(result)

    return _metadata(parse)


def group(cls: type[Any]) -> Metadata:
    """A nested record with defaults for everything."""

    def parse(obj: Any, path: str, problems: list[SettingProblem]) -> Any:
        return parse_record(cls, obj, path, problems)

    return _metadata(parse)


def records(cls: type[Any], defaults: Sequence[Any] = (), key: str = "", max_items: int = 500) -> Metadata:
    """A list of records; an invalid one is replaced by the default with the same `key`, or left out.

    Either way it is added to the problems. Defaults whose key is missing from the list are appended: an entry
    of the defaults can be switched off, not deleted.
    """
    by_key = {getattr(d, key): d for d in defaults} if key else {}

    def parse(obj: Any, path: str, problems: list[SettingProblem]) -> Any:
        if not isinstance(obj, list):
            raise InvalidValue("not a list")
        if len(obj) > max_items:
            raise InvalidValue("more than {most} entries", most=str(max_items))
        result: list[Any] = []
        for i, entry in enumerate(obj):
            name = entry.get(key, "") if key and isinstance(entry, dict) else ""
            where = f"{path}[{name if isinstance(name, str) and name else i}]"
            fallback = by_key.get(name) if isinstance(name, str) else None
            try:
                record = _parse_without_defaults(cls, entry, where)
                if key and any(getattr(r, key) == getattr(record, key) for r in result):
                    raise InvalidValue("is there twice")
                result.append(record)
            except ValueError as error:
                problems.append(SettingProblem(where, reason_of(error)))
                if fallback is not None and fallback not in result:
                    result.append(fallback)
        if key:
            seen = {getattr(r, key) for r in result}
            result += [d for name, d in by_key.items() if name not in seen]
        return tuple(result)

    return _metadata(parse)


def _parse_without_defaults(cls: type[Any], obj: Any, path: str) -> Any:
    """Parse one entry of a list; raise ValueError at the first invalid value.

    Nothing falls back to a field's default here: :func:`records` decides what replaces the whole entry.
    """
    if not isinstance(obj, dict):
        raise InvalidValue("not a record")
    values: dict[str, Any] = {}
    problems: list[SettingProblem] = []
    known = {f.name: f for f in dataclasses.fields(cls)}
    for name in obj:
        if name not in known:
            raise InvalidValue("unknown key {key}", key=str(name)[:60])
    for name, f in known.items():
        if name in obj:
            try:
                values[name] = f.metadata[PARSER_KEY](obj[name], f"{path}.{name}", problems)
            except ValueError as error:
                raise InvalidValue("{key}: {reason}", key=name, reason=reason_of(error)) from None
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise InvalidValue("{key} is missing", key=name)
    if problems:
        raise InvalidValue("{key}: {reason}", key=problems[0].key, reason=problems[0].reason)
    return cls(**values)


def parse_record(cls: type[Any], obj: Any, path: str, problems: list[SettingProblem]) -> Any:
    """Make a `cls` from a JSON object: an invalid value becomes its default, an unknown key goes.

    Parameters
    ----------
    path : str
        Where `obj` is in the settings file; "" for the file itself.
    problems : list of SettingProblem
        Every fall-back is appended. Where values are valid by themselves and contradict each other, all of
        `cls` falls back.

    Raises
    ------
    InvalidValue
        When `obj` is not a JSON object.
    """
    if not isinstance(obj, dict):
        raise InvalidValue("not a record")
    values: dict[str, Any] = {}
    known = {f.name: f for f in dataclasses.fields(cls)}
    prefix = f"{path}." if path else ""
    for name, value in obj.items():
        f = known.get(name) if isinstance(name, str) else None
        if f is None:
            problems.append(SettingProblem(f"{prefix}{str(name)[:60]}", Reason("unknown key")))
            continue
        try:
            values[f.name] = f.metadata[PARSER_KEY](value, f"{prefix}{name}", problems)
        except ValueError as error:
            problems.append(SettingProblem(f"{prefix}{name}", reason_of(error)))
    try:
        return cls(**values)
    except ValueError as error:
        problems.append(SettingProblem(path or "settings", reason_of(error)))
        return cls()


def dump(value: Any) -> Any:
    """A settings value as plain JSON types."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: dump(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [dump(v) for v in value]
    if isinstance(value, Mapping):
        return {k: dump(v) for k, v in value.items()}
    return value
