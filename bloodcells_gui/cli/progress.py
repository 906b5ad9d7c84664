"""Show progress of long work on a terminal, or as one JSON object a line on stderr."""

from __future__ import annotations

import json
import sys
from typing import Self, TextIO

from bloodcells_gui.cli.terminal import CleanStream
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.i18n import N_, tr

_BAR = 28


def clock(seconds: float | None) -> str:
    """Seconds as m:ss, or a dash while unknown."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


class ProgressPrinter:
    """Writes progress in the way the person asked for; used in `with`, its line ends however the work does.

    Parameters
    ----------
    mode : str
        "bar" (a terminal), "json" (one object a line: done, total, unit, cells, rate, eta_s) or "quiet".
    """

    def __init__(self, mode: str, lang: str = "en", stream: TextIO | None = None) -> None:
        self._mode = mode
        self._lang = lang
        self._stream = stream or sys.stderr
        self._width = 0

    @classmethod
    def chosen(cls, *, json_progress: bool, quiet: bool, lang: str) -> ProgressPrinter:
        """JSON when asked for; a bar on a terminal; nothing otherwise."""
        if json_progress:
            return cls("json", lang)
        return cls("bar" if sys.stderr.isatty() and not quiet else "quiet", lang)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def show(self, p: Progress) -> None:
        """One more state of the work."""
        if self._mode == "json":
            eta = None if p.eta_s is None else round(p.eta_s, 1)
            line = {"done": p.done, "total": p.total, "unit": p.unit, "cells": p.cells,
                    "rate": round(p.rate, 2), "eta_s": eta}  # fmt: skip
            print(json.dumps(line), file=self._stream, flush=True)
        elif self._mode == "bar":
            self._draw(p)

    def _draw(self, p: Progress) -> None:
        share = p.done / p.total if p.total else 0.0
        bar = ("█" * round(share * _BAR)).ljust(_BAR, "░")
        template = N_("{bar} {done}/{total} {unit} · {cells} cells · {rate}/s · {left} left")
        if p.unit == "MB":
            template = N_("{bar} {done}/{total} {unit} · {rate}/s · {left} left")
        text = tr(
            template,
            self._lang,
            bar=bar, done=p.done, total=p.total, unit=tr(p.unit, self._lang), cells=p.cells,
            rate=f"{p.rate:.0f}", left=clock(p.eta_s),
        )  # fmt: skip
        text = text.ljust(self._width)
        if isinstance(self._stream, CleanStream):
            self._stream.rewrite_line(text)
        else:
            self._stream.write("\r" + text)
        self._stream.flush()
        self._width = max(self._width, len(text))

    def end(self) -> None:
        """Leave the terminal's cursor on a fresh line."""
        if self._mode == "bar" and self._width:
            print(file=self._stream, flush=True)
            self._width = 0
