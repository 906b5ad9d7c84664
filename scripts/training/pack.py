"""The training crops of both caches in one small file, to train on another machine (one with a GPU, say).

    python -m scripts.training.pack write .train/crops.zip            # here: AVIF, 5 kB a crop
    python -m scripts.training.pack read crops.zip --cache .train     # there: the caches, training part only

Only crops that training reads travel: none of the untouched fifth, none of validation.
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import AvifImagePlugin, Image

from scripts.training.augment import look_of
from scripts.training.data import CACHE_PX, CACHE_UM, Cache

NAMES = ("real", "made")
KEPT = ("set", "site", "label", "leaves", "use", "split", "half_um")
QUALITY = 80


def shown(half_um: float | None) -> slice:
    """The rows (and columns) of a cached crop that hold its picture; the rest is mirrored."""
    half = min(CACHE_PX / 2, (half_um or CACHE_PX) / CACHE_UM)
    return slice(int(np.floor(CACHE_PX / 2 - half)), int(np.ceil(CACHE_PX / 2 + half)))


def encode(image: np.ndarray, quality: int) -> bytes:
    """An image (h, w, 3) uint8 RGB as AVIF with full chrominance."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(
        stream, "AVIF", quality=quality, subsampling="4:4:4", speed=8, max_threads=1
    )
    return stream.getvalue()


def decode(code: bytes) -> np.ndarray:
    """The crop (208, 208, 3) uint8 RGB, mirrored beyond what was kept."""
    image = np.array(Image.open(io.BytesIO(code)))
    before = (CACHE_PX - image.shape[0]) // 2
    after = CACHE_PX - image.shape[0] - before
    return np.pad(image, ((before, after), (before, after), (0, 0)), mode="reflect")


def decode_some(codes: list[bytes], halves: list[float]) -> tuple[np.ndarray, list[list[float]]]:
    """Several crops (n, 208, 208, 3) and their looks, in a process of their own."""
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    images = np.stack([decode(c) for c in codes])
    return images, [np.concatenate(look_of(x, h)).tolist() for x, h in zip(images, halves, strict=True)]


def write(cache: Path, target: Path, quality: int) -> None:
    """Pack the training crops of `cache`."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive, ThreadPoolExecutor() as threads:
        for name in NAMES:
            if not (cache / f"{name}.json").is_file():
                continue
            source = Cache(cache, name)
            rows = [
                i
                for i, m in enumerate(source.meta)
                if m["split"] == "train" and m["use"] == "train+ship" and m["leaves"]
            ]

            def packed(i: int, source: Cache = source) -> bytes:
                span = shown(source.meta[i].get("half_um"))
                return encode(source.images[i][span, span], quality)

            codes = list(threads.map(packed, rows))
            meta = [{k: source.meta[i][k] for k in KEPT if k in source.meta[i]} for i in rows]
            archive.writestr(
                f"{name}.json",
                json.dumps({"meta": meta, "sizes": [len(c) for c in codes]}),
                zipfile.ZIP_DEFLATED,
            )
            archive.writestr(f"{name}.bin", b"".join(codes))
            print(name, len(rows), "crops,", round(sum(map(len, codes)) / 2**20, 1), "MiB")


def read(source: Path, cache: Path) -> None:
    """Unpack into the caches that training reads."""
    with zipfile.ZipFile(source) as archive, ProcessPoolExecutor() as workers:
        for name in NAMES:
            if f"{name}.json" not in archive.namelist():
                continue
            index = json.loads(archive.read(f"{name}.json"))
            code, meta = archive.read(f"{name}.bin"), index["meta"]
            ends = np.cumsum(index["sizes"])
            codes = [code[e - n : e] for e, n in zip(ends, index["sizes"], strict=True)]
            halves = [m.get("half_um", CACHE_PX * CACHE_UM / 2) for m in meta]
            spans = [slice(k, k + 64) for k in range(0, len(codes), 64)]
            done = workers.map(decode_some, [codes[s] for s in spans], [halves[s] for s in spans])
            cache.mkdir(parents=True, exist_ok=True)
            out = np.lib.format.open_memmap(
                cache / f"{name}.npy", "w+", np.uint8, (len(codes), CACHE_PX, CACHE_PX, 3)
            )
            for span, (images, looks) in zip(spans, done, strict=True):
                out[span] = images
                for m, look in zip(meta[span], looks, strict=True):
                    m["look"] = look
            (cache / f"{name}.json").write_text(json.dumps(meta))
            print(name, len(codes), "crops", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["write", "read"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--quality", type=int, default=QUALITY)
    args = parser.parse_args()
    if args.what == "write":
        write(args.cache, args.file, args.quality)
    else:
        read(args.file, args.cache)


if __name__ == "__main__":
    main()
