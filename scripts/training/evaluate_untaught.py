"""How often are cells that the classifier was never taught asserted as something that they are not?

    python -m scripts.training.evaluate_untaught --bundle models/classifier-lite0 --cache .train

Sets: plasma cells composed for this (``scripts.training.plasma_cells``) and smudge cells of each kind
(``scripts.training.smudges``) on fields of every site; variant lymphocytes and monoblasts (LMU, ten augmented images each), artefacts
and unidentifiable cells of marrow; and, to see what the look of plasma cells costs, labelled cells of every site. Each set is shown to the
program's own analysis of a crop (segmenter, measurements, classifier), cell by cell and in specimens of 190 leukocytes of the same site in a
blood film's proportions with ten cells of the set among them. Printed are shares of the set: left unidentified; named as allowed ("right":
what the taxonomy rolls them up to); named wrongly; of these named blast, promyelocyte or erythroblast ("grave"); first without the look of
plasma cells, then with it. Splits do not matter to composed cells; LMU and marrow cells are those of the test split where there are enough.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.reproposal import HELD_BACK, adapt_cells
from bloodcells_gui.app.specimen_adaptation import adapt_specimen, select_measurements
from bloodcells_gui.domain.cell import FLAG_PLASMA_LOOK, Cell
from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.domain.taxonomy import GRAVE
from bloodcells_gui.imaging.measure import FOCUS_LIMIT, MEASUREMENTS, measure
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.classifier import Classifier
from bloodcells_gui.inference.segmenter import Segmenter
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.cell_place import CellPlace
from scripts.training.composites import central_nucleus, erase_centre, smudge
from scripts.training.data import CACHE_UM, Cache, pictured
from scripts.training.morphometry_fit import SEGMENTER
from scripts.training.plasma_cells import made_plasma_cell
from scripts.training.smudges import KINDS, made_smudge

SITES = ("pbc", "raabin", "bccd", "lisc", "deepbionet")
#: Kinds that the networks were taught, of which few may have the look of a plasma cell.
TAUGHT = ("LY", "MO", "SNE", "BNE", "NE", "EO", "BA", "MMY", "MY", "PMY", "ERB")
#: A blood film's proportions (percent) of the company that cells of a set are shown in; labels stand for any of theirs.
COMPANY = {("SNE", "NE"): 60, ("LY",): 28, ("MO",): 7, ("EO",): 4, ("BA",): 1}
_COMPANY, _AMONG = 190, 10


@dataclass(frozen=True)
class Answered:
    """Cells as the analysis left them, with the classifier's embeddings (n, D)."""

    cells: list[Cell]
    embeddings: np.ndarray

    def and_also(self, others: Answered) -> Answered:
        """These, and behind them the others."""
        return Answered(self.cells + others.cells, np.concatenate([self.embeddings, others.embeddings]))


class Program:
    """The program's analysis of single crops, and its adaptation to a specimen."""

    def __init__(self, bundle: Path, segmenter: Path) -> None:
        self.classifier = Classifier(load_bundle(bundle))
        focus = MEASUREMENTS.index("focus")
        self._analyzer = CellAnalyzer(
            self.classifier,
            Segmenter(load_bundle(segmenter)),
            measure,
            focus_index=focus,
            focus_limit=FOCUS_LIMIT,
        )

    def cells(self, pictures: Sequence[np.ndarray]) -> Answered:
        """Analyse crops (h, w, 3) uint8 RGB at the cache's scale."""
        cells, vectors = [], []
        for k in range(0, len(pictures), 32):
            places = [_place(p) for p in pictures[k : k + 32]]
            for cell, assets in self._analyzer.process(places):
                cells.append(cell)
                vectors.append(np.asarray(assets.embedding, np.float32))
        return Answered(cells, np.array(vectors, np.float32))

    def adapted(self, found: Answered) -> list[Cell]:
        """The cells as one specimen."""
        cells = found.cells
        held_back = np.array([not HELD_BACK.isdisjoint(c.flags) for c in cells])
        measured = select_measurements(np.array([c.measurements for c in cells], np.float32))
        scores = np.array([c.scores for c in cells], np.float32)
        whole = adapt_specimen(scores, found.embeddings, measured, held_back, self.classifier)
        return cells if whole is None else adapt_cells(cells, self.classifier.classes, *whole)

    def without_look(self, found: Answered) -> Answered:
        """The cells as they were without the look of plasma cells."""
        threshold = self.classifier.threshold
        cells = [
            c
            if FLAG_PLASMA_LOOK not in c.flags
            else replace(
                c,
                flags=tuple(f for f in c.flags if f != FLAG_PLASMA_LOOK),
                abstained=c.uncertainty > threshold,
            )
            for c in found.cells
        ]
        return Answered(cells, found.embeddings)


def _place(picture: np.ndarray) -> CellPlace:
    height, width = picture.shape[:2]
    return CellPlace(
        image=0,
        pixels=picture,
        offset_px=(0.0, 0.0),
        centre_px=(width / 2, height / 2),
        mpp=CACHE_UM,
        recentre=False,
    )


class Pictures:
    """Crops of the cache by site and label, and cells composed from them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.real = Cache(folder, "real")
        self.rng = np.random.default_rng(seed)
        self._rows: dict[tuple[str, str], list[int]] = {}
        for i, m in enumerate(self.real.meta):
            self._rows.setdefault((m["site"], m["label"]), []).append(i)

    def rows(self, site: str, *labels: str) -> list[int]:
        """Rows of crops of a site with one of these labels."""
        return [i for label in labels for i in self._rows.get((site, label), [])]

    def named(self, site: str, part: str) -> list[int]:
        """Rows of crops of a site whose path holds `part`."""
        return [i for i, m in enumerate(self.real.meta) if m["site"] == site and part in m["path"]]

    def crops(self, rows: Sequence[int], most: int) -> list[np.ndarray]:
        """At most so many of the rows' crops, as far as they lie in their pictures, those of the test split first."""
        order = sorted(self.rng.permutation(rows), key=lambda i: self.real.meta[i]["split"] != "test")
        out = []
        for i in order[:most]:
            part = pictured(self.real.meta[i].get("half_um", 99))
            out.append(np.array(self.real.images[i][part, part]))
        return out

    def company(self, site: str) -> list[np.ndarray]:
        """Leukocytes of a site in a blood film's proportions."""
        out: list[np.ndarray] = []
        for labels, percent in COMPANY.items():
            rows = self.rows(site, *labels)
            count = round(percent / 100 * _COMPANY)
            out += [c for i in self.rng.choice(rows, count) for c in self.crops([i], 1)] if rows else []
        return out

    def made(
        self, site: str, sources: Sequence[str], draw: Callable[..., np.ndarray], most: int
    ) -> list[np.ndarray]:
        """Cells composed by `draw(image, nucleus, ground, rng)` from a site's own nuclei and fields."""
        rows, grounds = self.rows(site, *sources), self.rows(site, "ART", "PLT")
        out: list[np.ndarray] = []
        for i in self.rng.permutation(list(rows) * 6) if grounds else ():
            image = np.array(self.real.images[i])
            nucleus = central_nucleus(image)
            if nucleus is not None:
                ground = erase_centre(np.array(self.real.images[int(self.rng.choice(grounds))]))
                out.append(draw(image, nucleus, ground, self.rng))
            if len(out) >= most:
                break
        return out


def figures(cells: Sequence[Cell], right: Sequence[str]) -> dict[str, object]:
    """Shares of cells: unidentified, rightly named, wrongly named, and of these gravely, with exact 95 % limits."""
    n = len(cells)
    named = [c for c in cells if not c.abstained]
    counts = {
        "unidentified": n - len(named),
        "right": sum(c.predicted in right for c in named),
        "wrong": sum(c.predicted not in right for c in named),
        "grave": sum(c.predicted in GRAVE and c.predicted not in right for c in named),
    }
    found: dict[str, object] = {"n": n}
    for key, hits in counts.items():
        found[key] = {
            "value": round(hits / n, 4),
            "limits95": [round(v, 4) for v in clopper_pearson(hits, n)],
        }
    wrong = [c.predicted for c in named if c.predicted not in right]
    found["names"] = {code: wrong.count(code) for code in sorted(set(wrong), key=lambda c: -wrong.count(c))}
    return found


def judged(
    program: Program, cells: Answered, company: Answered | None, right: Sequence[str]
) -> dict[str, object]:
    """Figures of a set cell by cell and, where there is company, in specimens; without the look and with it."""
    out: dict[str, object] = {}
    for key, each in (("without", program.without_look(cells)), ("with", cells)):
        out[f"alone, {key} the look"] = figures(each.cells, right)
        if company is None:
            continue
        found: list[Cell] = []
        for k in range(0, len(each.cells), _AMONG):
            part = Answered(each.cells[k : k + _AMONG], each.embeddings[k : k + _AMONG])
            found += program.adapted(part.and_also(company))[: len(part.cells)]
        out[f"in specimens, {key} the look"] = figures(found, right)
    return out


def cost_of_look(found: Answered) -> dict[str, object]:
    """How many cells have the look."""
    hits, n = sum(FLAG_PLASMA_LOOK in c.flags for c in found.cells), len(found.cells)
    return {"n": n, "look": hits, "limits95": [round(v, 4) for v in clopper_pearson(hits, n)]}


def evaluate(
    bundle: Path,
    cache: Path,
    seed: int,
    most: int,
    only: str = "",
    segmenter: Path = SEGMENTER,
    *,
    look: bool = True,
) -> dict[str, object]:
    """Figures of a bundle, of the sets whose name holds `only`; what the look costs taught kinds, where `look` asks for it."""
    program, pictures = Program(bundle, segmenter), Pictures(cache, seed)
    sets: dict[str, object] = {}

    def add(name: str, crops: list[np.ndarray], company: Answered | None, right: Sequence[str]) -> None:
        if crops and only in name:
            sets[name] = judged(program, program.cells(crops), company, right)
            _print(name, sets[name])

    add("LMU variant lymphocytes", pictures.crops(pictures.named("lmu", "LYA"), most), None, ("LY",))
    add("LMU monoblasts", pictures.crops(pictures.named("lmu", "MOB"), most), None, ("BL",))
    add("LMU smudge cells", pictures.crops(pictures.named("lmu", "KSC"), most), None, ("SMU", "ART"))
    add("marrow artefacts", pictures.crops(pictures.rows("mll-marrow", "ART"), most), None, ("ART", "SMU"))
    add("marrow not identifiable", pictures.crops(pictures.rows("mll-marrow", ""), most), None, ("ART",))
    cost: dict[str, object] = {}
    for site in SITES:
        crops = pictures.company(site)
        company = program.cells(crops) if crops else None
        add(
            f"made plasma cells, {site}",
            pictures.made(site, ("LY", "ERB"), made_plasma_cell, most),
            company,
            (),
        )
        for kind in KINDS:
            draw = lambda *args, kind=kind: made_smudge(*args, kind=kind)  # noqa: E731
            add(
                f"made smudges ({kind}), {site}",
                pictures.made(site, ("LY",), draw, most),
                company,
                ("SMU", "ART"),
            )
        add(
            f"made smudges (torn), {site}",
            pictures.made(site, ("LY",), smudge, most),
            company,
            ("SMU", "ART"),
        )
        for label in TAUGHT if look else ():
            crops = pictures.crops(pictures.rows(site, label), 3 * most)
            if len(crops) >= 20:
                cost[f"{site} {label}"] = cost_of_look(program.cells(crops))
                print(f"look of plasma cells, {site} {label}: {cost[f'{site} {label}']}", flush=True)
    return {"bundle": str(bundle), "seed": seed, "most": most, "sets": sets, "look": cost}


def _print(name: str, found: object) -> None:
    assert isinstance(found, dict)
    for how, f in found.items():
        shares = ", ".join(
            f"{key} {100 * f[key]['value']:.0f} %" for key in ("unidentified", "right", "wrong", "grave")
        )
        print(f"{name}, {how}: n {f['n']}, {shares}, named {f['names']}", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", type=Path, default=Path("models/classifier-lite0"))
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--most", type=int, default=100, help="cells of a set")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--only", default="", help="sets whose name holds this")
    parser.add_argument(
        "--no-look", action="store_true", help="do not ask how many taught cells have the look"
    )
    args = parser.parse_args()
    found = evaluate(args.bundle, args.cache, args.seed, args.most, args.only, look=not args.no_look)
    if args.out is not None:
        args.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
