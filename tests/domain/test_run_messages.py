"""What runs remark on their images: kept as one English text, shown as sentences of different weight."""

from __future__ import annotations

import re
from types import SimpleNamespace

from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.run_messages import (
    CONTRADICTION,
    DRAWN,
    FOREIGN,
    LOST,
    NOT_REACHED,
    NOTICES,
    REACHED,
    gravest_first,
    notice_in,
    run_remarks,
    without_names,
    without_target,
)
from bloodcells_gui.domain.scale_messages import SCALE_CONTRADICTED, SCALE_OUTLIERS, quotable


def run(*sentences: str) -> SimpleNamespace:
    return SimpleNamespace(notice=" ".join(sentences))


def texts(*runs: SimpleNamespace, lang: str = "en") -> list[str]:
    return [remark_text(remark, lang) for remark in run_remarks(runs, with_target=True)]


def test_warnings_come_first_and_each_sentence_stands_once() -> None:
    reached = REACHED.format(found=203, target=200)
    assert texts(run(reached, FOREIGN), run(reached, FOREIGN)) == [FOREIGN, reached]
    assert [r.severity for r in run_remarks([run(reached, FOREIGN)], with_target=True)] == ["warning", "info"]
    assert run_remarks([run(DRAWN)])[0].severity == "info"


def test_the_target_of_a_run_is_left_to_the_table() -> None:
    for sentence in (REACHED.format(found=203, target=200), NOT_REACHED.format(found=143, target=200)):
        assert without_target(f"{LOST} {sentence} {FOREIGN}") == f"{LOST} {FOREIGN}"
        assert [r.text for r in run_remarks([run(sentence, FOREIGN)])] == [FOREIGN]
        assert without_target(sentence) == ""


def test_a_later_run_overtakes_what_an_earlier_one_said_of_the_target() -> None:
    first = run(NOT_REACHED.format(found=80, target=200), LOST, CONTRADICTION)
    last = REACHED.format(found=200, target=200)
    assert texts(first, run(last)) == [CONTRADICTION, last]


def test_every_notice_has_its_french_also_among_others() -> None:
    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        return "a.tif, b.tif" if name == "text" else "0.27" if name.startswith("n_") else "3"

    filled = [re.sub(r"\{(\w+)\}", value, text) for text in NOTICES]
    found = texts(run(*filled), lang="fr")
    assert len(found) == len(NOTICES)
    assert not set(found) & set(filled)


def test_what_another_version_said_is_shown_as_it_stands() -> None:
    assert texts(run("The {lamp} flickered.", FOREIGN)) == [FOREIGN, "The {lamp} flickered."]
    assert texts(run("")) == []


def test_gravest_first_keeps_the_order_of_equals() -> None:
    a, b, c = Remark("a"), Remark("b", severity="critical"), Remark("c")
    assert gravest_first([a, b, c]) == (b, a, c)


def test_numbers_have_the_decimal_comma_in_french_and_quoted_names_go_from_anonymised_reports() -> None:
    said = SCALE_CONTRADICTED.format(n_said="0.2718", n_seen="0.107")
    assert "0,2718 µm par pixel, leurs cellules 0,107" in notice_in(said, "fr")
    assert run_remarks([run(said)])[0].params == (("n_said", "0.2718"), ("n_seen", "0.107"))
    named = SCALE_OUTLIERS.format(count=1, text="Dupont (1).tif")
    assert run_remarks([run(LOST, named)])[1].params == (("count", "1"), ("text", "Dupont (1).tif"))
    assert "Dupont" not in without_names(named)
    assert quotable("a“b”\n") == "a'b'?"
