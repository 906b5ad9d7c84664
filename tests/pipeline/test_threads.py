"""Workers give way to the window."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from bloodcells_gui.pipeline.threads import worker_pool


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads have no priority of their own here")
def test_workers_step_back_and_the_caller_does_not() -> None:
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    with worker_pool(1, "test") as pool:
        worker = pool.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).result()
    assert worker == min(before + 4, 19)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
