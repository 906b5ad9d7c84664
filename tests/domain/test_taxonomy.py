"""The taxonomy: sets and roll-ups follow from one table, and nothing else names a class by its code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bloodcells_gui
from bloodcells_gui.domain import taxonomy
from bloodcells_gui.domain.rules import DEFAULT_RULES, SMEAR
from bloodcells_gui.domain.taxonomy import (
    BY_CODE,
    CLASSES,
    COUNTED,
    CRITICAL,
    GRAVE,
    LEUKOCYTES,
    NOTABLE,
    NUCLEATED,
    OTHER,
    PLATELETS,
    ROLLUPS,
    ROW_NAMES,
    WITH_LEUKOCYTES,
    CellKind,
)

PACKAGE = Path(bloodcells_gui.__file__).parent
#: Files that may name classes by their codes, and why.
MAY_NAME_CLASSES = {
    "domain/taxonomy.py": "the table",
    "domain/class_names.py": "other words for each class, for the names of folders",
    "domain/rules.py": "the rules that a laboratory starts with",
    "domain/loinc.py": "the codes under which figures are sent",
    "domain/ranges.py": "the reference ranges of the literature",
    "domain/settings.py": "the setting that a laboratory starts with",
    "app/case_details.py": "the columns of an analyser's differential",
    "synthetic/": "each class is drawn in a way of its own",
}
#: "PLT" beside "RBC" is the name of a count in old case files, not a class.
COUNTS_OF_A_RUN = {
    "domain/numeration.py", "domain/platelets.py", "app/differential_table.py", "pipeline/scan.py",
    "storage/old_formats.py", "domain/flat_record.py",
}  # fmt: skip


def docstrings(tree: ast.AST) -> set[int]:
    """Identities of the constants that are docstrings or other bare strings."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def named_classes(source: str) -> set[str]:
    """Codes of leaf classes that stand as literals in a source."""
    tree = ast.parse(source)
    prose = docstrings(tree)
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in BY_CODE and id(node) not in prose
    }


def test_nothing_but_the_taxonomy_names_a_class_by_its_code() -> None:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if any(name.startswith(allowed) for allowed in MAY_NAME_CLASSES):
            continue
        codes = named_classes(path.read_text("utf-8"))
        codes -= {"PLT"} if name in COUNTS_OF_A_RUN else set()
        if codes:
            found[name] = sorted(codes)
    assert found == {}, "use a set or a name of domain/taxonomy.py"


def test_a_planted_literal_is_found() -> None:
    planted = '"""BL"""\nJUNK = {"ART", "PLT"}\ndef f(code):\n    "SMU"\n    return code == "ERB"\n'
    assert named_classes(planted) == {"ART", "PLT", "ERB"}


def test_sets_follow_from_the_kinds() -> None:
    assert COUNTED == LEUKOCYTES == {c.code for c in CLASSES if c.counts}
    assert NUCLEATED == LEUKOCYTES | WITH_LEUKOCYTES
    assert not NUCLEATED & PLATELETS
    assert {c.code for c in CLASSES} - NUCLEATED - PLATELETS == {"ART"}
    for kind in CellKind:
        assert any(c.kind is kind for c in CLASSES)


def test_the_gravest_classes_are_those_of_the_rules() -> None:
    critical = [r for r in DEFAULT_RULES if r.kind == SMEAR and r.severity == "critical"]
    assert {leaf for r in critical for leaf in r.leaves} == CRITICAL
    assert CRITICAL < GRAVE < NOTABLE <= NUCLEATED


def test_names_of_single_classes_are_classes() -> None:
    for name in ("SEGMENTED", "BAND", "VARIANT_LYMPHOCYTE", "NRBC", "PLATELET", "ARTEFACT"):
        assert getattr(taxonomy, name) in BY_CODE


@pytest.mark.parametrize("rollup", ROLLUPS.values(), ids=list(ROLLUPS))
def test_every_leaf_belongs_to_one_row_of_each_roll_up(rollup: taxonomy.RollUp) -> None:
    leaves = [leaf for row in rollup.rows for leaf in row.leaves]
    assert sorted(leaves) == sorted(BY_CODE)
    for row in rollup.rows:
        assert all(BY_CODE[leaf].counts == row.counts for leaf in row.leaves)


def test_codes_keys_and_colours_are_unique() -> None:
    for values in ([c.code for c in CLASSES], [c.key for c in CLASSES], [c.rgb for c in CLASSES]):
        assert len(set(values)) == len(CLASSES)
    assert {c.row for c in CLASSES} == {*ROW_NAMES, OTHER}


def test_the_five_part_differential_holds_its_five_rows_and_the_others() -> None:
    rows = [row.code for row in ROLLUPS["five"].rows]
    assert rows == ["NEUTROPHIL", "LYMPHOCYTE", "MONOCYTE", "EOSINOPHIL", "BASOPHIL", OTHER, "OTHER_OUTSIDE"]
