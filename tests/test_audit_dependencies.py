"""packaging/audit.py: finds what is affected, and never calls unaudited packages clean."""

from __future__ import annotations

import json
import platform
import sqlite3
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.packaging_scripts import load

audit = load("audit")
PINS = {"pillow": "13.0.0", "numpy": "2.4.6", "opencv-python-headless": "5.0.0.93"}


def advisory(
    name: str, *events: dict[str, str], versions: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    package = {"ecosystem": "PyPI", "name": name}
    return {
        "id": "PYSEC-1", "modified": "2026-11-01T00:00:00Z", "summary": "bad",
        "affected": [{"package": package, "ranges": ranges, "versions": list(versions)}], **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "hit"),
    [
        (advisory("Pillow", {"introduced": "0"}, {"fixed": "13.0.1"}), True),
        (advisory("pillow", {"introduced": "0"}, {"fixed": "13.0.0"}), False),
        (advisory("pillow", {"introduced": "13.0"}), True),
        (advisory("pillow", {"introduced": "0"}, {"last_affected": "13.0.0"}), True),
        (advisory("pillow", {"introduced": "0"}, {"last_affected": "12.9"}), False),
        (advisory("pillow", {"fixed": "9"}, {"introduced": "0"}, {"introduced": "13"}), True),
        (advisory("opencv_python.headless", versions=("5.0.0.93",)), True),
        (advisory("numpy", versions=("2.4.5",)), False),
        (advisory("pillow", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z"), False),
        (advisory("requests", {"introduced": "0"}), False),
    ],
)
def test_ranges_and_versions(found: dict[str, Any], hit: bool) -> None:
    assert bool(audit.affected_by(found, PINS)) is hit


def test_a_local_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("PYSEC-1.json", json.dumps(advisory("pillow", {"introduced": "0"})))
    assert audit.offline(packed, PINS) == 1
    assert "AFFECTED: pillow 13.0.0: PYSEC-1" in capsys.readouterr().out
    assert audit.offline(packed, {"numpy": "2.4.6"}) == 0
    assert "1 packages held against 1 advisories, the newest of 2026-11-01; 0" in capsys.readouterr().out


def test_an_empty_or_missing_database_is_no_clean_bill(tmp_path: Path) -> None:
    assert audit.offline(tmp_path / "none.zip", PINS) == 3
    assert audit.offline(tmp_path, PINS) == 3


def test_packages_that_were_not_looked_up_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """pip-audit itself ends well and says "No known vulnerabilities found" when it could look up nothing."""
    skipped = [{"name": n, "skip_reason": "not found"} for n in PINS]
    assert audit.judge(skipped, PINS) == 3
    assert "NOT AUDITED: numpy, opencv-python-headless, pillow" in capsys.readouterr().out
    clean = [{"name": n, "version": v, "vulns": []} for n, v in PINS.items()]
    assert audit.judge(clean, PINS) == 0
    clean[0]["vulns"] = [{"id": "PYSEC-2"}]
    assert audit.judge(clean, PINS) == 1


def test_the_lock_is_read() -> None:
    assert audit.locked(audit.LOCK)["numpy"]
    assert len(audit.locked(audit.LOCK)) > 10


def test_interpreter_and_sqlite_are_named_since_no_lock_pins_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["audit.py", "--database", str(tmp_path / "none.zip")])
    assert audit.main() == 3
    said = capsys.readouterr().out
    assert f"SQLite {sqlite3.sqlite_version}" in said
    assert f"Python {platform.python_version()}" in said
