"""What runs remark on their images: templates with their values, shown as sentences of different weight."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.analysis import Done, RunStatus
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.image_messages import HOLE, PROFILE_APPLIED
from bloodcells_gui.domain.run_messages import (
    CONTRADICTION,
    DRAWN,
    FOREIGN,
    LOST,
    NOT_REACHED,
    NOTICES,
    REACHED,
    VERBATIM,
    by_severity,
    counted,
    names_in,
    remark,
    remarks_text,
    run_remarks,
    scale_remarks,
    templates,
    without_names,
    without_target,
)
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.scale_messages import NO_SCALE, SCALE_CONTRADICTED, SCALE_OUTLIERS, quotable


def run(*remarks: Remark) -> Done:
    return Done(RunStatus.COMPLETE, RunRecord(remarks=remarks))


def texts(*runs: Done, lang: str = "en") -> list[str]:
    return [remark_text(found, lang) for found in run_remarks(runs, with_target=True)]


def filled(template: str) -> Remark:
    values = {
        name: "a.tif, b.tif" if name == "text" else "0.27" if name.startswith("n_") else "3"
        for name in names_in(template)
    }
    return remark(template, **values)


def test_warnings_come_first_and_each_remark_stands_once() -> None:
    reached = remark(REACHED, found=203, target=200)
    twice = run(reached, remark(FOREIGN))
    assert texts(twice, twice) == [FOREIGN, "203 leukocytes found: the target of 200 is reached."]
    assert [r.severity for r in run_remarks([twice], with_target=True)] == ["warning", "info"]
    assert run_remarks([run(remark(DRAWN))])[0].severity == "info"


def test_the_target_of_a_run_is_left_to_the_table() -> None:
    foreign, lost = remark(FOREIGN), remark(LOST)
    for target in (remark(REACHED, found=203, target=200), remark(NOT_REACHED, found=143, target=200)):
        assert without_target([lost, target, foreign]) == (lost, foreign)
        assert run_remarks([run(target, foreign)]) == (foreign,)
        assert without_target([target]) == ()


def test_a_later_run_overtakes_what_an_earlier_one_said_of_the_target() -> None:
    first = run(remark(NOT_REACHED, found=80, target=200), remark(LOST), remark(CONTRADICTION))
    last = remark(REACHED, found=200, target=200)
    assert texts(first, run(last)) == [CONTRADICTION, remark_text(last)]


def test_every_remark_has_its_french() -> None:
    found = [filled(template) for template in templates()]
    assert len({r.text for r in found}) == len(found) == len(NOTICES) + 2
    for r in found:
        assert remark_text(r, "fr") != remark_text(r, "en")
    assert len(remarks_text(found, "fr")) > 2000


def test_words_without_a_template_are_shown_as_they_stand() -> None:
    said = remark(VERBATIM, notice="The {lamp} flickered.")
    assert texts(run(said, remark(FOREIGN))) == [FOREIGN, "The {lamp} flickered."]
    assert texts(run()) == []


def test_a_remark_takes_the_values_that_its_template_names() -> None:
    assert remark(SCALE_CONTRADICTED, n_seen="0.107", n_said="0.2718").params == (
        ("n_said", "0.2718"),
        ("n_seen", "0.107"),
    )
    with pytest.raises(KeyError):
        remark(SCALE_CONTRADICTED, n_seen="0.107")
    for hostile in ("{}", "{0}", "{a.b}", "{a[0]}", "{a!r}", "{a:>99999999}", "{", "{a"):
        with pytest.raises(ValueError, match=r"."):
            names_in(hostile)


def test_images_are_counted_by_what_was_said_of_them() -> None:
    found = counted([PROFILE_APPLIED, HOLE, PROFILE_APPLIED])
    assert [(r.text, dict(r.params)["count"], r.severity) for r in found] == [
        (HOLE, "1", "warning"),
        (PROFILE_APPLIED, "2", "info"),
    ]


def test_gravest_first_keeps_the_order_of_equals() -> None:
    a, b, c = Remark("a"), Remark("b", severity="critical"), Remark("c")
    assert by_severity([a, b, c]) == (b, a, c)


def test_numbers_have_the_decimal_comma_in_french_and_quoted_names_go_from_anonymised_reports() -> None:
    said = remark(SCALE_CONTRADICTED, n_said="0.2718", n_seen="0.107")
    assert "0,2718 µm par pixel, leurs cellules 0,107" in remarks_text([said], "fr")
    named = remark(SCALE_OUTLIERS, count=1, text="Dupont (1).tif")
    old = remark(VERBATIM, notice="The file “Dupont (2).tif” has no scale.")
    hidden = without_names([remark(LOST), named, old])
    assert [r.text for r in hidden] == [LOST, SCALE_OUTLIERS, VERBATIM]
    assert "Dupont" not in remarks_text(hidden, "en")
    assert "“…”" in remarks_text(hidden[1:2], "en")
    assert quotable("a“b”\n") == "a'b'?"


def test_what_is_said_of_the_scale_is_told_apart() -> None:
    scale = remark(NO_SCALE)
    assert scale_remarks([remark(FOREIGN), scale]) == (scale,)
