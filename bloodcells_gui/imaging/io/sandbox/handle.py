"""The program's side of one decoder child."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

import bloodcells_gui
from bloodcells_gui.imaging.io.limits import DecodeLimits
from bloodcells_gui.imaging.io.pixels import ITS_OWN, SampleRange
from bloodcells_gui.imaging.io.reader import RGB
from bloodcells_gui.imaging.io.sandbox import protocol

VERB = "--decode-images"
"""First argument that makes the packaged program a decoder child."""
_START_S = 60.0
# glibc gives memory back to the system after every image and fetches it again for the next, page by page: a
# tenth of the time of decoding small ones. Larger pieces than 32 MB are still given back at once.
_KEEPS_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2), "MALLOC_TRIM_THRESHOLD_": str(64 * 1024**2)}


class ChildLost(Exception):
    """The child is gone; `late` when the clock ended it, `exit_code` as subprocess tells it."""

    def __init__(self, exit_code: int, late: bool) -> None:
        super().__init__(f"exit code {exit_code}")
        self.exit_code = exit_code
        self.late = late


def command() -> list[str]:
    """How this program starts a decoder child of itself; the name of the window is added."""
    if getattr(sys, "frozen", False):
        return [sys.executable, VERB]
    root = str(Path(bloodcells_gui.__file__).resolve().parent.parent)
    code = (
        f"import sys; sys.path.insert(0, {root!r})\n"
        "from bloodcells_gui.imaging.io.sandbox.child import main; main(sys.argv[1])"
    )
    return [sys.executable, "-c", code]


class Child:
    """A running child; used by one thread at a time, ended by any.

    Raises
    ------
    OSError
        When no process can be started.
    ChildLost
        When it does not get as far as being ready.
    """

    def __init__(self, argv: Sequence[str], number: int) -> None:
        self.open_paths: set[str] = set()
        self.stale_paths: set[str] = set()
        self.late = False
        self._window, fd, name = protocol.make_window(number)
        self._pixels = np.frombuffer(self._window, np.uint8)
        options: dict[str, Any] = {"pass_fds": (fd,)} if fd is not None else {}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        else:
            options["process_group"] = 0  # Ctrl+C in a terminal is for the program, which ends its children.
        try:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [*argv, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **_KEEPS_MEMORY}, **options,
            )  # fmt: skip
        finally:
            if fd is not None:
                os.close(fd)
        self._to_child = cast(IO[bytes], self._process.stdin)
        self._from_child = cast(IO[bytes], self._process.stdout)
        clock = threading.Timer(_START_S, self.kill)
        clock.daemon = True
        clock.start()
        try:
            self._receive()
        finally:
            clock.cancel()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request, return the answer.

        Raises
        ------
        ChildLost
            When the child ends before it has answered.
        BadAnswer
            When the answer is none; the child is not to be used any more.
        """
        self._send(request)
        return self._receive()

    def pixels(self, answer: dict[str, Any], most_pixels: int, offset: int = 0) -> RGB:
        """The pixels that come with an answer, shape (h, w, 3), copied out of the child's reach.

        `offset` is where in the window an image among several lies.
        """
        shape = protocol.shape_from_wire(answer.get("shape"), most_pixels)
        out = np.empty(shape, np.uint8)
        flat = out.reshape(-1)
        if offset:
            if offset + flat.size > self._pixels.size:
                raise protocol.BadAnswer("more pixels than there is room for")
            flat[:] = self._pixels[offset : offset + flat.size]
            return out
        for start in range(0, flat.size, self._pixels.size):
            if start:
                self.ask({"do": "go on"})
            piece = flat[start : start + self._pixels.size]
            piece[:] = self._pixels[: piece.size]
        return out

    def kill(self) -> None:
        """End the process at once; whoever waits for its answer gets ChildLost."""
        self._process.kill()

    def close(self) -> None:
        """End the process and release what belongs to it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._to_child, self._from_child):
            with suppress(OSError):  # what was not taken any more cannot be flushed
                pipe.close()
        del self._pixels
        self._window.close()

    def _send(self, request: dict[str, Any]) -> None:
        try:
            self._to_child.write(protocol.encode(request))
            self._to_child.flush()
        except OSError as e:
            raise ChildLost(self._process.wait(), self.late) from e

    def _receive(self) -> dict[str, Any]:
        line = self._from_child.readline(protocol.LONGEST_LINE)
        if not line.endswith(b"\n"):
            self._process.kill()
            raise ChildLost(self._process.wait(), self.late)
        return protocol.decode(line)


def load_request(
    path: Path, name: str, limits: DecodeLimits, brightness: SampleRange = ITS_OWN
) -> dict[str, Any]:
    """Ask for a whole image with its headers and its hash."""
    return {**_about(path, limits, brightness), "do": "load", "name": name}


def many_request(
    images: Sequence[tuple[Path, str]], limits: DecodeLimits, brightness: SampleRange = ITS_OWN
) -> dict[str, Any]:
    """Ask for several whole images, each with its name; what fails as a whole goes by the first one's."""
    listed = [{"path": str(path), "name": name or path.name} for path, name in images]
    return {**_about(images[0][0], limits, brightness), "do": "load", **listed[0], "images": listed}


def open_request(path: Path, limits: DecodeLimits, brightness: SampleRange = ITS_OWN) -> dict[str, Any]:
    """Ask what an image is that is read by regions."""
    return {**_about(path, limits, brightness), "do": "open"}


def region_request(
    path: Path,
    limits: DecodeLimits,
    region: tuple[int, int, int, int],
    downsample: float,
    brightness: SampleRange = ITS_OWN,
) -> dict[str, Any]:
    """Ask for a region: x, y, width, height in full-resolution px."""
    return {
        **open_request(path, limits, brightness), "do": "region", "region": region, "downsample": downsample,
    }  # fmt: skip


def pictures_request(path: Path, limits: DecodeLimits) -> dict[str, Any]:
    """Ask for the headers of every picture in a file."""
    return {**_about(path, limits, ITS_OWN), "do": "pictures"}


def brightness_request(path: Path, limits: DecodeLimits) -> dict[str, Any]:
    """Ask what an image tells of the range of its samples."""
    return {**_about(path, limits, ITS_OWN), "do": "brightness"}


def _about(path: Path, limits: DecodeLimits, brightness: SampleRange) -> dict[str, Any]:
    return {
        "path": str(path), "name": path.name, "limits": asdict(limits), "brightness": asdict(brightness),
    }  # fmt: skip
