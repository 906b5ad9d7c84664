"""The laboratory's calibration profiles in its database, with the interface of a workstation's folder.

What is read is kept in a folder, too: while the database does not answer, profiles are used from there and
none is changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.storage.calibration_profiles import (
    MOST_BYTES,
    CalibrationProfileStore,
    StoredProfile,
    check_name,
    damaged_profile,
    no_earlier_version,
    unknown_profile,
)
from bloodcells_gui.storage.lab.database import LabDatabase, LabUnreachable, Row

_LOCK = 0x70726F66
_COLUMNS = (
    "name, version, bundle_sha256, sha256, length(document),"
    " CASE WHEN length(document) <= ? THEN document ELSE '' END FROM bloodcells_profiles p"
)
_NEWEST = (
    "p.aside = 0 AND p.version = (SELECT max(q.version) FROM bloodcells_profiles q"
    " WHERE q.name = p.name AND q.aside = 0)"
)


class LabProfiles:
    """The profiles of a laboratory; :class:`CalibrationProfileStore` says what each method does.

    Parameters
    ----------
    connect : callable
        Gives a connection for the length of a `with`.
    copies : CalibrationProfileStore
        Folder of what was read last.
    may_change : callable
        UserError where the person may not change what all stations share.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[LabDatabase]],
        copies: CalibrationProfileStore,
        *,
        station: str,
        may_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._connect = connect
        self._copies = copies
        self._station = station
        self._may_change = may_change

    @contextmanager
    def _changing(self) -> Iterator[LabDatabase]:
        self._may_change()
        try:
            with self._connect() as database, database.transaction():
                database.alone(_LOCK)
                yield database
        except LabUnreachable as error:
            raise UserError(
                N_("The laboratory's calibration profiles cannot be changed now."),
                N_("Its database does not answer ({reason})."),
                N_("What is in force stays so. Try again when the database is back."),
                reason=str(error.params.get("reason", "")),
            ) from error

    # -- changing --------------------------------------------------------------------------------------

    def save(self, data: Mapping[str, Any]) -> int:
        name = str(data["name"])
        check_name(name)
        with self._changing() as database:
            return self._add(database, name, data)

    def _add(self, database: LabDatabase, name: str, data: Mapping[str, Any]) -> int:
        text = json.dumps(data, ensure_ascii=True)
        if len(text) > MOST_BYTES:
            raise damaged_profile(name)
        number = int(
            database.query(
                "SELECT coalesce(max(version), 0) + 1 FROM bloodcells_profiles WHERE name = ? AND aside = 0",
                name,
            )[0][0]
        )
        database.query(
            "INSERT INTO bloodcells_profiles VALUES (?, 0, ?, $now, ?, ?, ?, ?)",
            name, number, self._station, str(data["bundle_sha256"]), _sha256(text), text,
        )  # fmt: skip
        return number

    def revert(self, name: str, version: int | None = None) -> int:
        check_name(name)
        with self._changing() as database:
            there = _versions(database, name)
            wanted = version if version is not None else (there[-2] if len(there) > 1 else 0)
            if wanted not in there:
                raise no_earlier_version(name)
            return self._add(database, name, _load(database, name, wanted).data)

    def remove(self, name: str) -> None:
        check_name(name)
        with self._changing() as database:
            if not _versions(database, name):
                raise unknown_profile(name)
            database.query(
                "UPDATE bloodcells_profiles SET aside = (SELECT max(aside) + 1 FROM bloodcells_profiles"
                " WHERE name = ?) WHERE name = ? AND aside = 0",
                name,
                name,
            )
            database.query("DELETE FROM bloodcells_profile_choices WHERE name = ?", name)

    def use(self, name: str) -> StoredProfile:
        check_name(name)
        with self._changing() as database:
            profile = _load(database, name)
            database.query(
                "INSERT INTO bloodcells_profile_choices VALUES (?, ?)"
                " ON CONFLICT (bundle_sha256) DO UPDATE SET name = excluded.name",
                profile.bundle_sha256,
                name,
            )
        self._copies.put(profile)
        return profile

    def use_none(self, bundle_sha256: str) -> None:
        with self._changing() as database:
            database.query("DELETE FROM bloodcells_profile_choices WHERE bundle_sha256 = ?", bundle_sha256)

    # -- reading ---------------------------------------------------------------------------------------

    def load(self, name: str, version: int | None = None) -> StoredProfile:
        check_name(name)
        try:
            with self._connect() as database:
                profile = _load(database, name, version)
        except LabUnreachable as error:
            if not self._copies.versions(name):
                raise _away(error) from error
            return self._copies.load(name, version)
        self._copies.put(profile)
        return profile

    def all(self) -> list[StoredProfile]:
        return [profile for _, profile in self._newest() if profile is not None]

    def damaged(self) -> list[str]:
        return [name for name, profile in self._newest() if profile is None]

    def _newest(self) -> list[tuple[str, StoredProfile | None]]:
        try:
            with self._connect() as database:
                rows = database.query(f"SELECT {_COLUMNS} WHERE {_NEWEST}", MOST_BYTES)
        except LabUnreachable:
            copies = [(p.name, p) for p in self._copies.all()]
            return sorted([*copies, *((name, None) for name in self._copies.damaged())], key=lambda x: x[0])
        found: list[tuple[str, StoredProfile | None]] = []
        for row in sorted(rows, key=lambda r: str(r[0])):
            try:
                found.append((str(row[0]), _profile(row)))
            except UserError:
                found.append((str(row[0]), None))
        return found

    def versions(self, name: str) -> list[int]:
        check_name(name)
        try:
            with self._connect() as database:
                return _versions(database, name)
        except LabUnreachable:
            return self._copies.versions(name)

    def active(self, bundle_sha256: str) -> str:
        try:
            with self._connect() as database:
                rows = database.query("SELECT bundle_sha256, name FROM bloodcells_profile_choices")
        except LabUnreachable as error:
            if not self._copies.has_choice:
                raise _away(error) from error
            return self._copies.active(bundle_sha256)
        chosen = {str(bundle): str(name) for bundle, name in rows}
        self._copies.choose(chosen)
        return chosen.get(bundle_sha256, "")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _versions(database: LabDatabase, name: str) -> list[int]:
    rows = database.query(
        "SELECT version FROM bloodcells_profiles WHERE name = ? AND aside = 0 ORDER BY version", name
    )
    return [int(row[0]) for row in rows]


def _load(database: LabDatabase, name: str, version: int | None = None) -> StoredProfile:
    if version is None:
        rows = database.query(f"SELECT {_COLUMNS} WHERE {_NEWEST} AND p.name = ?", MOST_BYTES, name)
    else:
        rows = database.query(
            f"SELECT {_COLUMNS} WHERE p.aside = 0 AND p.name = ? AND p.version = ?",
            MOST_BYTES,
            name,
            version,
        )
    if not rows:
        raise unknown_profile(name)
    return _profile(rows[0])


def _profile(row: Row) -> StoredProfile:
    name, version, bundle, sha256, length, text = row
    try:
        if int(length) > MOST_BYTES or _sha256(str(text)) != sha256:
            raise ValueError
        data = json.loads(str(text))
        if not isinstance(data, dict) or data["bundle_sha256"] != bundle:
            raise ValueError
    except (ValueError, KeyError, RecursionError) as error:
        raise damaged_profile(str(name)) from error
    return StoredProfile(str(name), int(version), str(bundle), data)


def _away(error: LabUnreachable) -> UserError:
    return UserError(
        N_("It cannot be read which calibration profile the laboratory uses."),
        N_("Its database does not answer ({reason})."),
        N_("Check the network, or use the model as it is (--profile none)."),
        reason=str(error.params.get("reason", "")),
    ).about(error.state)
