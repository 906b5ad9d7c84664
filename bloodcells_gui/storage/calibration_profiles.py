"""A laboratory's calibration profiles: named, versioned, revertible, each bound to one model bundle.

``profiles/<name>/<version>.json`` holds one fit; nothing is ever overwritten. ``profiles/active.json`` says
which profile new analyses use with which bundle. Removing moves a profile aside, so that a report which names
it can still be explained.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.storage.atomic_io import free_path, make_folder, not_writable, write_whole

_NAME = re.compile(r"[^\W_][\w .()-]{0,59}")
_VERSION = re.compile(r"[0-9]{4,}\.json")
#: Of one version of a profile.
MOST_BYTES = 16 * 1024**2
_REMOVED = ".removed"
_ACTIVE = "active.json"


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """One profile as it stands in the folder; `data` is its newest version."""

    name: str
    version: int
    bundle_sha256: str
    data: Mapping[str, Any]


def unknown_profile(name: str) -> UserError:
    """The refusal of a name that there is not."""
    return UserError(
        "There is no profile called {name}.",
        "It was never made on this workstation, or it was removed.",
        "`bloodcells calibrate list` names those there are.",
        name=name,
    )


def damaged_profile(name: str) -> UserError:
    """What is said of a profile that cannot be read."""
    return UserError(
        "The profile {name} cannot be read.",
        "Its file is damaged.",
        "Calibrate again, or remove the profile.",
        name=name,
    )


def no_earlier_version(name: str) -> UserError:
    """The refusal to go back where there is nothing to go back to."""
    return UserError(
        "There is no earlier version of the profile {name}.",
        "It was calibrated once.",
        "Use the model's own head, or calibrate again.",
        name=name,
    )


def check_name(name: str) -> None:
    """UserError where `name` cannot be the name of a profile."""
    if not _NAME.fullmatch(name) or name.endswith((" ", ".")):
        raise UserError(
            "{name} cannot be the name of a profile.",
            "A name has up to 60 letters, digits, spaces, points, brackets and hyphens.",
            "Choose another name.",
            name=name,
        )


class ProfileStore(Protocol):
    """Named, versioned profiles: of one workstation's folder, or of a laboratory's database."""

    def save(self, data: Mapping[str, Any]) -> int:
        """Keep a further version under ``data["name"]``; returns its number."""

    def load(self, name: str, version: int | None = None) -> StoredProfile:
        """A profile's newest version, or the one asked for; UserError when there is none or it is damaged."""

    def all(self) -> list[StoredProfile]:
        """Newest versions by name; those of :meth:`damaged` are left out."""

    def damaged(self) -> list[str]:
        """Names of profiles whose newest version cannot be read."""

    def versions(self, name: str) -> list[int]:
        """Versions of a profile, oldest first."""

    def remove(self, name: str) -> None:
        """Put a profile aside and stop using it."""

    def revert(self, name: str, version: int | None = None) -> int:
        """Go back to an earlier version by keeping it again as the newest; returns its number."""

    def use(self, name: str) -> StoredProfile:
        """Use the profile from now on with its bundle."""

    def use_none(self, bundle_sha256: str) -> None:
        """Use the bundle's own head again."""

    def active(self, bundle_sha256: str) -> str:
        """Name of the profile in use with a bundle, "" for none; UserError where it cannot be read."""


class CalibrationProfileStore:
    """The profiles in one folder (made when first written to)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, data: Mapping[str, Any]) -> int:
        """Keep a further version under ``data["name"]``; returns its number.

        Raises
        ------
        UserError
            When the name cannot be a name; OutputNotWritable when the folder cannot be written.
        """
        name = str(data["name"])
        folder = self._folder_of(name)
        version = max(self._versions(folder), default=0) + 1
        make_folder(folder)
        write_whole(folder / f"{version:04d}.json", json.dumps(data, ensure_ascii=False).encode())
        return version

    def load(self, name: str, version: int | None = None) -> StoredProfile:
        """A profile's newest version, or the one asked for; UserError when there is none or it is damaged."""
        folder = self._folder_of(name)
        number = version if version is not None else max(self._versions(folder), default=0)
        path = folder / f"{number:04d}.json"
        try:
            data = _json(path)
            bundle = data["bundle_sha256"]
            if not isinstance(bundle, str):
                raise ValueError("no hash")
        except FileNotFoundError as error:
            raise unknown_profile(name) from error
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise damaged_profile(name) from error
        return StoredProfile(name, number, bundle, data)

    def all(self) -> list[StoredProfile]:
        """Newest versions by name; those of :meth:`damaged` are left out."""
        return [found for _, found in self._readable() if found is not None]

    def damaged(self) -> list[str]:
        """Names of profiles whose newest version cannot be read."""
        return [name for name, found in self._readable() if found is None]

    def _readable(self) -> list[tuple[str, StoredProfile | None]]:
        found: list[tuple[str, StoredProfile | None]] = []
        for folder in sorted(p for p in self._listed() if self._versions(p)):
            try:
                found.append((folder.name, self.load(folder.name)))
            except UserError:
                found.append((folder.name, None))
        return found

    def versions(self, name: str) -> list[int]:
        """Versions of a profile, oldest first."""
        return sorted(self._versions(self._folder_of(name)))

    def remove(self, name: str) -> None:
        """Move a profile aside and stop using it."""
        folder = self._folder_of(name)
        if not self._versions(folder):
            raise unknown_profile(name)
        aside = self._folder / _REMOVED
        make_folder(aside)
        target = free_path(aside, name)
        self._write_active({b: n for b, n in self._active().items() if n != name})
        try:
            folder.rename(target)
        except OSError as error:
            raise not_writable(folder, error) from error

    def revert(self, name: str, version: int | None = None) -> int:
        """Go back to an earlier version (the last but one when None), by keeping it again as the newest.

        Returns
        -------
        int
            The new version's number: what came between stays, and reports that name it can be explained.
        """
        there = self.versions(name)
        wanted = version if version is not None else (there[-2] if len(there) > 1 else 0)
        if wanted not in there:
            raise no_earlier_version(name)
        return self.save(self.load(name, wanted).data)

    def use(self, name: str) -> StoredProfile:
        """Use the profile from now on with its bundle."""
        profile = self.load(name)
        self._write_active({**self._active(), profile.bundle_sha256: name})
        return profile

    def use_none(self, bundle_sha256: str) -> None:
        """Use the bundle's own head again."""
        self._write_active({b: n for b, n in self._active().items() if b != bundle_sha256})

    def active(self, bundle_sha256: str) -> str:
        """Name of the profile in use with a bundle, "" for none.

        Raises
        ------
        UserError
            When the choice cannot be read: another head would answer without anyone knowing.
        """
        try:
            return self._read_active().get(bundle_sha256, "")
        except FileNotFoundError:
            return ""
        except (OSError, ValueError, RecursionError) as error:
            raise UserError(
                "It cannot be read which calibration profile is in use.",
                "The file {path} is damaged.",
                "Choose the profile, or the model as it is, once more.",
                path=self._folder / _ACTIVE,
            ) from error

    def put(self, profile: StoredProfile) -> None:
        """Keep a copy of a profile of the laboratory under its own version."""
        folder = self._folder_of(profile.name)
        make_folder(folder)
        data = json.dumps(dict(profile.data), ensure_ascii=False).encode()
        write_whole(folder / f"{profile.version:04d}.json", data)

    @property
    def has_choice(self) -> bool:
        """Whether a choice was ever written down, be it for none."""
        return (self._folder / _ACTIVE).is_file()

    def choose(self, active: Mapping[str, str]) -> None:
        """Write down the laboratory's choices: bundle -> name."""
        self._write_active(active)

    def _folder_of(self, name: str) -> Path:
        check_name(name)
        return self._folder / name

    def _listed(self) -> list[Path]:
        return [p for p in self._folder.iterdir() if _NAME.fullmatch(p.name)] if self._folder.is_dir() else []

    @staticmethod
    def _versions(folder: Path) -> list[int]:
        if not folder.is_dir():
            return []
        return [int(p.stem) for p in folder.iterdir() if _VERSION.fullmatch(p.name)]

    def _active(self) -> dict[str, str]:
        """The choices so far; none where they cannot be read, for a new choice replaces them."""
        try:
            return self._read_active()
        except (OSError, ValueError, RecursionError):
            return {}

    def _read_active(self) -> dict[str, str]:
        found = _json(self._folder / _ACTIVE)
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise ValueError("no table of names")
        return found

    def _write_active(self, active: Mapping[str, str]) -> None:
        make_folder(self._folder)
        write_whole(self._folder / _ACTIVE, json.dumps(active, ensure_ascii=False).encode())


def _json(path: Path) -> Any:
    """Content of a file; OSError where it is no regular one, ValueError where it is too large or no JSON."""
    data = read_bytes(path, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError("too large")
    return json.loads(data.decode("utf-8"))
