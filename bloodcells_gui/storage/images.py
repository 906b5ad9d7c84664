"""Rows of a case file about its images: their names, and the facts found about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.storage import hash_chain, row_validation, serialization
from bloodcells_gui.storage.allowed_paths import block_network_path
from bloodcells_gui.storage.hash_chain import Kind

# The hash of a slide's blocks is kept behind that of its bytes, in the same column.
_SAMPLED = "/sampled:"


def image_ref(row: serialization.Row, moved_to: Path | None) -> ImageRef:
    """An image as the case knows it, below `moved_to` where its files were moved there.

    Its path leads nowhere when it is one of the network that no person asked for.
    """
    _, name, path, origin_x, origin_y, sha, width, height, mpp = row
    text = serialization.name_from_db(name)
    place = Path(serialization.name_from_db(path)) if moved_to is None else moved_to / text
    size = (0, 0) if width is None else (width, height)
    size = (
        row_validation.whole(size[0], 0, row_validation.LARGEST_PX),
        row_validation.whole(size[1], 0, row_validation.LARGEST_PX),
    )
    whole, _, sampled = (sha or "").partition(_SAMPLED)
    origin = row_validation.place(origin_x, origin_y)
    return ImageRef(text, block_network_path(place), whole, size, row_validation.mpp(mpp), origin, sampled)


def insert_images(connection: Any, pairs: list[tuple[int, ImageRef]], clock: Callable[[], str]) -> None:
    """New images, and new facts of old ones, each sealed; `pairs` ascend by index."""
    known = connection.execute("SELECT coalesce(max(idx), -1) + 1 FROM images").fetchone()[0]
    new = [p for p in pairs if p[0] >= known]
    if [p[0] for p in new] != list(range(known, known + len(new))):
        raise ValueError("image indices leave a gap")
    table: list[serialization.Row] = [
        (
            i,
            serialization.name_to_db(r.name),
            serialization.name_to_db(r.path),
            float(r.origin_px[0]),
            float(r.origin_px[1]),
        )
        for i, r in new
    ]
    if table:
        connection.executemany("INSERT INTO images VALUES (?, ?, ?, ?, ?)", table)
        hash_chain.seal(connection, clock(), Kind.IMAGES, known, table)
    facts = [(i, r) for i, r in pairs if r.sha256 or r.sampled or r.size_px != (0, 0) or r.mpp is not None]
    if facts:
        first = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM image_facts").fetchone()[0]
        table = [
            (
                first + n,
                i,
                f"{r.sha256}{_SAMPLED}{r.sampled}" if r.sampled else r.sha256,
                int(r.size_px[0]),
                int(r.size_px[1]),
                None if r.mpp is None else serialization.number(r.mpp),
            )
            for n, (i, r) in enumerate(facts)
        ]
        connection.executemany("INSERT INTO image_facts VALUES (?, ?, ?, ?, ?, ?)", table)
        hash_chain.seal(connection, clock(), Kind.FACTS, first, table)
