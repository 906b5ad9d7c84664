"""What the program remembers of cases that are on a cluster: the next start goes on with what is missing."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

from bloodcells_gui.app.analysis import AnalysisOptions
from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.storage.atomic_io import write_whole

_log = logging.getLogger(__name__)
_NAME = "on the cluster.json"
_NAMES = "cases.json"
_MOST_BYTES = 8 * 1024**2
_MOST_CASES = 20_000
_MOST_UM = 1000.0  # a pixel


@dataclass(frozen=True, slots=True)
class CaseWork:
    """What the analysis of a case was asked for, and what its intake left out."""

    options: AnalysisOptions
    skipped: tuple[SkippedFile, ...] = ()


class HandedOver:
    """The cases that were handed over and have not ended, and those that were left out with their reason.

    Thread-safe. A file that is damaged, or that cannot be written, counts as empty: nothing but the offer to
    go on depends on it.
    """

    def __init__(self, home: Path) -> None:
        self._file = home / _NAME
        self._lock = threading.Lock()
        read = _read(self._file)
        self._open, self._left_out = _records(read.get("cases")), _records(read.get("left out"))

    def cases(self) -> list[Path]:
        """Cases that were on the cluster and have not ended; those that are gone are left out."""
        with self._lock:
            return [path for path in map(Path, self._open) if path.is_file()]

    def left_out(self) -> dict[Path, UserError]:
        """Why cases were left out."""
        with self._lock:
            told = {Path(path): _error(said) for path, said in self._left_out.items()}
        return {path: error for path, error in told.items() if error is not None}

    def work_of(self, path: Path) -> CaseWork | None:
        """What the analysis of a case was asked for when it was handed over."""
        with self._lock:
            said = self._open.get(str(path)) or self._left_out.get(str(path), {}).get("work")
        return _work(said) if isinstance(said, dict) else None

    def add(self, work: Mapping[Path, CaseWork]) -> None:
        """These are on the cluster now."""
        with self._lock:
            for path, wanted in work.items():
                self._open[str(path)] = _said(wanted)
                self._left_out.pop(str(path), None)
            self._write()

    def end(self, path: Path, error: UserError | None) -> None:
        """A case has come to its end, or cannot be analysed."""
        with self._lock:
            work = self._open.pop(str(path), {})
            if error is not None:
                params = {k: v if isinstance(v, int | float) else str(v) for k, v in error.params.items()}
                self._left_out[str(path)] = {
                    "what": error.what, "why": error.why, "to do": error.what_to_do, "params": params,
                    "work": work,
                }  # fmt: skip
            self._write()

    def drop(self, path: Path) -> None:
        """A case is not wanted from the cluster any more."""
        with self._lock:
            dropped = [d.pop(str(path), None) is not None for d in (self._open, self._left_out)]
            if any(dropped):
                self._write()

    def forget(self) -> None:
        """Nothing is to be gone on with."""
        with self._lock:
            self._open.clear()
            self._write()

    def forget_missing(self) -> None:
        """Drop the names of cases that are not there any more: names of files may be names of people."""
        with self._lock:
            there = [path for path in (*self._open, *self._left_out) if Path(path).is_file()]
            gone = [d.pop(p) for d in (self._open, self._left_out) for p in list(d) if p not in there]
            if gone:
                self._write()

    def _write(self) -> None:
        try:
            if self._open or self._left_out:
                _write(self._file, {"cases": self._open, "left out": self._left_out})
            else:
                self._file.unlink(missing_ok=True)
        except (OSError, UserError) as error:
            _log.warning("what is on the cluster cannot be written down", exc_info=error)


def write_names(folder: Path, cases: Mapping[int, Path]) -> None:
    """Note in a run's folder which case has which number."""
    _write(folder / _NAMES, {str(number): str(path) for number, path in cases.items()})


def names_in(folder: Path) -> dict[int, Path]:
    """Which case has which number in the folder of a run; empty where it does not say so."""
    read = _read(folder / _NAMES)
    return {int(n): Path(p) for n, p in read.items() if n.isdecimal() and isinstance(p, str)}


def _write(path: Path, content: Mapping[str, object]) -> None:
    write_whole(path, json.dumps(content, ensure_ascii=True).encode("ascii"))


def _read(path: Path) -> dict[str, object]:
    try:
        data = read_bytes(path, _MOST_BYTES + 1)
        found = json.loads(data) if len(data) <= _MOST_BYTES else None
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("what is on the cluster cannot be read", exc_info=error)
        return {}
    return found if isinstance(found, dict) else {}


def _records(found: object) -> dict[str, dict[str, Any]]:
    if not isinstance(found, dict):
        return {}
    return {p: said for p, said in list(found.items())[:_MOST_CASES] if isinstance(said, dict)}


def _said(work: CaseWork) -> dict[str, Any]:
    options = work.options
    return {
        "mpp": options.mpp, "target": options.target_cells, "profile": options.profile,
        "cut left top": options.count_cut_left_top, "skipped": [[s.path, s.reason] for s in work.skipped],
    }  # fmt: skip


def _work(said: Mapping[str, Any]) -> CaseWork | None:
    try:
        mpp, target = said["mpp"], said["target"]
        options = AnalysisOptions(
            None if mpp is None else float(mpp), None if target is None else int(target), 1,
            str(said["profile"])[:80], count_cut_left_top=bool(said["cut left top"]),
        )  # fmt: skip
        if mpp is not None and not 0 < float(mpp) < _MOST_UM:
            return None
        return CaseWork(options, tuple(SkippedFile(str(p), str(r)) for p, r in said["skipped"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _error(said: Mapping[str, object]) -> UserError | None:
    texts = [said.get(key) for key in ("what", "why", "to do")]
    params = said.get("params")
    if not all(isinstance(text, str) for text in texts) or not isinstance(params, dict):
        return None
    what, why, to_do = (str(text)[:1000] for text in texts)
    values: dict[str, Any] = {k: v for k, v in params.items() if isinstance(v, str | int | float)}
    values.pop("exit_code", None)
    try:
        names = [name for text in (what, why, to_do) for _, name, *_ in Formatter().parse(text) if name]
        error = UserError(what, why, to_do, **values)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        return None
    return error if all(name in values for name in names) else None
