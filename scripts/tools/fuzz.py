"""Mutated images, slides, cases, settings and bundles: not one crash, hang, runaway memory or unforeseen error.

    python scripts/tools/fuzz.py --count 10000 --seed 1 --out /tmp/fuzz

Files are made from good ones of every format by seeded mutations and read in worker processes with a limit
on memory and on time; a worker that dies or hangs is a failure and is replaced. Each file must end as "read"
or be refused with a reason. Failing files are kept in the output folder; `fuzz.json` holds the counts.
The same seed makes the same files.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

LIMIT_S = 10.0
LIMIT_MB = 3000
START_S = 60.0
_INTERESTING = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)


# ---- good files to start from


def picture(width: int, height: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (8, 10, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))


def seeds() -> dict[str, bytes]:
    """Name to bytes: every format, and the variants whose code paths differ."""
    from PIL import Image

    from bloodcells_gui.synthetic import truth

    rgb = picture(96, 80)
    image = Image.fromarray(rgb)
    out: dict[str, bytes] = {}

    def pil(name: str, kind: str, source: Image.Image = image, **options: object) -> None:
        buffer = io.BytesIO()
        source.save(buffer, kind, **options)
        out[name] = buffer.getvalue()

    exif = image.getexif()
    exif[0x0112] = 6
    pil("baseline.jpg", "JPEG")
    pil("progressive.jpg", "JPEG", progressive=True, exif=exif)
    pil("grey.jpg", "JPEG", image.convert("L"))
    pil("cmyk.jpg", "JPEG", image.convert("CMYK"))
    pil("rgb.png", "PNG", dpi=(101_600, 101_600), exif=exif)
    pil("palette.png", "PNG", image.convert("P"))
    pil("deep.png", "PNG", Image.fromarray(rgb[..., 0].astype(np.uint16) * 257))
    pil("rgba.png", "PNG", image.convert("RGBA"))
    pil("rgb.bmp", "BMP")
    pil("palette.bmp", "BMP", image.convert("P"))
    pil("lossy.webp", "WEBP", exif=exif)
    pil("lossless.webp", "WEBP", image.convert("RGBA"), lossless=True)
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group4"):
        pil(
            f"{compression}.tif",
            "TIFF",
            image.convert("1") if compression == "group4" else image,
            compression=compression,
        )
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo.jpg"
        truth.save_jpeg(demo, picture(120, 120), 0.107)
        out["demo.jpg"] = demo.read_bytes()
        out.update(_slides(Path(folder)))
    # Slides that scanners' software wrote, where the tests lie beside this script.
    others = Path(__file__).resolve().parents[2] / "tests" / "imaging" / "io" / "slides"
    out.update({f"slide-{p.name}": p.read_bytes() for p in sorted(others.glob("*")) if p.suffix != ".md"})
    return out


def _slides(folder: Path) -> dict[str, bytes]:
    import tifffile

    from bloodcells_gui.synthetic.pyramid import TILE_PX, PyramidWriter, write_pyramid

    rgb = picture(700, 600)
    out: dict[str, bytes] = {}

    def keep(name: str, write: Callable[[Path], None]) -> None:
        path = folder / name
        write(path)
        out[name] = path.read_bytes()

    def pyramid(path: Path, description: str | None = None, ome: bool = False, **options: object) -> None:
        with tifffile.TiffWriter(path, ome=ome) as tif:
            common = {"tile": (128, 128), "photometric": "rgb", "metadata": {} if ome else None, **options}
            tif.write(rgb, subifds=1 if ome else 0, description=description, **common)
            half = cv2.resize(rgb, (350, 300), interpolation=cv2.INTER_AREA)
            tif.write(half, subfiletype=1, description=description, **common)

    def own(path: Path) -> None:
        def tile(column: int, row: int) -> np.ndarray:
            full = np.full((TILE_PX, TILE_PX, 3), 255, np.uint8)
            part = rgb[row * TILE_PX : (row + 1) * TILE_PX, column * TILE_PX : (column + 1) * TILE_PX]
            full[: part.shape[0], : part.shape[1]] = part
            return full

        with PyramidWriter(path, (700, 600), 0.25, "synthetic") as writer:
            write_pyramid(writer, tile, np.full((TILE_PX, TILE_PX, 3), 255, np.uint8))

    keep("slide-own.tif", own)
    keep("slide-deflate.tif", lambda p: pyramid(p, compression="zlib"))
    keep(
        "slide-raw-big.tif",
        lambda p: tifffile.imwrite(p, rgb, tile=(128, 128), photometric="rgb", bigtiff=True),
    )
    keep("slide-ome.ome.tif", lambda p: pyramid(p, ome=True, compression="zlib"))
    aperio = "Aperio Image Library v11\r\n700x600 [0,0 700x600] (128x128)|AppMag = 40|MPP = 0.2500"
    keep("slide-aperio.svs", lambda p: pyramid(p, aperio, compression="zlib"))
    keep(
        "slide-strips.tif",
        lambda p: tifffile.imwrite(p, rgb, rowsperstrip=16, photometric="rgb", compression="lzw"),
    )
    return out


# ---- mutations


def mutate(data: bytes, others: list[bytes], rng: np.random.Generator) -> bytes:
    """One to six changes, half of them in the first kilobyte, where headers lie."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 7))):
        if len(out) < 8:
            break
        at = int(rng.integers(min(len(out), 1024))) if rng.random() < 0.5 else int(rng.integers(len(out)))
        kind = int(rng.integers(9))
        if kind == 0:
            out[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            out[at] = int(rng.integers(256))
        elif kind in (2, 3):
            width = int(rng.choice([2, 4, 8]))
            value = int(rng.choice(_INTERESTING)) % (1 << (8 * width))
            out[at : at + width] = value.to_bytes(width, "little" if rng.random() < 0.5 else "big")
        elif kind == 4:
            del out[at : at + int(rng.integers(1, 64))]
        elif kind == 5:
            out[at:at] = out[at : at + int(rng.integers(1, 256))]
        elif kind == 6:
            out[at : at + 32] = rng.integers(0, 256, 32, np.uint8).tobytes()
        elif kind == 7 and rng.random() < 0.4:
            del out[at:]
        else:
            other = others[int(rng.integers(len(others)))]
            start = int(rng.integers(len(other)))
            out[at : at + 64] = other[start : start + 64]
    return bytes(out)


# ---- the worker: reads one path a line, answers one JSON object a line


def worker() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_MB << 20, LIMIT_MB << 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except ImportError:
        pass
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Libraries that print on damaged files must not disturb the answers.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    read_one(Path(__file__))
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(read_one(Path(json.loads(line)))), file=answers, flush=True)


def read_one(path: Path) -> dict[str, str]:
    """Read a file every way the program would; "failed" stands for an error that nobody foresaw."""
    from bloodcells_gui.domain.errors import UserError
    from scripts.tools import fuzz_files

    if path.is_dir() or path.suffix in (".bcs", ".json"):
        try:
            fuzz_files.read(path)
        except UserError as e:
            return {"outcome": "refused", "detail": e.why}
        except BaseException as e:
            return {"outcome": "failed", "detail": f"{type(e).__name__}: {e}"[:300]}
        return {"outcome": "read", "detail": ""}
    from bloodcells_gui.imaging.io.decode import decode_rgb
    from bloodcells_gui.imaging.io.discover import discover
    from bloodcells_gui.imaging.io.opening import open_image

    try:
        discover(path.parent / path.name)
        if not path.name.startswith("slide"):
            decode_rgb(path)
        with open_image(path) as reader:
            reader.thumbnail(256)
            width, height = reader.size_px
            reader.read_region(width // 3, height // 3, 200, 200)
            reader.read_region(width - 50, height - 50, 200, 200, downsample=2.0)
    except UserError as e:
        return {"outcome": "refused", "detail": e.why}
    except BaseException as e:
        return {"outcome": "failed", "detail": f"{type(e).__name__}: {e}"[:300]}
    return {"outcome": "read", "detail": ""}


@dataclass
class Worker:
    """A worker process with a clock."""

    process: subprocess.Popen[str]
    answers: queue.Queue[str]
    listener: threading.Thread

    @classmethod
    def start(cls) -> Worker:
        process = subprocess.Popen(
            [sys.executable, __file__, "--worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        answers: queue.Queue[str] = queue.Queue()

        def listen() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                answers.put(line)
            answers.put("")

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        out = cls(process, answers, listener)
        out.wait(START_S)
        return out

    def wait(self, limit_s: float) -> dict[str, str]:
        try:
            line = self.answers.get(timeout=limit_s)
        except queue.Empty:
            self.stop()
            return {"outcome": "hung", "detail": f"more than {limit_s:.0f} s"}
        if not line:
            return {"outcome": "crashed", "detail": f"exit code {self.process.wait()}"}
        answer: dict[str, str] = json.loads(line)
        return answer

    def read(self, path: Path) -> dict[str, str]:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(str(path)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return {"outcome": "crashed", "detail": "before it was asked"}
        return self.wait(LIMIT_S)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.listener.join(5)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                # What was not taken any more cannot be flushed.
                with contextlib.suppress(OSError):
                    pipe.close()


BUNDLE, SETTINGS = "bundle", "settings.json"


def campaign(count: int, seed: int, out: Path, only: str = "", quiet: bool = False) -> dict[str, object]:
    """Run `count` files; returns the summary that is also written to `out`/fuzz.json."""
    from scripts.tools import fuzz_files

    out.mkdir(parents=True, exist_ok=True)
    good = {**seeds(), **fuzz_files.seeds()}
    pool = list(good.values())
    names = sorted(name for name in (*good, BUNDLE) if only in name)
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    failures: list[dict[str, object]] = []
    slowest = 0.0
    begun = time.perf_counter()
    worker = Worker.start()
    for i in range(count):
        rng = np.random.default_rng([seed, i])
        name = names[i % len(names)]
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / name
            if name == BUNDLE:
                fuzz_files.mutated_bundle(path, pool, mutate, rng)
            elif name == SETTINGS:
                path.write_bytes(fuzz_files.mutated_settings(good[name], pool, mutate, rng))
            else:
                path.write_bytes(mutate(good[name], pool, rng))
            start = time.perf_counter()
            answer = worker.read(path)
            if answer["outcome"] == "hung":
                # A starved machine is no hang: what counts is that it hangs again.
                worker = Worker.start()
                answer = worker.read(path)
            slowest = max(slowest, time.perf_counter() - start)
            outcomes[answer["outcome"]] += 1
            if answer["outcome"] == "refused":
                reasons[answer["detail"]] += 1
            elif answer["outcome"] != "read":
                _keep(path, out / f"{seed}-{i}-{name}")
                failures.append({"index": i, "name": name, **answer})
                if answer["outcome"] in ("crashed", "hung"):
                    worker.stop()
                    worker = Worker.start()
        if not quiet and (i + 1) % 500 == 0:
            print(f"{i + 1}/{count} {dict(outcomes)}", file=sys.stderr, flush=True)
    worker.stop()
    summary: dict[str, object] = {
        "count": count, "seed": seed, "limit_s": LIMIT_S, "limit_mb": LIMIT_MB, "outcomes": dict(outcomes),
        "slowest_s": round(slowest, 3), "seconds": round(time.perf_counter() - begun, 1), "failures": failures,
        "reasons": dict(reasons.most_common()),
    }  # fmt: skip
    (out / "fuzz.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    return summary


def _keep(path: Path, where: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, where, dirs_exist_ok=True)
    else:
        shutil.copy(path, where)


def main() -> int:
    if "--worker" in sys.argv:
        worker()
        return 0
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "bloodcells-fuzz")
    parser.add_argument("--only", default="", help="part of the name of the good files to start from")
    options = parser.parse_args()
    summary = campaign(options.count, options.seed, options.out, options.only)
    print(json.dumps({k: v for k, v in summary.items() if k != "reasons"}, indent=1))
    return 1 if summary["failures"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
