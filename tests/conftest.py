"""What every test gets: no display, no network, a home folder of its own, the same random numbers."""

from __future__ import annotations

import os
import socket
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# As the program itself does (bloodcells_gui/__main__.py).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Times are shown in the computer's zone; tests that are about it name one.
os.environ["TZ"] = "UTC"
if hasattr(time, "tzset"):
    time.tzset()

import pytest
from hypothesis import settings as hypothesis_settings

from bloodcells_gui.domain import clock

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("BLOODCELLS_DATA", ROOT.parent / "shared" / "data"))

hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis_settings.register_profile("thorough", deadline=None, print_blob=True)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on real images skip, and say so, where the images are not."""
    if (DATA / "manifest.csv").is_file():
        return
    skip = pytest.mark.skip(reason="no folder of real images beside the checkout (../shared/data)")
    for item in items:
        if "realdata" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real images (read only); tests that use it carry ``@pytest.mark.realdata``."""
    return DATA


@pytest.fixture(autouse=True, scope="session")
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Settings, cases and caches of the tests never touch the person's own."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("BLOODCELLS_HOME", str(home / "bloodcells"))
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(home / name.lower()))
        yield


@pytest.fixture(autouse=True)
def _any_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases of the tests have fixed dates: the day of a test run must not raise a doubt of the clock."""
    monkeypatch.setattr(clock, "AHEAD", timedelta(days=36_500))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The program is for machines without a network: a test that opens a connection fails.

    Where parts of the program are several processes of one computer, the test has the mark `loopback`.
    """
    loopback = request.node.get_closest_marker("loopback") is not None

    def refuse(self: socket.socket, address: Any, *_: Any) -> None:
        if self.family == getattr(socket, "AF_UNIX", None) or (loopback and address[0] == "127.0.0.1"):
            return real(self, address)
        raise AssertionError(f"a test tried to reach {address!r}")

    real = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", refuse)
