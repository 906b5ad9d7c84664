"""Validation of settings: each one is declared once, with its check beside its default.

A check is the ``metadata`` of a dataclass field; :func:`parse_record` walks the fields, takes what is sound,
falls back to the default for what is not, and lists every such fall-back.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloodcells_gui.domain.i18n import tr

CHECK = "check"
Parse = Callable[[Any, str, "list[SettingProblem]"], Any]
Metadata = Mapping[str, Parse]


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """A value that was not taken: where it stood, why, and that the default stands in."""

    key: str
    reason: str

    def text(self, lang: str = "en") -> str:
        """One sentence in `lang`."""
        template = "Setting “{key}”: {reason}. The default is used."
        return tr(template, lang, key=self.key, reason=tr(self.reason, lang))


def _check(parse: Parse) -> Metadata:
    return {CHECK: parse}


def number(low: float, high: float, *, optional: bool = False, whole: bool = False) -> Metadata:
    """A finite number from `low` to `high`; None too when `optional`."""

    def parse(obj: Any, _path: str, _problems: list[SettingProblem]) -> Any:
        if obj is None and optional:
            return None
        if isinstance(obj, bool) or not isinstance(obj, int | float) or not math.isfinite(obj):
            raise ValueError("not a number")
        if not low <= obj <= high:
            raise ValueError(f"not between {low:g} and {high:g}")
        if whole and obj != int(obj):
            raise ValueError("not a whole number")
        return int(obj) if whole else float(obj)

    return _check(parse)


def choice(*options: str) -> Metadata:
    """One of `options`."""

    def parse(obj: Any, _path: str, _problems: list[SettingProblem]) -> Any:
        if obj not in options:
            raise ValueError("not one of " + ", ".join(o or "(empty)" for o in options))
        return obj

    return _check(parse)


def flag() -> Metadata:
    """True or false."""

    def parse(obj: Any, _path: str, _problems: list[SettingProblem]) -> Any:
        if not isinstance(obj, bool):
            raise ValueError("not true or false")
        return obj

    return _check(parse)


def text(longest: int = 200, *, lines: bool = False) -> Metadata:
    """Text of at most `longest` characters, without control characters (line breaks where `lines`)."""

    def parse(obj: Any, _path: str, _problems: list[SettingProblem]) -> Any:
        if not isinstance(obj, str):
            raise ValueError("not a text")
        if len(obj) > longest:
            raise ValueError(f"longer than {longest} characters")
        if any(ord(c) < 32 and not (lines and c in "\n\t") for c in obj):
            raise ValueError("holds control characters")
        return obj

    return _check(parse)


def items(inner: Metadata, most: int = 500) -> Metadata:
    """A list whose every entry passes `inner`; a bad entry is left out and told."""

    def parse(obj: Any, path: str, problems: list[SettingProblem]) -> Any:
        if not isinstance(obj, list):
            raise ValueError("not a list")
        if len(obj) > most:
            raise ValueError(f"more than {most} entries")
        result = []
        for i, entry in enumerate(obj):
            try:
                result.append(inner[CHECK](entry, f"{path}[{i}]", problems))
            except ValueError as error:
                problems.append(SettingProblem(f"{path}[{i}]", str(error)))
        return tuple(result)

    return _check(parse)


def group(cls: type[Any]) -> Metadata:
    """A nested record with defaults for everything."""

    def parse(obj: Any, path: str, problems: list[SettingProblem]) -> Any:
        return parse_record(cls, obj, path, problems)

    return _check(parse)


def records(cls: type[Any], defaults: Sequence[Any] = (), key: str = "", most: int = 500) -> Metadata:
    """A list of records; a bad one becomes the default with the same `key`, else it is left out.

    Either is told. Defaults whose key is missing from the list are kept: a rule disappears only by being
    switched off.
    """
    by_key = {getattr(d, key): d for d in defaults} if key else {}

    def parse(obj: Any, path: str, problems: list[SettingProblem]) -> Any:
        if not isinstance(obj, list):
            raise ValueError("not a list")
        if len(obj) > most:
            raise ValueError(f"more than {most} entries")
        result: list[Any] = []
        for i, entry in enumerate(obj):
            name = entry.get(key, "") if key and isinstance(entry, dict) else ""
            where = f"{path}[{name if isinstance(name, str) and name else i}]"
            fallback = by_key.get(name) if isinstance(name, str) else None
            try:
                record = _strict_record(cls, entry, where)
                if key and any(getattr(r, key) == getattr(record, key) for r in result):
                    raise ValueError("stands twice")
                result.append(record)
            except ValueError as error:
                problems.append(SettingProblem(where, str(error)))
                if fallback is not None and fallback not in result:
                    result.append(fallback)
        if key:
            seen = {getattr(r, key) for r in result}
            result += [d for name, d in by_key.items() if name not in seen]
        return tuple(result)

    return _check(parse)


def _strict_record(cls: type[Any], obj: Any, path: str) -> Any:
    """One record, or ValueError: entries of a list have no default of their own."""
    if not isinstance(obj, dict):
        raise ValueError("not a record")
    values: dict[str, Any] = {}
    problems: list[SettingProblem] = []
    known = {f.name: f for f in dataclasses.fields(cls)}
    for name in obj:
        if name not in known:
            raise ValueError(f"unknown key {str(name)[:60]!r}")
    for name, f in known.items():
        if name in obj:
            try:
                values[name] = f.metadata[CHECK](obj[name], f"{path}.{name}", problems)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise ValueError(f"{name} is missing")
    if problems:
        raise ValueError(f"{problems[0].key}: {problems[0].reason}")
    return cls(**values)


def parse_record(cls: type[Any], obj: Any, path: str, problems: list[SettingProblem]) -> Any:
    """`cls` from a JSON object; what is unsound or unknown falls back to the default and is told."""
    if not isinstance(obj, dict):
        raise ValueError("not a record")
    values: dict[str, Any] = {}
    known = {f.name: f for f in dataclasses.fields(cls)}
    prefix = f"{path}." if path else ""
    for name, value in obj.items():
        f = known.get(name) if isinstance(name, str) else None
        if f is None:
            problems.append(SettingProblem(f"{prefix}{str(name)[:60]}", "unknown key"))
            continue
        try:
            values[f.name] = f.metadata[CHECK](value, f"{prefix}{name}", problems)
        except ValueError as error:
            problems.append(SettingProblem(f"{prefix}{name}", str(error)))
    try:
        return cls(**values)
    except ValueError as error:
        problems.append(SettingProblem(path or "settings", str(error)))
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
