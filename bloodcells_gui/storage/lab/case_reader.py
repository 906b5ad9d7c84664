"""Read case files for the index that the stations of a laboratory share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab.case_rows import CaseLine, name_of, stamp_of
from bloodcells_gui.storage.last_seen import WENT_BACK, Seen, lacks
from bloodcells_gui.storage.worklist_files import index_key
from bloodcells_gui.storage.worklist_files import stamp_of as own_stamp_of
from bloodcells_gui.storage.worklist_rows import (
    STATE,
    CaseState,
    Flags,
    entry_of_row,
    is_running,
    line_of,
    refuse_folder,
    row_of_store,
)


@dataclass(slots=True)
class CasesRead:
    """What was read: lines, places that have none to share, and where chains end."""

    lines: list[CaseLine] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)


class CaseReader:
    """Makes lines of cases.

    Parameters
    ----------
    folder : Path
        The laboratory's folder.
    seen : callable
        How far the chain of a case, by its seed, had come when a station last looked; None for never.
    flags, id_fields
        As for `Worklist`.
    """

    def __init__(
        self,
        folder: Path,
        seen: Seen,
        *,
        flags: Flags | None,
        id_fields: Sequence[str],
    ) -> None:
        self._folder, self._seen = folder, seen
        self._flags, self._id_fields = flags, tuple(id_fields)

    def read(self, key: str, path: Path, stamp: str, into: CasesRead) -> serialization.Row | None:
        """Read a case; its row where it cannot be read, and so is for this station alone."""
        name = index_key(self._folder, path)
        about: list[object] = []

        def line() -> serialization.Row:
            refuse_folder(path)
            with CaseStore.open(path, read_only=True) as store:
                about[:] = [store.seed(), is_running(store)]
                row = row_of_store(
                    name, stamp, store, flags=self._flags, id_fields=self._id_fields,
                    first_flag=lambda open_one: self._went_back(open_one, into), held=False,
                )  # fmt: skip
            entry_of_row(self._folder, row)  # what the index cannot hold must cost this line alone
            return row

        row = line_of(name, stamp, path, line)
        if row[STATE] == CaseState.UNREADABLE:
            into.others.add(key)
            return row
        into.lines.append(CaseLine(key, stamp, str(about[0]), bool(about[1]), row[2:]))
        return None

    def _went_back(self, store: CaseStore, into: CasesRead) -> str:
        seed, end = store.seed(), store.chain_end()
        seen = self._seen(seed)
        if seen is not None and lacks(store, seen):
            return WENT_BACK
        into.ends[seed] = end
        return ""


def as_they_are(folder: Path, lines: Sequence[CaseLine]) -> list[serialization.Row]:
    """Rows of a station's own index, without seal, of those lines whose files are as they were read."""
    found = []
    for line in lines:
        path = folder / (name_of(line.key) or "")
        if stamp_of(path) == line.stamp:
            found.append((index_key(folder, path), own_stamp_of(path), *line.row))
    return found
