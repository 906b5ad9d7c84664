"""Known vulnerabilities of the packages in ``packaging/requirements.lock``; says plainly what could not be looked up.

    python packaging/audit.py --database advisories.zip      offline, from a file (no other package is needed)
    python packaging/audit.py                                online, through pip-audit

The file is the list of PyPI advisories that OSV publishes (address in SECURITY.md), fetched on any connected machine; a
folder of the same JSON files does too. Exit code 0: every package was looked up and none is affected. 1: some are
affected. 3: not every package could be looked up, so nothing may be concluded (pip-audit by itself ends with 0 and
"No known vulnerabilities found" in that case).
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import ssl
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

LOCK = Path(__file__).resolve().parent / "requirements.lock"
OLD_DAYS = 30


def normal(name: str) -> str:
    """A package's name as indices spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: Path) -> dict[str, str]:
    """Name to version of every pinned package."""
    return {
        normal(n): v
        for n, v in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE)
    }


def advisories(database: Path) -> Iterator[dict[str, Any]]:
    """Every advisory of a zip file or folder of OSV JSON files."""
    if database.is_dir():
        for path in sorted(database.rglob("*.json")):
            yield json.loads(path.read_text("utf-8"))
        return
    with zipfile.ZipFile(database) as packed:
        for name in sorted(packed.namelist()):
            if name.endswith(".json"):
                yield json.loads(packed.read(name))


def in_ranges(version: Version, ranges: list[dict[str, Any]]) -> bool:
    """Whether a version lies in a range of the kind ECOSYSTEM (OSV schema, "evaluation algorithm")."""
    for found in ranges:
        if found.get("type") != "ECOSYSTEM":
            continue
        inside = False
        events = [(kind, text) for event in found.get("events", []) for kind, text in event.items()]
        for kind, text in sorted(events, key=lambda e: (as_version(e[1]), e[0] != "introduced")):
            at = as_version(text)
            if kind == "introduced" and version >= at:
                inside = True
            elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
                inside = False
        if inside:
            return True
    return False


def as_version(text: str) -> Version:
    """A version; what is none sorts first, so that it rather reports too much than too little."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def affected_by(advisory: dict[str, Any], pins: dict[str, str]) -> list[str]:
    """ "name version" of the pinned packages that an advisory names."""
    if advisory.get("withdrawn"):
        return []
    hits = []
    for part in advisory.get("affected", []):
        package = part.get("package", {})
        name = normal(str(package.get("name", "")))
        if package.get("ecosystem") != "PyPI" or name not in pins:
            continue
        if pins[name] in part.get("versions", []) or in_ranges(Version(pins[name]), part.get("ranges", [])):
            hits.append(f"{name} {pins[name]}")
    return hits


def offline(database: Path, pins: dict[str, str]) -> int:
    """Look every pin up in a local database."""
    if not database.exists():
        print(f"NOT AUDITED: there is no {database}.")
        return 3
    seen, hits, newest = 0, [], ""
    for advisory in advisories(database):
        seen += 1
        newest = max(newest, str(advisory.get("modified", "")))
        hits += [
            f"{who}: {advisory.get('id')} {advisory.get('summary', '')}"
            for who in affected_by(advisory, pins)
        ]
    if seen == 0:
        print(f"NOT AUDITED: {database} holds no advisory.")
        return 3
    for hit in sorted(set(hits)):
        print(f"AFFECTED: {hit}")
    print(
        f"{len(pins)} packages held against {seen} advisories, the newest of {newest[:10]}; {len(set(hits))} found."
    )
    try:
        age = (time.time() - time.mktime(time.strptime(newest[:10], "%Y-%m-%d"))) / 86_400
    except ValueError:
        age = float("inf")
    if age > OLD_DAYS:
        print(f"The database is older than {OLD_DAYS} days: what became known since then is not in it.")
    return 1 if hits else 0


def online(lock: Path, pins: dict[str, str]) -> int:
    """Ask pip-audit, and count what it did not look up."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(lock), "--disable-pip", "--require-hashes", "-f", "json",
               "--progress-spinner", "off"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        words = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"NOT AUDITED: pip-audit could not be asked ({words[:200]}).")
        return 3
    return judge(found, pins)


def judge(found: list[dict[str, Any]], pins: dict[str, str]) -> int:
    """Exit code for what pip-audit answered, package by package."""
    looked_up = {normal(d["name"]) for d in found if "vulns" in d}
    missing = sorted(set(pins) - looked_up)
    hits = [(d["name"], d["version"], v["id"]) for d in found for v in d.get("vulns", [])]
    for name, version, advisory in hits:
        print(f"AFFECTED: {name} {version}: {advisory}")
    print(
        f"{len(looked_up & set(pins))} of {len(pins)} packages were looked up; {len(hits)} advisories apply."
    )
    if missing:
        print(f"NOT AUDITED: {', '.join(missing)}")
    return 1 if hits else 3 if missing else 0


def beside_the_lock() -> list[str]:
    """Versions of what no lock pins but every installation runs on: the interpreter and its SQLite and OpenSSL.

    PyPI's advisories do not cover them.
    """
    python = ".".join(map(str, sys.version_info[:3]))
    return [
        f"not on PyPI, look up by hand: Python {python} (python.org), SQLite {sqlite3.sqlite_version} (sqlite.org), "
        f"{ssl.OPENSSL_VERSION}"
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", type=Path, help="zip file or folder of OSV advisories")
    parser.add_argument("--lock", type=Path, default=LOCK)
    args = parser.parse_args()
    pins = locked(args.lock)
    print("\n".join(beside_the_lock()))
    return offline(args.database, pins) if args.database else online(args.lock, pins)


if __name__ == "__main__":
    raise SystemExit(main())
