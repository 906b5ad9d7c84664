"""The study's own images for people who have internet: the PBC set (Acevedo et al. 2020, CC BY 4.0), checked and laid out.

    python -m scripts.study.download --to ../pbc-data                 # fetches, checks, unpacks, writes manifest.csv
    python -m scripts.study.download --to ../pbc-data --zip FILE      # a copy that was fetched by hand
    python -m scripts.training.data --data ../pbc-data --cache .train-pbc && python -m scripts.study --data ../pbc-data --cache .train-pbc

No checksum of this archive has been verified, so none is pinned: the SHA-256 of the first copy is written beside it and every later
use must match it. ``--sha256`` pins one you trust. Whatever the hash, the images are
counted by class and compared with the published 17,092.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import shutil
import urllib.request
import zipfile
from collections import Counter, defaultdict
from pathlib import Path, PurePosixPath

PAGE = "https://data.mendeley.com/datasets/snkd93bnjr/1"
URL = "https://data.mendeley.com/public-files/datasets/snkd93bnjr/files/2fc38728-2ae7-4a62-a857-032af82334c3/file_downloaded"
#: No value has been verified against the publisher: a checksum is pinned on first use, or with --sha256.
PINNED: str | None = None
UM_PER_PX = 0.107
#: Prefix of a file's name -> label (CONVENTIONS.md's codes); IG and NE are sums of finer classes.
LABELS = {"BA": "BA", "EO": "EO", "ERB": "ERB", "IG": "IG", "LY": "LY", "MMY": "MMY", "MO": "MO", "MY": "MY", "NEUTROPHIL": "NE",
          "PLATELET": "PLT", "PMY": "PMY", "SNE": "SNE", "BNE": "BNE"}  # fmt: skip
#: Images of each class as published (data descriptor, table 1).
PUBLISHED = {
    "neutrophil": 3329,
    "eosinophil": 3117,
    "basophil": 1218,
    "lymphocyte": 1214,
    "monocyte": 1420,
    "ig": 2895,
    "erythroblast": 1551,
    "platelet": 2348,
}


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def check(path: Path, pinned: str | None = None) -> str:
    """Compare a file with the pinned checksum, or with the one noted on first use; returns what to tell."""
    found, note = sha256_of(path), path.with_name(path.name + ".sha256")
    known = pinned or (note.read_text().split()[0] if note.is_file() else None)
    if known is None:
        note.write_text(f"{found}  {path.name}\n")
        return f"no checksum is pinned: SHA-256 {found} noted in {note.name} on first use (it proves later copies equal, not this one genuine)"
    if found != known:
        raise SystemExit(
            f"{path} has the SHA-256 {found}, expected {known}: fetch it again, or remove {note} if the new file is meant"
        )
    return f"SHA-256 {found} as {'pinned' if pinned else 'noted on first use'}"


def fetch(url: str, path: Path) -> None:
    """Save an address to a file; a broken download never takes the file's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with urllib.request.urlopen(url, timeout=60) as source, part.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    part.replace(path)


def members(held: zipfile.ZipFile) -> list[tuple[str, str, str]]:
    """(member, class folder, file name) of the images: hidden files and anything outside the eight class folders are left out."""
    out = []
    for info in held.infolist():
        path = PurePosixPath(info.filename)
        if (
            info.is_dir()
            or path.suffix.lower() not in (".jpg", ".jpeg")
            or len(path.parts) < 2
            or path.name.startswith(".")
        ):
            continue
        if path.parts[-2] in PUBLISHED and "__MACOSX" not in path.parts:
            out.append((info.filename, path.parts[-2], path.name))
    return sorted(out, key=lambda m: (m[1], m[2]))


def unpack(archive: Path, to: Path) -> list[dict[str, str]]:
    """Write ``pbc/<class>/<name>`` and return the manifest's rows; identical files share a group, so no split parts them."""
    rows, first = [], {}
    with zipfile.ZipFile(archive) as held:
        for member, folder, name in members(held):
            data = held.read(member)
            target = to / "pbc" / folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            group = first.setdefault(hashlib.sha256(data).hexdigest(), f"pbc:{Path(name).stem}")
            label = LABELS.get(name.rpartition("_")[0].upper(), "")
            rows.append({"path": f"pbc/{folder}/{name}", "set": "pbc", "site": "pbc", "label": label, "group": group,
                         "um_per_px": str(UM_PER_PX), "mask": "", "use": "train+ship"})  # fmt: skip
    return rows


def write_manifest(rows: list[dict[str, str]], path: Path) -> None:
    """``manifest.csv`` with the columns that ``scripts.training.data`` reads."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def told(rows: list[dict[str, str]]) -> list[str]:
    """What was unpacked beside what was published, and the identical files."""
    counts = Counter(r["path"].split("/")[1] for r in rows)
    same: dict[str, list[str]] = defaultdict(list)
    for r in rows:
        same[r["group"]].append(r["path"])
    twins = [p for p in same.values() if len(p) > 1]
    torn = [p for p in twins if len({x.split("/")[1] for x in p}) > 1]
    lines = [
        f"{k}: {counts[k]} images" + ("" if counts[k] == n else f", but {n} published")
        for k, n in PUBLISHED.items()
    ]
    return [*lines, f"{len(rows)} images of {sum(PUBLISHED.values())}; {len(twins)} groups of identical files (the study: 17 pairs), {len(torn)} in two classes",
            *(f"in two classes: {' and '.join(p)}" for p in torn)]  # fmt: skip


def main() -> None:
    """Fetch, check, unpack."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--zip", type=Path, help="a copy that is already here")
    parser.add_argument("--url", default=URL)
    parser.add_argument("--sha256", default=PINNED)
    args = parser.parse_args()
    archive = args.zip or args.to / "PBC_dataset_normal_DIB.zip"
    if not archive.is_file():
        if args.zip:
            raise SystemExit(f"there is no file {archive}")
        print(
            f"fetching {args.url}\n(should the address have moved: fetch the zip from {PAGE} by hand and give it with --zip)",
            flush=True,
        )
        try:
            fetch(args.url, archive)
        except OSError as problem:
            raise SystemExit(
                f"could not be fetched: {problem}. Fetch the zip from {PAGE} by hand and give it with --zip"
            ) from problem
    if not zipfile.is_zipfile(archive):
        raise SystemExit(
            f"{archive} is no zip archive (a web page instead of the file?): fetch it from {PAGE} by hand and give it with --zip"
        )
    print(check(archive, args.sha256))
    rows = unpack(archive, args.to)
    if not rows:
        raise SystemExit(
            f"{archive} holds no images in the folders {', '.join(PUBLISHED)}: is it the PBC set?"
        )
    write_manifest(rows, args.to / "manifest.csv")
    print("\n".join(told(rows)))


if __name__ == "__main__":
    main()
