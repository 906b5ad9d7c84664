"""The expectations that come with the program: a file for each classifier that one was fitted for."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from bloodcells_gui.app.data_folders import resources_dir
from bloodcells_gui.domain.site_expectation import Expectation, expectation_from

_LARGEST = 100_000
_log = logging.getLogger(__name__)


def expectation_file(bundle_sha256: str) -> Path:
    """Where the expectation for a classifier stands, whether there is one or not."""
    return resources_dir() / "site_check" / f"{bundle_sha256[:16]}.json"


def expectation_for(bundle_sha256: str) -> Expectation | None:
    """The expectation fitted for a classifier; None where there is none, or none that can be read."""
    path = expectation_file(bundle_sha256)
    try:
        if not bundle_sha256.isalnum() or path.stat().st_size > _LARGEST:
            return None
        found = expectation_from(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        _log.exception("an expectation cannot be read")
        return None
    return found if found.bundle_sha256 == bundle_sha256 else None
