"""Attributes in words as further goals: reading the table, and the loss of their heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from scripts.training.attributes import NAMES, UNKNOWN, AttributeHeads, Attributes, goals  # noqa: E402


def table(folder: Path) -> Path:
    """A table of three crops whose cell is big or small, all else alike."""
    lines = ["img_name,label," + ",".join(NAMES)]
    for name, size in (("A_1.jpg", "big"), ("B_2.jpg", "small"), ("C_3.jpg", "big")):
        lines.append(f"{name},Neutrophil,{size}," + ",".join(["x"] * (len(NAMES) - 1)))
    file = folder / "attributes.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_values_are_read_by_file_name_and_made_crops_have_none(tmp_path: Path) -> None:
    found = Attributes.read(table(tmp_path))
    assert found.words[0] == ("big", "small")
    rows = goals(
        found, ["pbc/n/A_1.jpg", "pbc/n/B_2.jpg", "pbc/n/B_2.jpg", "pbc/n/D.jpg"], [True, True, False, True]
    )
    assert rows.shape == (4, len(NAMES))
    assert rows[:2, 0].tolist() == [0, 1]
    assert (rows[2:] == UNKNOWN).all()


def test_a_missing_table_gives_no_values(tmp_path: Path) -> None:
    none = Attributes.read(tmp_path / "not there.csv")
    assert none.of("pbc/n/A_1.jpg") == (UNKNOWN,) * len(NAMES)
    assert goals(none, [], []).shape == (0, len(NAMES))


def test_heads_learn_what_is_known_and_leave_the_rest_alone() -> None:
    torch.manual_seed(0)
    sizes = [2] + [1] * (len(NAMES) - 1)
    heads = AttributeHeads(sizes, width=4)
    goal = torch.full((8, len(NAMES)), UNKNOWN)
    embedding = torch.randn(8, 4, requires_grad=True)
    nothing = heads.loss(embedding, goal)
    nothing.backward()
    assert nothing.item() == 0
    assert float(embedding.grad.abs().sum()) == 0
    goal[:4] = 0
    goal[:2, 0] = 1
    optimiser = torch.optim.SGD(heads.parameters(), 5.0)
    losses = []
    for _ in range(30):
        optimiser.zero_grad()
        loss = heads.loss(embedding.detach(), goal)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert np.isfinite(losses).all()
