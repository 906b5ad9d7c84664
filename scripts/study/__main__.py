"""All experiments of the study, one after another, then one table.

    python -m scripts.study                                   # everything (about 45 minutes of one thread), table into docs/study.md
    python -m scripts.study --only vgg ten                    # some of it
    python -m scripts.study --missing                         # only those without results yet
    python -m scripts.study --data ../pbc-data --cache .train-pbc --document study-full.md    # on the full PBC set (scripts.study.download)

Each experiment is a process of its own; one that fails is named at the end and does not stop the others.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts.study import EXPERIMENTS
from scripts.study.common import arguments
from scripts.study.table import BEGIN, END, write


def prepare(data: Path, cache: Path) -> None:
    """Decode the crops, and make the torn smudges, where the cache does not hold them."""
    if not (cache / "real.json").is_file():
        from scripts.training.data import build_cache

        build_cache(data, cache)
    if not (cache / "made.json").is_file():
        from scripts.training.composites import build

        build(cache)


def main() -> None:
    """Run them."""
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, default=EXPERIMENTS)
    parser.add_argument("--missing", action="store_true", help="leave out what has results")
    parser.add_argument("--document", type=Path, default=Path("docs/study.md"))
    args = parser.parse_args()
    prepare(args.data, args.cache)
    folder = args.cache / "study"
    names = [
        n for n in EXPERIMENTS if n in args.only and not (args.missing and (folder / f"{n}.json").is_file())
    ]
    failed = []
    for name in names:
        print(f"--- {name}", flush=True)
        command = [
            sys.executable,
            "-m",
            f"scripts.study.{name}",
            "--cache",
            str(args.cache),
            "--data",
            str(args.data),
            "--seed",
            str(args.seed),
            "--threads",
            str(args.threads),
        ]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if not args.document.is_file():
        args.document.parent.mkdir(parents=True, exist_ok=True)
        args.document.write_text(f"# The study of 2021, run again\n\n{BEGIN}\n{END}\n", encoding="utf-8")
    write(folder, args.document)
    print(f"table: {args.document}")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
