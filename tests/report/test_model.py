"""The report model: everything in it, a stable hash, and back from its JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.cell import FLAG_SCALE_CONTRADICTED, Cell
from bloodcells_gui.domain.comparison import analyser_fields
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.review import EventKind, Signature, Status
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.domain.settings import LabSettings, ReportHeader
from bloodcells_gui.report.anonymous import anonymised, pseudonym
from bloodcells_gui.report.build import cells_to_explain
from bloodcells_gui.report.logo import load_logo
from bloodcells_gui.report.model import digest, from_json, to_json
from bloodcells_gui.report.pdf import render_pdf
from tests.support import report_case
from tests.support.report_case import FONTS, MIX, make_cells, make_report, make_run, make_specimen, make_state


def test_the_same_case_gives_the_same_hash_in_any_language_at_any_time() -> None:
    a, b = make_report(), make_report(lang="fr")
    assert a.sha256() == b.sha256()
    assert dataclasses.replace(a, created="2030-01-01T00:00:00Z").sha256() == a.sha256()
    signature = Signature("A", "2026-03-02T11:00:00Z", "approved", a.sha256(), 1)
    assert dataclasses.replace(a, signatures=(signature,)).sha256() == a.sha256()


def test_any_change_of_content_changes_the_hash() -> None:
    a = make_report()
    others = [
        make_report({**MIX, "LY": 23}),
        make_report(taxonomy="five"),
        make_report(run=make_run(status=RunStatus.CANCELLED)),
        dataclasses.replace(a, specimen="S2"),
        dataclasses.replace(a, version=2),
    ]
    assert len({m.sha256() for m in [a, *others]}) == len(others) + 1


def test_the_json_gives_the_same_report_back() -> None:
    a = make_report()
    b = from_json(to_json(a), a.assets)
    assert b.sha256() == a.sha256()
    assert b.differential.rows[0].rgb == a.differential.rows[0].rgb
    assert b.gallery[0].thumbs[0].status is a.gallery[0].thumbs[0].status
    assert b.assets == a.assets
    assert not any(len(v) > 200 and "\\u" in v for v in json.loads(to_json(a)) if isinstance(v, str))


def test_a_report_without_counted_areas_is_written_as_before_there_were_any() -> None:
    a = make_report()
    rows = json.loads(to_json(a))["differential"]["rows"]
    assert not any("counted" in row or "counted_mm2" in row for row in rows)
    shown = a.differential.rows
    counted = dataclasses.replace(shown[-2], counted=7, counted_mm2=0.5)
    table = dataclasses.replace(a.differential, rows=(*shown[:-2], counted, shown[-1]))
    b = dataclasses.replace(a, differential=table)
    assert b.sha256() != a.sha256()
    assert from_json(to_json(b)).differential.rows[-2].counted_mm2 == 0.5


@pytest.mark.parametrize(
    "data", [b"[]", b"{}", b'{"format": 99}', b'{"format": 1, "specimen": 3}', b"nonsense"]
)
def test_something_else_is_no_report(data: bytes) -> None:
    with pytest.raises(ValueError):
        from_json(data)


def test_stamps_say_what_a_reader_must_know() -> None:
    plain = make_report()
    assert plain.stamps() == ("NOT SIGNED",)
    signed = dataclasses.replace(plain, signatures=(Signature("A", "t", "m", plain.sha256(), 1),))
    assert signed.stamps() == ()
    assert dataclasses.replace(signed, version=2).stamps() == ("NOT SIGNED",)
    rough = make_report(
        reviewed=False, run=make_run(status=RunStatus.CANCELLED), specimen=make_specimen(110, synthetic=True)
    )
    assert rough.stamps() == ("SYNTHETIC", "INCOMPLETE", "NOT SIGNED")
    assert b"completed_later" not in rough.canonical(), "reports signed before keep their bytes"
    assert from_json(to_json(rough)).stamps() == rough.stamps()
    gone_on_with = dataclasses.replace(rough, completed_later=(0,))
    assert gone_on_with.stamps() == ("SYNTHETIC", "NOT SIGNED")
    assert from_json(to_json(gone_on_with)).stamps() == gone_on_with.stamps()
    cells = [dataclasses.replace(c, abstained=True) for c in make_cells({"LY": 2})]
    waiting = make_report({"LY": 2}, state=ReviewState(cells))
    assert "PRELIMINARY" in waiting.stamps()


def test_who_reviewed_what_adds_up() -> None:
    r = make_report().review
    assert (
        r.cells == r.proposed + r.confirmed + r.relabelled + r.excluded + r.unidentified == sum(MIX.values())
    )
    assert [p.name for p in r.reviewers] == ["A. Dupont", "B. Moreau"]
    assert sum(p.confirmed for p in r.reviewers) == r.confirmed
    assert sum(p.relabelled for p in r.reviewers) == r.relabelled == 5
    assert sum(c.count for c in r.changes) == r.relabelled + r.excluded
    assert ("LY", "VLY", 4) in [(c.predicted, c.final, c.count) for c in r.changes]


def test_the_gallery_shows_every_class_doubtful_first_and_tells_how_many() -> None:
    model = make_report(settings=LabSettings(thumbnails_per_class=10))
    rows = {g.code: g for g in model.gallery}
    counts = {r.code: r.count for r in model.differential.rows if r.count}
    assert {code: g.total for code, g in rows.items()} == counts
    segmented = rows["SNE"]
    assert len(segmented.thumbs) == 10
    assert all(
        a.probability <= b.probability for a, b in zip(segmented.thumbs, segmented.thumbs[1:], strict=False)
    )
    assert segmented.thumbs[0].doubtful
    assert not segmented.thumbs[-1].doubtful
    assert all(model.assets[t.picture] for g in model.gallery for t in g.thumbs)
    assert all(digest(data) == key for key, data in model.assets.items())


def test_a_missing_thumbnail_does_not_cost_the_report() -> None:
    model = make_report(pictures=lambda code: b"" if code == "LY" else b"x")
    lymphocytes = next(g for g in model.gallery if g.code == "LY")
    assert all(t.picture == "" for t in lymphocytes.thumbs)


def test_reports_without_a_rival_keep_their_bytes() -> None:
    plain, explained = make_report(), make_report(with_rivals=True)
    assert b'"rival"' not in plain.canonical()
    assert explained.sha256() != plain.sha256()
    back = from_json(to_json(explained))
    rivals = {t.rival for row in back.gallery for t in row.thumbs if t.cam}
    assert rivals == {"MO"}
    assert not any(t.rival for row in back.gallery for t in row.thumbs if not t.cam)


def test_explained_cells_are_the_doubtful_ones_of_different_classes() -> None:
    cells = make_cells()
    state = make_state(cells, reviewed=False)
    chosen = cells_to_explain(cells, state, LabSettings(gradcam_in_report=6))
    assert len(chosen) == 6
    assert len({c.predicted for c in cells if c.id in chosen}) == 6
    assert len(cells_to_explain(cells, state, LabSettings(gradcam_in_report=60))) == 60
    model = make_report()
    assert sum(bool(t.cam) for g in model.gallery for t in g.thumbs) == 6


def test_an_anonymised_report_leaves_out_what_tells_whose_it_is() -> None:
    cells = make_cells()
    state = make_state(cells)
    state.apply(make_event(state, EventKind.NOTE, "A", new="Mrs Lefèvre was told by telephone."))
    state.apply(make_event(state, EventKind.NOTE, "A", new=" left  shift."))
    state.apply(make_event(state, EventKind.SET_FIELD, "A", key="signing_explanation", new="Lefèvre again"))
    full = make_report(state=state)
    assert {"patient_name", "patient_id", "age"} <= {f.name for f in full.fields}
    model = anonymised(full, LabSettings(), pseudonym("ab" * 32))
    names = {f.name for f in model.fields}
    assert not names & {"patient_name", "patient_id", "birth_date", "requester", "clinical_information"}
    assert "age" in names
    written = to_json(model).decode()
    assert not [w for w in ("Lefèvre", "smear/", full.specimen) if w in written]
    assert [" ".join(c.text.split()) for c in model.comments] == ["left shift."]
    assert (model.anonymised, model.specimen, model.skipped_total) == (True, "anonymous-ababababab", 2)
    assert model.differential == full.differential
    assert model.sha256() != full.sha256()


def test_excluded_cells_are_in_no_gallery_and_hand_counts_are_told() -> None:
    cells = make_cells({"LY": 3})
    state = ReviewState(cells)
    state.apply(make_event(state, EventKind.EXCLUDE, "A", [1]))
    state.apply(make_event(state, EventKind.COUNT, "A", key="MO", new="7"))
    model = make_report({"LY": 3}, state=state)
    assert [(g.code, g.total) for g in model.gallery] == [("LY", 2)]
    assert model.review.by_hand == 7
    assert model.differential.total == 9
    assert all(t.status is Status.PROPOSED for g in model.gallery for t in g.thumbs)


def test_a_second_reading_and_the_explanation_for_signing_are_told() -> None:
    cells = make_cells({"LY": 3, "MO": 1})
    state = ReviewState(cells)
    state.apply(make_event(state, EventKind.SECOND_READ, "B", [1, 2], "LY", "blind"))
    state.apply(make_event(state, EventKind.SECOND_READ, "B", [3, 4], "VLY", "blind"))
    state.apply(make_event(state, EventKind.ADJUDICATE, "C", [3], "VLY"))
    state.apply(make_event(state, EventKind.SET_FIELD, "A", new="few cells", key="signing_explanation"))
    review = make_report({"LY": 3, "MO": 1}, state=state).review
    (second,) = review.second_readings
    assert (second.reader, second.cells, second.agreed, second.adjudicated, second.open) == ("B", 4, 2, 1, 1)
    assert review.explanation == "few cells"


def test_an_analyser_differential_kept_as_fields_is_compared() -> None:
    cells = make_cells({"SNE": 60, "LY": 40})
    state = ReviewState([dataclasses.replace(c, abstained=False) for c in cells])
    for name, value in {**analyser_fields({"neutrophil": 61.5, "LY": 20}), "analyser.nonsense": "3"}.items():
        state.apply(make_event(state, EventKind.SET_FIELD, "A", new=value, key=name))
    model = make_report({"SNE": 60, "LY": 40}, state=state)
    rows = {r.code: r for r in model.analyser}
    assert set(rows) == {"neutrophil", "LY"}
    assert rows["neutrophil"].inside
    assert not rows["LY"].inside
    assert [r.code for r in from_json(to_json(model)).analyser] == ["neutrophil", "LY"]
    assert render_pdf(model, fonts_dir=FONTS, lang="fr").startswith(b"%PDF")


def test_an_empty_case_has_a_report_too() -> None:
    model = make_report({}, specimen=make_specimen(0))
    assert model.gallery == ()
    assert model.differential.total == 0
    assert from_json(to_json(model)).sha256() == model.sha256()


def test_a_logo_is_taken_only_when_it_is_a_picture(tmp_path: Path) -> None:
    good = tmp_path / "logo.png"
    Image.new("RGBA", (2000, 500), (10, 20, 30, 128)).save(good)
    assert load_logo(good)[:4] == b"\x89PNG"
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    bomb = tmp_path / "bomb.png"
    Image.new("1", (20000, 20000)).save(bomb)
    for path in (bad, bomb, tmp_path / "none.png", tmp_path):
        assert load_logo(path) == b""
    model = make_report(settings=LabSettings(header=ReportHeader("Lab", (), str(good))))
    assert model.assets[model.header.logo] == load_logo(good)


def test_the_remarks_say_why_cells_wait_as_unidentified_and_how_many_for_each_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def some_wait(mix: Mapping[str, int]) -> list[Cell]:
        cells = make_cells(mix)
        flags = (FLAG_SCALE_CONTRADICTED,)
        return [
            dataclasses.replace(c, abstained=i < 5, flags=flags if i < 3 else ()) for i, c in enumerate(cells)
        ]

    monkeypatch.setattr(report_case, "make_cells", some_wait)
    model = make_report(MIX, reviewed=False)
    about = [r for r in model.differential.remarks if r.codes == ("UNI",)]
    assert "The result is preliminary." in about[0].text
    assert about[1] == Remark(
        "Unidentified because the scale is contradicted: {count}.", (("count", "3"),), codes=("UNI",)
    )
    assert sum(int(dict(r.params)["count"]) for r in about[1:]) == 5
    assert not [r for r in make_report(MIX).differential.remarks if "because" in r.text]
