"""Put the stored left-out networks and their answers where the other commands look for them.

    python -m scripts.training.stored_networks --cache .train

Serving steps are judged on networks that never saw a laboratory. These were trained once; `scripts/training/stored` keeps the
weights of three classifiers and two detectors in half precision, and what five classifiers answered. What is in the cache already
stays.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

STORED = Path(__file__).resolve().parent / "stored"
SITES = ("pbc", "raabin", "bccd", "lisc", "deepbionet")
#: Stored file -> its place in the cache.
PLACES = {
    "classifier-without-lisc-deepbionet.pt": "without-new/final.pt",
    "classifier-without-raabin.pt": "without-raabin/final.pt",
    "classifier-without-pbc.pt": "without-pbc/final.pt",
    "detector-without-lisc-deepbionet-phone.pt": "det-without-new.pt",
    "detector-without-pbc-raabin-bccd.pt": "det-without-txl.pt",
    **{f"answers-without-{site}.npz": f"without-{site}/away.npz" for site in SITES},
}


def unpack(cache: Path) -> list[Path]:
    """Copy what is stored into the cache; returns the files that were not there before."""
    copied = []
    for stored, place in PLACES.items():
        target = cache / place
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(STORED / stored, target)
        copied.append(target)
    return copied


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    for path in unpack(parser.parse_args().cache):
        print(path)


if __name__ == "__main__":
    main()
