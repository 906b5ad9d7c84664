"""Dask workers with the plain networks of the doubles: their start takes no models to load."""

from __future__ import annotations

from typing import Any

from distributed import WorkerPlugin

from bloodcells_gui.app import cluster_task
from tests.support.doubles import plain_engine


class PlainModels(WorkerPlugin):
    """Every worker process, also one that replaces a dead one, gets the plain networks."""

    name = "plain-models"

    def setup(self, worker: Any) -> None:
        cluster_task.engine_of = lambda _: plain_engine
