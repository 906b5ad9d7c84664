"""One table of all that was run: from ``.train/study/*.json`` into ``docs/study.md``, between its two marks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from scripts.study import EXPERIMENTS

BEGIN, END = "<!-- table: written by python -m scripts.study -->", "<!-- end of the table -->"
HEAD = ("system", "study", "ours (95 %)", "train / test", "settings", "seed", "s", "command")


def cell(text: str) -> str:
    """Text that cannot break a Markdown table."""
    return " ".join(str(text).replace("|", "/").split()) or "-"


def ours(row: dict) -> tuple[str, str]:
    """(result with limits, test size) of a stored line."""
    a = row["figures"].get("accuracy")
    if row.get("text"):
        return row["text"], str(a["n"]) if a else "-"
    if a:
        low, high = a["limits95"]
        return f"{100 * a['value']:.1f} % ({100 * low:.1f}-{100 * high:.1f})", f"{a['n']:,}"
    return json.dumps(row["figures"]), "-"


def line(row: dict) -> str:
    """A table line."""
    result, test = ours(row)
    train = f"{row['train']:,}" if row["train"] else "-"
    command = row["command"].removeprefix("python -m scripts.")
    columns = (
        row["what"],
        row["study"],
        result,
        f"{train} / {test}",
        row["settings"],
        row["seed"],
        round(row["cpu_seconds"]),
        f"`{command}`",
    )
    return "| " + " | ".join(cell(c) for c in columns) + " |"


def table(folder: Path) -> str:
    """All lines, experiment by experiment; those without results are named as not run."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    missing, seconds = [], 0.0
    for name in EXPERIMENTS:
        path = folder / f"{name}.json"
        if not path.is_file():
            missing.append(name)
            continue
        rows = json.loads(path.read_text())
        seconds += sum(r["cpu_seconds"] for r in rows)
        lines += [line(r) for r in rows]
    lines += ["", f"Processor time of all lines together: {seconds / 60:.0f} minutes of one thread."]
    if missing:
        lines += ["", "**Not run:** " + ", ".join(f"`study.{m}`" for m in missing) + "."]
    return "\n".join(lines)


def write(folder: Path, document: Path) -> None:
    """Put the table between the document's marks."""
    text = document.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise SystemExit(f"{document} lacks the two marks between which the table stands:\n{BEGIN}\n{END}")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    document.write_text(f"{before}{BEGIN}\n{table(folder)}\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--document", type=Path, default=Path("docs/study.md"))
    args = parser.parse_args()
    write(args.cache / "study", args.document)


if __name__ == "__main__":
    main()
