"""What files say of their scale, held against the cells: right, a patient's, wrong, or one of twelve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bloodcells_gui.domain import scale_messages as messages
from bloodcells_gui.domain.cell import FLAG_SCALE_CONTRADICTED
from bloodcells_gui.domain.flat_record import notice_of
from bloodcells_gui.domain.run_messages import remark
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.pipeline.scale_check import (
    STATED_SPREAD,
    ScaleSample,
    SettledScale,
    contradicts,
    settle_scale,
)


def picture(mpp: float) -> np.ndarray:
    """An image whose cells say `mpp`; 0 for one without cells."""
    return np.full((4, 4, 3), round(mpp * 1000), np.uint16).astype(np.uint16)


def from_cells(sample: Sequence[np.ndarray], _stated: float | None = None) -> ScaleEstimate:
    true = [float(p[0, 0, 0]) / 1000 for p in sample if p[0, 0, 0]]
    if not true:
        return ScaleEstimate(None, ScaleSource.UNKNOWN, warning="none")
    return ScaleEstimate(float(np.median(true)), ScaleSource.RED_CELLS, 0.05, 20 * len(true))


def settled(
    said: Sequence[float | None],
    true: Sequence[float],
    person: float | None = None,
    unread: str = "",
    sizes: Sequence[tuple[int, int]] = (),
) -> SettledScale:
    pixels = [picture(t) for t in true]
    found = settle_scale(
        [f"c{i}.tif" for i in range(len(said))],
        said,
        lambda places: {p: ScaleSample(pixels[p], said[p], unread) for p in places},
        from_cells,
        person=person,
        sizes=sizes,
    )
    assert found is not None
    return found


def test_what_the_cells_bear_out_is_kept_as_the_files_say() -> None:
    found = settled([0.107] * 12, [0.105] * 12)
    assert found.scale == ScaleEstimate(
        0.107, ScaleSource.METADATA, STATED_SPREAD, 12, basis=messages.BASIS_AGREES
    )
    assert found.spread == STATED_SPREAD
    assert (found.doubted, found.remarks) == (frozenset(), ())
    assert found.mpp(3, 0.107) == 0.107


@pytest.mark.parametrize(
    ("factor", "word"), [(2.54, "2.54"), (1 / 2.54, "2.54"), (10, "10:"), (25.4, "25.4")]
)
def test_a_wrong_unit_is_contradicted_and_named(factor: float, word: str) -> None:
    found = settled([0.05 * factor] * 4, [0.05] * 4)
    assert found.scale.source is ScaleSource.CONTRADICTED
    assert found.scale.mpp == pytest.approx(0.05)
    assert found.flags([7, 8, 9, 10]) == dict.fromkeys((7, 8, 9, 10), (FLAG_SCALE_CONTRADICTED,))
    assert found.mpp(0, 0.05 * factor) == pytest.approx(0.05)
    assert word in notice_of(found.remarks)


def test_a_factor_that_no_unit_explains_is_contradicted_without_a_guess() -> None:
    found = settled([0.2] * 4, [0.05] * 4)
    assert found.remarks == (remark(messages.SCALE_CONTRADICTED, n_said="0.2", n_seen="0.05"),)


@pytest.mark.parametrize(("factor", "um"), [(0.75, "5.5"), (1.25, "9.2")])
def test_a_patients_small_or_large_red_cells_leave_the_metadata_with_a_remark(factor: float, um: str) -> None:
    found = settled([0.1] * 12, [0.1 / factor] * 12)
    assert found.scale.source is ScaleSource.METADATA
    assert found.scale.mpp == 0.1
    assert found.doubted == frozenset()
    assert found.remarks[0] == remark(messages.SCALE_OF_THE_PATIENT, n_um=um)
    # Both scales are asked for: the file's, and that of the cells at the ends of what is asked again.
    assert found.scale.basis == messages.BASIS_DISAGREES
    assert 1.3 * found.spread == pytest.approx(abs(np.log(factor)), abs=0.01)
    (unsure,) = found.remarks[1:]
    assert unsure.text == messages.UNSURE_SCALES[messages.BASIS_DISAGREES]


@pytest.mark.parametrize(("factor", "wrong"), [(0.69, True), (0.71, False), (1.44, False), (1.46, True)])
def test_the_limits_of_a_patient(factor: float, wrong: bool) -> None:
    assert contradicts(0.1, ScaleEstimate(0.1 / factor, ScaleSource.RED_CELLS, 0.05, 100)) is wrong


def test_few_red_cells_prove_less() -> None:
    assert not contradicts(0.15, ScaleEstimate(0.1, ScaleSource.RED_CELLS, 0.2, 4))
    assert contradicts(0.254, ScaleEstimate(0.1, ScaleSource.PRIOR, 0.2, 2))


def test_one_wrong_file_of_twelve_is_named_and_not_believed() -> None:
    said = [0.107] * 12
    said[5] = 0.272
    found = settled(said, [0.107] * 12)
    assert found.scale.mpp == 0.107
    assert found.doubted == {5}
    assert found.remarks == (remark(messages.SCALE_OUTLIERS, count=1, text="c5.tif"),)
    assert found.mpp(5, 0.272) == 0.107
    assert settled(said, [0.107] * 5 + [0] + [0.107] * 6).doubted == {5}  # it shows no cell to ask


def test_eleven_wrong_files_do_not_outvote_the_red_cells_of_the_right_one() -> None:
    found = settled([0.272] * 11 + [0.107], [0.107] * 12)
    assert found.doubted == set(range(11))
    assert found.scale.mpp == 0.107


def test_two_magnifications_that_their_own_cells_bear_out_are_both_believed() -> None:
    found = settled([0.107] * 8 + [0.25] * 4, [0.107] * 8 + [0.25] * 4)
    assert found.doubted == frozenset()
    assert (found.mpp(0, 0.107), found.mpp(9, 0.25)) == (0.107, 0.25)


def test_a_little_other_scale_goes_by_which_its_own_cells_fit() -> None:
    assert settled([0.1] * 9 + [0.13] * 3, [0.1] * 9 + [0.13] * 3).doubted == frozenset()
    assert settled([0.1] * 9 + [0.13] * 3, [0.1] * 12).doubted == {9, 10, 11}


def test_images_without_a_scale_take_that_of_the_others() -> None:
    found = settled([0.107] * 8 + [None] * 4, [0.107] * 12)
    assert found.mpp(10, None) == 0.107


def test_where_most_say_nothing_the_few_are_held_against_the_cells() -> None:
    found = settled([None] * 10 + [0.272, 0.107], [0.107] * 12)
    assert found.scale.source is ScaleSource.RED_CELLS
    assert found.doubted == {10}


def test_a_person_settles_it_and_is_told_of_a_contradiction() -> None:
    found = settled([0.272] * 4, [0.107] * 4, person=0.11)
    assert found.scale == ScaleEstimate(0.11, ScaleSource.PERSON)
    assert (found.doubted, found.remarks) == (frozenset(), ())
    slipped = settled([0.107] * 4, [0.107] * 4, person=1.07)
    assert slipped.scale.mpp == 1.07
    assert slipped.doubted == frozenset()
    assert slipped.remarks[0] == remark(messages.SCALE_BY_HAND, n_said="1.07", n_seen="0.107")


def test_nothing_to_go_by_and_what_was_not_understood_are_said() -> None:
    found = settled([None] * 3, [0] * 3, unread="PhysicalSizeX=0.1 parsec")
    assert found.scale.mpp is None
    assert found.remarks == (
        remark(messages.SCALE_UNREAD, text="PhysicalSizeX=0.1 parsec"),
        remark(messages.NO_SCALE),
    )


def test_where_no_image_can_be_read_nothing_is_settled() -> None:
    assert settle_scale(["a"], [0.1], lambda _: {}, from_cells) is None


def test_a_huge_folder_of_many_scales_is_looked_at_within_bounds() -> None:
    asked: list[int] = []
    said = [0.1 * 1.2 ** (i % 16) for i in range(320)]

    def look(places: Sequence[int]) -> dict[int, ScaleSample]:
        asked.extend(places)
        return {p: ScaleSample(picture(0.1), said[p]) for p in places}

    found = settle_scale([str(i) for i in range(320)], said, look, from_cells)
    assert found is not None
    assert len(asked) < 250
    assert found.scale.mpp == pytest.approx(0.1)


def test_images_of_another_scale_are_measured_by_their_own_red_cells() -> None:
    found = settled([None] * 12, [0.1] * 9 + [0.25] * 2 + [0])
    assert found.scale.mpp == pytest.approx(0.1)
    assert found.own == {9: 0.25, 10: 0.25}
    assert found.doubted == {11}  # it shows no red cell, and the others do not agree
    assert (found.mpp(0, None), found.mpp(9, None)) == (pytest.approx(0.1), 0.25)
    assert found.remarks == (
        remark(messages.SCALES_DIFFER, count=2),
        remark(messages.SCALE_OUTLIERS, count=1, text="c11.tif"),
    )


def test_images_that_agree_share_one_scale_whether_they_show_red_cells_or_not() -> None:
    found = settled([None] * 12, [0.1] * 5 + [0.11] * 5 + [0, 0])
    assert (found.own, found.doubted, found.remarks) == ({}, frozenset(), ())


def test_images_of_another_size_are_measured_apart() -> None:
    sizes = [(264, 264)] * 8 + [(132, 132)] * 4
    found = settled([None] * 12, [0.1] * 8 + [0.2] * 4, sizes=sizes)
    assert found.scale.mpp == pytest.approx(0.1)
    assert found.own == dict.fromkeys(range(8, 12), 0.2)
    without = settled([None] * 12, [0.1] * 8 + [0] * 4, sizes=sizes)
    assert without.doubted == {8, 9, 10, 11}


def test_sizes_that_pass_into_each_other_are_of_one_source() -> None:
    sizes = [(100 + 10 * i, 100) for i in range(12)]
    assert settled([None] * 12, [0.1] * 11 + [0], sizes=sizes).doubted == frozenset()


@pytest.mark.parametrize(("n", "remarked"), [(9, False), (40, True)])
def test_few_red_cells_raise_no_suspicion_of_the_patient(n: int, remarked: bool) -> None:
    seen = ScaleEstimate(0.1, ScaleSource.RED_CELLS, 0.15, n)
    found = settle_scale(["a"], [0.08], lambda _: {0: ScaleSample(picture(0.1), 0.08)}, lambda *_: seen)
    assert found is not None
    assert bool(found.remarks) is remarked


@pytest.mark.parametrize(
    ("seen", "spread", "basis", "remarked"),
    [
        (ScaleEstimate(0.103, ScaleSource.PRIOR, 0.1, 12), 0.05, messages.BASIS_LEUKOCYTES_AGREE, False),
        (ScaleEstimate(0.13, ScaleSource.PRIOR, 0.1, 12), 0.2, messages.BASIS_DISAGREES, True),
        (ScaleEstimate(None, ScaleSource.UNKNOWN), 0.07, messages.BASIS_ALONE, False),
    ],
)
def test_a_stated_scale_that_no_red_cell_bears_out_has_a_spread_and_its_reason(
    seen: ScaleEstimate, spread: float, basis: str, remarked: bool
) -> None:
    found = settle_scale(["a"], [0.1], lambda _: {0: ScaleSample(picture(0.1), 0.1)}, lambda *_: seen)
    assert found is not None
    assert (found.scale.mpp, found.scale.basis) == (0.1, basis)
    assert found.spread == pytest.approx(spread, abs=0.005)
    assert [r.text for r in found.remarks] == ([messages.UNSURE_SCALES[basis]] if remarked else [])


def test_an_unsure_scale_is_told_with_its_limits() -> None:
    seen = ScaleEstimate(0.1, ScaleSource.PRIOR, 0.095, 16, basis=messages.BASIS_KINDS)
    found = settle_scale(["a"], [None], lambda _: {0: ScaleSample(picture(0.1), None)}, lambda *_: seen)
    assert found is not None
    text = notice_of(found.remarks)
    assert "0.1 µm per pixel (68 % limits 0.0909 to 0.11)" in text
    assert "by kind" in text


def test_what_waits_for_a_scale_anyway_is_not_asked_again() -> None:
    for source in ScaleSource:
        spread = SettledScale(ScaleEstimate(0.1, source, 0.2)).spread
        expected = {ScaleSource.PERSON: STATED_SPREAD, ScaleSource.CONTRADICTED: 0, ScaleSource.UNKNOWN: 0}
        assert spread == expected.get(source, 0.2)
