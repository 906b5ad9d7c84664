"""Case files, settings and model bundles for the fuzz campaign (scripts/tools/fuzz.py): good ones, mutated, read."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
Mutate = Callable[[bytes, list[bytes], np.random.Generator], bytes]
_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 2**63, "", "x" * 5000, "../../etc/passwd", "/dev/zero", "\0", "{0}", [], {}, [[]],
    "NaN", "\u202e", "=cmd()",
)  # fmt: skip


def seeds() -> dict[str, bytes]:
    """A case with a run, cells and a review; settings. Bundles are folders and are mutated by themselves."""
    from bloodcells_gui.domain.settings import LabSettings
    from bloodcells_gui.storage import settings

    out: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.bcs"
        _good_case(path)
        out["case.bcs"] = path.read_bytes()
        path = Path(folder) / "settings.json"
        settings.save(path, LabSettings())
        out["settings.json"] = path.read_bytes()
    return out


def _good_case(path: Path) -> None:
    from bloodcells_gui.domain.analysis import AnalysisRun
    from bloodcells_gui.domain.cell import Box, Cell, CellAssets
    from bloodcells_gui.domain.review import EventKind
    from bloodcells_gui.domain.review_state import ReviewState, make_event
    from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
    from bloodcells_gui.storage.case import CaseStore

    when, root = "2026-01-01T10:00:00Z", Path("/smears/1")
    images = tuple(ImageRef(f"{i}.jpg", root / f"{i}.jpg") for i in range(3))
    specimen = Specimen("S-1", SpecimenKind.CROPS, root, images)
    scale = ScaleEstimate(0.1, ScaleSource.RED_CELLS, 0.05, 40, "")
    run = AnalysisRun(
        0,
        when,
        "0.1",
        ("SNE", "LY"),
        ("cell_area_um2",),
        {"classify": "m ab"},
        "cpu",
        {"kind": "crops"},
        "",
        scale,
    )
    rng = np.random.default_rng(0)
    cells, assets = [], []
    for i in range(12):
        scores = rng.dirichlet(np.ones(2)).astype(np.float32)
        code = ("SNE", "LY")[int(scores.argmax())]
        measured = np.array([80.0], np.float32)
        cells.append(
            Cell(
                i,
                i % 3,
                Box(1, 2, 30, 31),
                0.1,
                code,
                float(scores.max()),
                i == 5,
                0.2,
                scores,
                measured,
                2.5,
                (),
                0,
            )
        )
        assets.append(
            CellAssets(rng.bytes(200), rng.bytes(60), (1.0, 2.0, 30.5), rng.normal(size=8).astype(np.float16))
        )
    with CaseStore.create(path, specimen, case_id="c-1", created=when, app_version="0.1") as store:
        store.start_run(run)
        store.add_cells(0, cells, assets)
        state = ReviewState(store.load_cells())
        store.append(make_event(state, EventKind.RELABEL, "A", (2,), new="LY"))


def mutated_settings(data: bytes, others: list[bytes], mutate: Mutate, rng: np.random.Generator) -> bytes:
    """Settings with wrong values in well-formed JSON (most often), or with changed bytes."""
    if rng.random() < 0.2:
        return mutate(data, others, rng)
    settings = json.loads(data)
    for _ in range(int(rng.integers(1, 4))):
        settings = _with_wrong_value(settings, rng)
    return json.dumps(settings).encode("utf-8")


def mutated_bundle(target: Path, others: list[bytes], mutate: Mutate, rng: np.random.Generator) -> None:
    """A copy of the smallest bundle with a changed card or a changed file, often with its hash put right.

    Unchanged files are hard links where the disk allows it.
    """
    bundles = [p.parent for p in sorted((ROOT / "models").glob("*/card.json"))]
    source = min(bundles, key=lambda b: sum(f.stat().st_size for f in b.iterdir()))
    target.mkdir()
    for file in source.iterdir():
        try:
            os.link(file, target / file.name)
        except OSError:
            shutil.copy(file, target / file.name)
    card = (source / "card.json").read_bytes()
    kind = int(rng.integers(4))
    if kind == 0:
        card = mutate(card, others, rng)
    elif kind == 1:
        card = json.dumps(_with_wrong_value(json.loads(card), rng)).encode("utf-8")
    else:
        files = sorted(f.name for f in source.iterdir() if f.suffix in (".npy", ".onnx"))
        name = files[int(rng.integers(len(files)))]
        changed = mutate((source / name).read_bytes(), others, rng)
        _replace(target / name, changed)
        if kind == 3:
            old = hashlib.sha256((source / name).read_bytes()).hexdigest().encode()
            card = card.replace(old, hashlib.sha256(changed).hexdigest().encode())
            card = card.replace(f"{(source / name).stat().st_size}".encode(), f"{len(changed)}".encode())
    _replace(target / "card.json", card)


def _replace(path: Path, data: bytes) -> None:
    path.unlink()  # The link, so that the original is not written through.
    path.write_bytes(data)


def _with_wrong_value(card: Any, rng: np.random.Generator) -> Any:
    node = card
    for _ in range(int(rng.integers(1, 5))):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            break
        key = keys[int(rng.integers(len(keys)))]
        child = node[key]
        if isinstance(child, dict | list) and child and rng.random() < 0.7:
            node = child
            continue
        if rng.random() < 0.2:
            del node[key]
        else:
            node[key] = _VALUES[int(rng.integers(len(_VALUES)))]
        break
    return card


def read(path: Path) -> None:
    """Use a file or bundle as the program would; UserError is the only exception that may come."""
    if path.is_dir():
        _read_bundle(path)
    elif path.suffix == ".json":
        from bloodcells_gui.storage import settings

        settings.load(path, missing_ok=False)
    else:
        _read_case(path)


def _read_bundle(path: Path) -> None:
    from bloodcells_gui.inference.bundle import load_bundle
    from bloodcells_gui.inference.red_cell_classifier import RedCellClassifier
    from bloodcells_gui.inference.segmenter import Segmenter

    bundle = load_bundle(path)
    if bundle.task == "segment":
        Segmenter(bundle, threads=1)
    elif bundle.task == "red_cells":
        RedCellClassifier(bundle, threads=1)


def _read_case(path: Path) -> None:
    from bloodcells_gui.domain.review_state import ReviewState
    from bloodcells_gui.storage.case import CaseStore

    for read_only in (True, False):
        with CaseStore.open(path, read_only=read_only) as store:
            cells = store.load_cells()
            state = ReviewState(cells)
            for event in store.events():
                state.apply(event)
            ids = [c.id for c in cells]
            for i in ids[:3]:
                store.assets(i)
            store.thumbnails(ids)
            store.masks(ids)
            store.embeddings()
            store.verify()
