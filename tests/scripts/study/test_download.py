"""The study's files: the checked download and the table in the document."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import pytest

from scripts.study import EXPERIMENTS
from scripts.study import download as d
from scripts.study.table import BEGIN, END, table, write


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as held:
        for name, data in files.items():
            held.writestr(name, data)
    return path


FILES = {
    "PBC/eosinophil/EO_1.jpg": b"one",
    "PBC/neutrophil/BNE_2.jpg": b"one",
    "PBC/ig/IG_3.jpg": b"three",
    "PBC/platelet/PLATELET_4.jpg": b"four",
    "PBC/neutrophil/.DS_5.jpg": b"hidden",
    "__MACOSX/neutrophil/SNE_6.jpg": b"fork",
    "PBC/readme.txt": b"text",
    "../../neutrophil/SNE_7.jpg": b"seven",
}


def test_unpacking_lays_out_classes_and_groups_identical_files(tmp_path: Path) -> None:
    rows = d.unpack(archive(tmp_path / "pbc.zip", FILES), tmp_path / "out")
    held = {r["path"]: r for r in rows}
    assert set(held) == {
        "pbc/eosinophil/EO_1.jpg",
        "pbc/ig/IG_3.jpg",
        "pbc/neutrophil/BNE_2.jpg",
        "pbc/neutrophil/SNE_7.jpg",
        "pbc/platelet/PLATELET_4.jpg",
    }
    assert {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.jpg")} == set(
        held
    )
    assert [held[p]["label"] for p in sorted(held)] == ["EO", "IG", "BNE", "SNE", "PLT"]
    twins = {p for p, r in held.items() if r["group"] == held["pbc/eosinophil/EO_1.jpg"]["group"]}
    assert twins == {"pbc/eosinophil/EO_1.jpg", "pbc/neutrophil/BNE_2.jpg"}
    lines = d.told(rows)
    assert "neutrophil: 2 images, but 3329 published" in lines
    assert "in two classes: pbc/eosinophil/EO_1.jpg and pbc/neutrophil/BNE_2.jpg" in lines
    d.write_manifest(rows, tmp_path / "manifest.csv")
    with (tmp_path / "manifest.csv").open(newline="") as handle:
        assert list(csv.DictReader(handle)) == rows


def test_the_published_counts_add_up() -> None:
    assert sum(d.PUBLISHED.values()) == 17092


def test_a_checksum_is_noted_once_and_then_binds(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"first")
    assert "on first use" in d.check(path)
    assert "as noted on first use" in d.check(path)
    path.write_bytes(b"second")
    with pytest.raises(SystemExit, match="expected"):
        d.check(path)
    assert "as pinned" in d.check(path, d.sha256_of(path))
    with pytest.raises(SystemExit):
        d.check(path, "0" * 64)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr("sys.argv", ["download", *words])
    d.main()


def test_the_whole_step_on_a_local_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = archive(tmp_path / "source.zip", FILES)
    run(monkeypatch, "--to", str(tmp_path / "to"), "--url", source.as_uri())
    assert "no checksum is pinned" in capsys.readouterr().out
    assert (tmp_path / "to" / "manifest.csv").is_file()
    assert not list((tmp_path / "to").glob("*.part"))
    run(monkeypatch, "--to", str(tmp_path / "to"))
    assert "as noted on first use" in capsys.readouterr().out


def test_what_is_no_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.zip"
    page.write_bytes(b"<html>")
    for words in (
        ["--zip", str(page)],
        ["--zip", str(tmp_path / "none.zip")],
        ["--url", (tmp_path / "none").as_uri()],
    ):
        with pytest.raises(SystemExit):
            run(monkeypatch, "--to", str(tmp_path / "to"), *words)
    with pytest.raises(SystemExit, match="no images"):
        run(
            monkeypatch,
            "--to",
            str(tmp_path / "to"),
            "--zip",
            str(archive(tmp_path / "other.zip", {"a/b.jpg": b"x"})),
        )


def result(what: str, figures: dict, text: str = "") -> dict:
    return {
        "what": what,
        "study": "84 %",
        "command": "python -m scripts.study.classical",
        "settings": "48 px",
        "seed": 3,
        "train": 3200,
        "cpu_seconds": 60.0,
        "seconds": 99.0,
        "text": text,
        "figures": figures,
    }


def test_the_table_shows_results_and_names_what_was_not_run(tmp_path: Path) -> None:
    accuracy = {"accuracy": {"value": 0.805, "limits95": [0.775, 0.832], "n": 800}}
    rows = [result("forest | grey", accuracy), result("where cells go", {"counts": {}}, "monocyte 7")]
    (tmp_path / "classical.json").write_text(json.dumps(rows))
    text = table(tmp_path)
    assert (
        "| forest / grey | 84 % | 80.5 % (77.5-83.2) | 3,200 / 800 | 48 px | 3 | 60 | `study.classical` |"
        in text
    )
    assert "| monocyte 7 | 3,200 / - |" in text
    assert "2 minutes of one thread" in text
    for name in EXPERIMENTS:
        assert (f"`study.{name}`" in text.split("**Not run:**")[1]) == (name != "classical")


def test_only_what_stands_between_the_marks_is_written(tmp_path: Path) -> None:
    document = tmp_path / "study.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(tmp_path, document)
    write(tmp_path, document)
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert text.count("**Not run:**") == 1
    document.write_text("no marks")
    with pytest.raises(SystemExit):
        write(tmp_path, document)


def test_every_experiment_is_a_command_and_the_document_has_its_marks() -> None:
    root = Path(__file__).parents[3]
    for name in EXPERIMENTS:
        assert 'if __name__ == "__main__":' in (root / "scripts" / "study" / f"{name}.py").read_text()
    text = (root / "docs" / "study.md").read_text()
    assert text.index(BEGIN) < text.index(END)
