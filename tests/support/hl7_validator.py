"""HL7 messages before a validator that others wrote, where it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def validated(data: bytes, tmp_path: Path) -> list[str]:
    """Complaints of hl7apy about a message, which it parses strictly."""
    hl7apy = pytest.importorskip("hl7apy", reason="hl7apy is not installed: no validator of another's")
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.parser import parse_message as parse

    assert hl7apy
    report = tmp_path / "complaints.txt"
    message: Any = parse(data.decode(), validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)
    assert message.validate(report_file=str(report))
    # UCUM and the tables of specimens are no names of its list of coding systems.
    return [line for line in report.read_text().splitlines() if "not in table HL70396" not in line]
