"""Make the synthetic specimen: for a first look, and as ground truth for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bloodcells_gui import synthetic
from bloodcells_gui.app.export import prepare_folder
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.progress import RateMeter
from bloodcells_gui.domain.specimen import SpecimenKind

DEFAULT_SEED = 1


def make_demo(
    kind: str,
    out: Path,
    *,
    size_px: tuple[int, int] | None = None,
    seed: int = DEFAULT_SEED,
    cells: int | None = None,
    every_red_cell: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Path:
    """Write a synthetic specimen with `truth.json` into `out`; returns what to open.

    With `every_red_cell` fields show red cells of every shape class.

    Raises
    ------
    UserError
        Where there is no such specimen.
    OutputNotWritable
    """
    prepare_folder(out)
    meter = RateMeter()

    def tell(done: int, total: int) -> None:
        if progress is not None:
            rate = meter.update(done)
            progress(Progress(done, total, "images", done, rate, meter.eta_s(done, total, rate)))

    synthetic.generate(
        SpecimenKind(kind), out, size_px=size_px, seed=seed, cells=cells, progress=tell,
        every_red_cell=every_red_cell,
    )  # fmt: skip
    slides = sorted(out.glob("*.tif*"))
    return slides[0] if kind == SpecimenKind.SLIDE and slides else out
