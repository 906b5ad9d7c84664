"""The decoder child: reads requests from standard input, decodes, answers on standard output.

It writes no file, starts no program, and ends by itself when the program that started it is gone, however
that came about: a thread of its own waits for requests and sees the end of the pipe while a decoder works.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np

from bloodcells_gui.imaging.io.codecs import capture_decoder_warnings
from bloodcells_gui.imaging.io.decode import brightness_of, load_image, pictures_in
from bloodcells_gui.imaging.io.limits import DecodeLimits
from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.imaging.io.pixels import SampleRange
from bloodcells_gui.imaging.io.reader import RGB, ImageReader
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.io.sandbox import protocol

MEMORY_BYTES = 3 * 1024**3
"""What decoding may use beyond what the bare child uses: five times the largest image in 16 bit RGBA."""
CPU_S = 10
"""Processor time that one request may take; waiting for a slow disk does not count."""
_OPEN_READERS = 3


class DecoderChild:
    """Answers requests one after the other.

    Parameters
    ----------
    window : writable buffer
        The shared memory.
    """

    def __init__(self, window: Any) -> None:
        self._pixels = np.frombuffer(window, np.uint8)
        self._readers: OrderedDict[tuple[str, DecodeLimits, SampleRange], ImageReader] = OrderedDict()
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._answers = os.fdopen(os.dup(1), "wb", buffering=0)
        self._input = os.fdopen(os.dup(0), "rb")
        # Libraries that print on damaged files must not disturb the answers.
        silence = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1):
            os.dup2(silence, fd)
        capture_decoder_warnings()  # what they print of damaged JPEG data is told from there

    def serve(self) -> NoReturn:
        """Answer until the program closes the pipe; never returns."""
        threading.Thread(target=self._read_request, name="requests", daemon=True).start()
        self._send_line({"ready": os.getpid()})
        while True:
            request = self._requests.get()
            if "images" in request:
                self._answer_many(request)
            else:
                self._send(*self._safe_answer(request))

    def _read_request(self) -> None:
        for line in self._input:
            self._requests.put(protocol.decode(line))
        os._exit(0)

    def _send_line(self, message: dict[str, Any]) -> None:
        self._answers.write(protocol.encode(message))

    def _answer_many(self, request: dict[str, Any]) -> None:
        """Load images in turn; each answer tells of as many as fit into the window, one after the other."""
        answers: list[dict[str, Any]] = []
        filled = 0
        for i, image in enumerate(request["images"]):
            found, pixels = self._safe_answer({**request, **image})
            size = 0 if pixels is None else pixels.size
            if answers and filled + size > self._pixels.size:
                self._send_line({"images": answers})
                self._expect_go_on()
                answers, filled = [], 0
            answers.append(found)
            if pixels is not None and size > self._pixels.size:
                self._send({"images": answers}, pixels)
                answers = []
                if i + 1 < len(request["images"]):
                    self._expect_go_on()
            elif pixels is not None:
                self._pixels[filled : filled + size] = pixels.reshape(-1)
                filled += size
        if answers:
            self._send_line({"images": answers})

    def _expect_go_on(self) -> None:
        if self._requests.get() != {"do": "go on"}:
            raise protocol.BadAnswer("asked for something else amid an answer")

    def _safe_answer(self, request: dict[str, Any]) -> tuple[dict[str, Any], RGB | None]:
        """What to answer to a request, whatever happens, within its processor time."""
        limit_cpu(float(request.get("cpu_s", CPU_S)))
        pixels: RGB | None = None
        try:
            found, pixels = self.handle(request)
        except ImageRefused as e:
            found = {"refused": protocol.refusal_to_wire(e)}
        except MemoryError:
            refused = ImageRefused(
                str(request.get("name", "image")),
                "There is not enough memory for it.",
                "Close other programs and open it again.",
            )
            found = {"refused": protocol.refusal_to_wire(refused)}
        except Exception as e:  # the refusal of this image; the fuzz campaign looks for such errors
            found = {"failed": f"{type(e).__name__}: {e}"[:200]}
        return found, pixels

    def handle(self, request: dict[str, Any]) -> tuple[dict[str, Any], RGB | None]:
        """Answer and pixels of one request."""
        for gone in request.get("close", ()):
            self._close(gone)
        limits = DecodeLimits(**request["limits"])
        brightness = SampleRange(**request["brightness"])
        path = Path(request["path"])
        match request["do"]:
            case "load":
                image = load_image(path, limits, request["name"], brightness)
                answer = {
                    "shape": image.rgb.shape, "info": protocol.info_to_wire(image.info),
                    "sha256": image.sha256, "notices": image.notices,
                }  # fmt: skip
                return answer, image.rgb
            case "pictures":
                return {"pictures": [protocol.info_to_wire(i) for i in pictures_in(path, limits)]}, None
            case "brightness":
                return {"beyond": brightness_of(path, limits)}, None
            case "open":
                return self._describe(self._reader(path, limits, brightness)), None
            case "region":
                x, y, width, height = request["region"]
                pixels = self._reader(path, limits, brightness).read_region(
                    x, y, width, height, downsample=request["downsample"]
                )
                return {"shape": pixels.shape}, pixels
        raise ValueError("an unknown request")

    def _describe(self, reader: ImageReader) -> dict[str, Any]:
        levels = [[*level.size_px, level.downsample, *level.tile_px] for level in reader.levels]
        return {
            "format": reader.format, "description": reader.description, "size_px": reader.size_px,
            "mpp": reader.mpp, "scale_unread": reader.unparsed_scale_text, "levels": levels,
            "notices": reader.notices,
        }  # fmt: skip

    def _reader(self, path: Path, limits: DecodeLimits, brightness: SampleRange) -> ImageReader:
        key = (str(path), limits, brightness)
        if key in self._readers:
            self._readers.move_to_end(key)
            return self._readers[key]
        reader = open_image(path, limits, brightness)
        self._readers[key] = reader
        while len(self._readers) > _OPEN_READERS:
            self._readers.popitem(last=False)[1].close()
        return reader

    def _close(self, path: str) -> None:
        for key in [k for k in self._readers if k[0] == path]:
            self._readers.pop(key).close()

    def _send(self, found: dict[str, Any], pixels: RGB | None) -> None:
        """Say `found`; the pixels' first piece lies in the window by then, the others follow on request."""
        flat = np.zeros(0, np.uint8) if pixels is None else np.ascontiguousarray(pixels).reshape(-1)
        step = self._pixels.size
        for start in range(0, max(1, flat.size), step):
            if start:
                self._expect_go_on()
            piece = flat[start : start + step]
            self._pixels[: piece.size] = piece
            self._send_line(found if start == 0 else {"more": True})


def limit_memory(extra_bytes: int = MEMORY_BYTES) -> None:
    """No core dumps, no written files, and at most `extra_bytes` more memory than now (not on Windows)."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        if sys.platform == "linux":  # macOS does not honour it
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            limit = pages * resource.getpagesize() + extra_bytes
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def limit_cpu(seconds: float) -> None:
    """End this process (SIGXCPU) when it uses more than `seconds` of processor time from now on."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))


def main(window: str) -> NoReturn:
    """Entry point: `window` names the shared memory."""
    # A terminal's Ctrl+C or end reaches every process of its group; only the program itself answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    cv2.setNumThreads(1)
    child = DecoderChild(protocol.open_window(window))
    limit_memory()
    child.serve()
