"""A real Dask scheduler with two workers, as a department would have them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from bloodcells_gui.app.cluster import LOCAL_OPTIONS


@contextlib.contextmanager
def department() -> Iterator[Any]:
    """Workers with the plain networks; one that dies is started anew."""
    dask = pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    from tests.support.plain_workers import PlainModels

    with (
        dask.config.set(LOCAL_OPTIONS),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
    ):
        with distributed.Client(cluster) as client:
            client.register_plugin(PlainModels())
        yield cluster
