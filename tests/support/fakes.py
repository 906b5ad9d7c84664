"""A stand-in session with fabricated cells and drawn pictures; review and numbers are the real ones."""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.case_index import CaseIndex
from bloodcells_gui.app.cases_folder import CasesFolder
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.app.outbox import Outbox
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain import differential as diff
from bloodcells_gui.domain.analysis import (
    AnalysisEvent,
    AnalysisRun,
    CellsFound,
    CellsReproposed,
    Done,
    Progress,
    RunStatus,
    ScaleKnown,
    Skipped,
    SkippedFile,
)
from bloodcells_gui.domain.attributes import Description
from bloodcells_gui.domain.cell import FLAG_EDGE, FLAG_UNLIKE_TRAINING, Box, Cell, CellAssets
from bloodcells_gui.domain.counting_target import counting_target
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.explanation import Explanation, MapKind
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.review import Change, Decision, Event, EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import (
    ImagePlace,
    ImageRef,
    ScaleEstimate,
    ScaleSource,
    Specimen,
    SpecimenKind,
)
from bloodcells_gui.domain.taxonomy import BY_CODE, CLASSES
from bloodcells_gui.domain.validation import SettingProblem

CODES = tuple(c.code for c in CLASSES)
SHARES = {
    "SNE": 0.50, "BNE": 0.05, "LY": 0.22, "VLY": 0.015, "MO": 0.07, "EO": 0.035, "BA": 0.01, "MMY": 0.01,
    "MY": 0.008, "PMY": 0.004, "BL": 0.004, "ERB": 0.02, "SMU": 0.01, "PLT": 0.03, "ART": 0.014,
}  # fmt: skip
MEASUREMENTS = (
    "cell_area_um2", "nucleus_area_um2", "nucleus_cell_ratio", "equivalent_diameter_um", "circularity",
    "nucleus_lobes", "granularity", "nucleus_od_green", "focus",
)  # fmt: skip
SIDE = 192


def make_cells(n: int, seed: int = 0, first_id: int = 1) -> list[Cell]:
    """`n` cells with the proportions of a lively smear; about 7 % unidentified."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(list(SHARES), size=n, p=np.array(list(SHARES.values())) / sum(SHARES.values()))
    uncertainties = rng.beta(0.7, 4.0, size=n)
    cells = []
    for i in range(n):
        code, uncertainty = str(codes[i]), float(uncertainties[i])
        probability = float(np.clip(1 - 0.75 * uncertainty, 0.2, 0.999))
        scores = rng.random(len(CODES)).astype(np.float32) ** 6
        scores[CODES.index(code)] = 0
        scores *= (1 - probability) / scores.sum()
        scores[CODES.index(code)] = probability
        area = 80 + 60 * rng.random()
        values = [area, area * 0.4, 0.4, 11.2, 0.88, float(rng.integers(1, 5)), 0.03, 0.51, 0.8]
        flags = ((FLAG_UNLIKE_TRAINING,) if uncertainty > 0.55 else ()) + (
            (FLAG_EDGE,) if i % 97 == 0 else ()
        )
        cells.append(
            Cell(
                first_id + i, i % 7, Box(10.0 * i, 5.0, 90, 88), 0.105, code, probability, uncertainty > 0.45,
                uncertainty, scores, np.array(values, np.float32), 0.8, flags, 0,
            )
        )  # fmt: skip
    return cells


def draw_cell(cell_id: int, code: str, side: int = SIDE) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:  # noqa: C901  # one branch a shape of nucleus
    """A cell that looks roughly like its class, RGB, and its mask (0, 1, 2)."""
    rng = np.random.default_rng(cell_id)
    image = np.full((side, side, 3), (238, 228, 226), np.float32)
    mask = np.zeros((side, side), np.uint8)
    s = side / 192
    for _ in range(7):
        angle, r = rng.random() * 6.28, (70 + 40 * rng.random()) * s
        c = (round(side / 2 + r * np.cos(angle)), round(side / 2 + r * np.sin(angle)))
        cv2.circle(image, c, round(31 * s), (222, 168, 164), -1, cv2.LINE_AA)
        cv2.circle(image, c, round(12 * s), (236, 204, 200), -1, cv2.LINE_AA)
    radius = {"PLT": 16, "LY": 40, "ERB": 36, "BL": 54, "MO": 58, "PMY": 60}.get(code, 50) * s
    plasma = {
        "EO": (238, 176, 150), "BA": (176, 160, 206), "LY": (178, 198, 236), "MO": (190, 196, 222),
        "BL": (160, 180, 232), "PLT": (206, 180, 214), "ERB": (214, 186, 196), "VLY": (160, 186, 236),
    }.get(code, (232, 210, 218))  # fmt: skip
    nucleus = (96, 66, 150)
    middle = (side // 2, side // 2)
    axes = (round(radius * (0.94 + 0.12 * rng.random())), round(radius * (0.94 + 0.12 * rng.random())))
    cv2.ellipse(image, middle, axes, rng.random() * 180, 0, 360, plasma, -1, cv2.LINE_AA)
    cv2.ellipse(mask, middle, axes, 0, 0, 360, 1, -1)
    if code in ("SNE", "EO", "BA"):
        lobes = 2 if code == "EO" else int(rng.integers(3, 5))
        start = rng.random() * 6.28
        last = None
        for k in range(lobes):
            a = start + k * 1.5
            c = (round(middle[0] + 0.5 * radius * np.cos(a)), round(middle[1] + 0.5 * radius * np.sin(a)))
            for target, colour in ((image, nucleus), (mask, 2)):
                cv2.circle(target, c, round(0.36 * radius), colour, -1, cv2.LINE_AA if target is image else 8)
                if last:
                    cv2.line(target, last, c, colour, round(7 * s))
            last = c
    elif code in ("BNE", "MMY"):
        for target, colour in ((image, nucleus), (mask, 2)):
            size = (round(0.55 * radius), round(0.55 * radius))
            cv2.ellipse(target, middle, size, rng.random() * 0 + 40, 0, 250, colour, round(0.42 * radius))
    elif code != "PLT":
        share = {"LY": 0.86, "ERB": 0.6, "BL": 0.84, "MO": 0.68, "SMU": 0.9}.get(code, 0.7)
        for target, colour in ((image, nucleus), (mask, 2)):
            cv2.circle(target, middle, round(share * radius), colour, -1)
    ys, xs = np.nonzero(mask == 1)
    if len(ys) and code in ("EO", "BA", "PMY", "MY", "SNE", "PLT"):
        colour = {"EO": (226, 116, 70), "BA": (60, 40, 110), "PMY": (150, 60, 130)}.get(code, (206, 170, 196))
        for i in rng.integers(0, len(ys), 130 if code in ("EO", "BA") else 60):
            cv2.circle(image, (int(xs[i]), int(ys[i])), max(1, round(2.2 * s)), colour, -1, cv2.LINE_AA)
    image = cv2.GaussianBlur(image, (0, 0), 1.1 * s) + rng.normal(0, 3.0, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), mask


def contours(mask: NDArray[np.bool_]) -> list[NDArray[np.float32]]:
    """Outer outlines of a mask."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [c[:, 0, :].astype(np.float32) for c in found if len(c) > 3]


@dataclass
class FakeView:
    """What `FakeSession.view` gives."""

    image: NDArray[np.uint8]
    mpp: float
    cell_contours: list[NDArray[np.float32]]
    nucleus_contours: list[NDArray[np.float32]]
    from_image: bool = True
    replaced: bool = False


class FakeDrafts:
    """The drafts of a case, in memory."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def text(self, key: str) -> str:
        return self._texts.get(key, "")

    def keep(self, key: str, text: str) -> None:
        self._texts[key] = text


class FakeSession(CaseSession):
    """A session without a case file; thread rules as in the real one."""

    # Plain attributes hide the properties of the real one, which read the case file.
    path: Path = Path("synthetic.bcs")
    specimen: Specimen = Specimen("", SpecimenKind.CROPS, Path())
    runs: list[AnalysisRun] = []  # noqa: RUF012
    settings: LabSettings = LabSettings()
    read_only = False
    shielded_root: Path | None = None
    came_from = ""

    def __init__(
        self, cells: Sequence[Cell] = (), settings: LabSettings | None = None, wbc: str = ""
    ) -> None:
        self.cells: list[Cell] = list(cells)
        self._by_id = {c.id: c for c in self.cells}
        self.author = "A. Technician"
        self.settings = settings or LabSettings()
        self.drafts = FakeDrafts()
        self._flagged = None
        self.specimen = Specimen(
            "S-2026-0417", SpecimenKind.CROPS, Path(),
            tuple(ImageRef(f"slide a/field {i:02d}.png", Path(f"{i}.png")) for i in range(7)), synthetic=True,
        )  # fmt: skip
        scale = ScaleEstimate(0.105, ScaleSource.RED_CELLS, 0.03, 812)
        self.runs = [
            AnalysisRun(
                0, "2026-11-23T05:00:00Z", "0.1", CODES, MEASUREMENTS, scale=scale, status=RunStatus.COMPLETE
            )
        ]
        self.state = ReviewState(self.cells)
        self.events: list[Event] = []
        self._listeners: list[Callable[[Change], None]] = []
        self.closed = False
        self.fail_with: UserError | None = None
        self.thumbnail_threads: set[int] = set()
        self.found: dict[int, tuple[str, float]] = {}
        self.descriptions: dict[int, Description] = {}
        self.explainer = SimpleNamespace(available=False, describer=self)
        self.explained_as: list[MapKind] = []
        self.cancels: list[CancelToken | None] = []
        self._time = 0
        if wbc:
            self.set_field("wbc", wbc)

    def _clock(self) -> str:
        self._time += 1
        return f"2026-11-23T06:{self._time // 60 % 60:02d}:{self._time % 60:02d}Z"

    def cell(self, cell_id: int) -> Cell:
        return self._by_id[cell_id]

    def put(self, *cells: Cell) -> None:
        """Take other figures of known cells without telling anybody."""
        self._by_id.update((c.id, c) for c in cells)

    def run_of(self, cell: Cell) -> AnalysisRun | None:
        return self.runs[0]

    def decision(self, cell_id: int) -> Decision:
        return self.state.decision(cell_id)

    def history(self, cell_id: int) -> list[Event]:
        return [e for e in self.events if cell_id in e.cells]

    def scores(self, cell_id: int) -> list[tuple[str, float]]:
        return sorted(zip(CODES, map(float, self.cell(cell_id).scores), strict=True), key=lambda p: -p[1])

    def as_found(self, cell_id: int) -> tuple[str, float]:
        cell = self.cell(cell_id)
        return self.found.get(cell_id, (cell.predicted, cell.probability))

    def measurements(self, cell_id: int) -> list[tuple[str, float, str]]:
        units = {"um2": "um²", "um": "um"}
        return [
            (n, float(v), units.get(n.rsplit("_", 1)[-1], ""))
            for n, v in zip(MEASUREMENTS, self.cell(cell_id).measurements, strict=True)
        ]

    def thumbnail(self, cell_id: int) -> bytes:
        self.thumbnail_threads.add(threading.get_ident())
        image, _ = draw_cell(cell_id, self.cell(cell_id).predicted)
        return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()

    def view(self, cell_id: int) -> FakeView:
        image, mask = draw_cell(cell_id, self.cell(cell_id).predicted, 320)
        return FakeView(image, 0.07, contours(mask > 0), contours(mask == 2))

    def describe(self, code: str, thumbnail: bytes, *_: object) -> Description | None:
        return self.descriptions.get(int(thumbnail))

    def assets(self, cell_id: int) -> CellAssets:
        return CellAssets(str(cell_id).encode(), b"", (0.0, 0.0, 100.0))

    def explain(
        self, cell_id: int, code: str, kind: MapKind = MapKind.OCCLUSION, cancel: CancelToken | None = None
    ) -> Explanation:
        if code not in BY_CODE:
            raise KeyError(code)
        self.explained_as.append(kind)
        self.cancels.append(cancel)
        rng = np.random.default_rng(cell_id + len(code))
        y, x = np.mgrid[0:16, 0:16]
        cy, cx = 6 + 4 * rng.random(2)
        heat = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 14).astype(np.float32)
        if kind is MapKind.GRAD_CAM:
            return Explanation(kind, heat)
        rival = next(c for c in CODES if c != code)
        return Explanation(kind, 2 * heat - 1, rival, log_odds=3.2, lost=2.1, gained=1.4)

    def embeddings(self) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        rng = np.random.default_rng(1)
        centres = {code: rng.normal(0, 1, 24) for code in CODES}
        vectors = [centres[c.predicted] + rng.normal(0, 0.35, 24) for c in self.cells]
        return np.array([c.id for c in self.cells]), np.array(vectors, np.float16).reshape(-1, 24)

    def act(
        self, kind: EventKind, cells: Iterable[int], new: str = "", *, key: str = "", reason: str = ""
    ) -> Change:
        if self.fail_with is not None:
            raise self.fail_with
        ids = tuple(cells)
        event = make_event(self.state, kind, self.author, ids, new, key=key, reason=reason, clock=self._clock)
        self.events.append(event)
        change = self.state.apply(event)
        self._publish(change)
        return change

    def absorb(self, event: AnalysisEvent) -> None:
        self._flagged = None
        if isinstance(event, CellsFound):
            self.cells.extend(event.cells)
            self._by_id.update((c.id, c) for c in event.cells)
            self.state.add_cells(event.cells)
            self._publish(Change(tuple(c.id for c in event.cells)))
        elif isinstance(event, CellsReproposed):
            self._by_id.update((c.id, c) for c in event.cells)
            self.cells[:] = [self._by_id[c.id] for c in self.cells]
            self.state.repropose(event.cells)
            self._publish(Change(tuple(c.id for c in event.cells)))

    def differential(self, taxonomy: str | None = None) -> diff.Differential:
        s = self.state
        return diff.differential(
            s.counts, s.unidentified, s.excluded, s.data, self.settings, taxonomy, self.target
        )

    @property
    def target(self) -> int:
        return counting_target(self.runs, self.settings)

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _publish(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)

    def close(self) -> None:
        self.closed = True


class FakeJob:
    """Finds `cells` in batches; stops when asked."""

    def __init__(self, cells: Sequence[Cell], batch: int = 16, pause_s: float = 0.01) -> None:
        self._cells, self._batch, self._pause_s = list(cells), batch, pause_s
        self._cancel = threading.Event()
        self.error: Exception | None = None
        self.skipped = 0

    def cancel(self) -> None:
        self._cancel.set()

    def events(self) -> Iterator[AnalysisEvent]:
        yield ScaleKnown(ScaleEstimate(0.105, ScaleSource.RED_CELLS, 0.03, 812))
        for i in range(self.skipped):
            yield Skipped(SkippedFile(f"broken {i}.jpg", "not an image"))
        found = 0
        for i in range(0, len(self._cells), self._batch):
            if self._cancel.wait(self._pause_s):
                yield Done(RunStatus.CANCELLED)
                return
            if self.error is not None:
                raise self.error
            part = tuple(self._cells[i : i + self._batch])
            found += len(part)
            yield CellsFound(part, tuple(CellAssets(b"", b"", (0, 0, 0)) for _ in part))
            yield Progress(found, len(self._cells), "images", found, 118.0, (len(self._cells) - found) / 118)
        yield Done(RunStatus.COMPLETE)


@dataclass
class FakeIntake:
    """What looking at a path gives."""

    specimen: Specimen
    places: tuple[ImagePlace, ...] = ()
    in_question: bool = False


@dataclass
class FakeWorkshop:
    """Everything outside a case."""

    sessions: dict[str, FakeSession] = field(default_factory=dict)
    allowed: list[Path] = field(default_factory=list)
    settings: LabSettings = field(default_factory=LabSettings)
    author: str = "A. Technician"
    setting_problems: tuple[SettingProblem, ...] = ()
    recent_paths: list[Path] = field(default_factory=list)
    next_job: FakeJob | None = None
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="bloodcells-fake-")))

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.home, ignore_errors=True)
        self.lab = LabLink(lambda: self.settings.lab_database)
        self.folder = CasesFolder(self.home, self.lab, lambda: self.settings)
        self.index = CaseIndex(self.folder, lambda: self.settings)
        self.accounts = Accounts(self.lab, self.home)
        self.outbox = Outbox(self.home, self.home, self.open_case)  # type: ignore[arg-type]

    def orders(self) -> None:
        return None

    clock_doubt = notice_settings = orders

    @property
    def settings_file(self) -> Path:
        return self.home / "settings.json"

    def save_settings(self, settings: LabSettings, seen: LabSettings | None = None) -> None:
        self.settings = settings

    def recent(self) -> list[Path]:
        return self.recent_paths

    remembered = recent

    @property
    def cases_dir(self) -> Path:
        return self.folder.path

    def look_at(self, path: Path, kind: str = "auto") -> FakeIntake:
        if not path.exists():
            raise UserError(
                "There is nothing at {path}.", "It may have been moved.", "Choose another.", path=path
            )
        return FakeIntake(Specimen(path.name, SpecimenKind.CROPS, path))

    def new_case(self, intake: FakeIntake, options: object) -> tuple[FakeSession, FakeJob]:
        session = FakeSession(settings=self.settings)
        return session, self.next_job or FakeJob(make_cells(64))

    def continue_analysis(self, session: object, options: object = None) -> FakeJob:
        return FakeJob(make_cells(16, seed=9, first_id=100_000))

    examine_red_cells = continue_analysis

    def open_case(self, path: Path, *, read_only: bool = False, take_over: bool = False) -> FakeSession:
        if path.name not in self.sessions:
            raise UserError("The case file {path} is damaged.", "It was cut off.", "Use a copy.", path=path)
        return self.sessions[path.name]

    def allow_images(self, root: Path) -> None:
        self.allowed.append(root)

    def synthetic_specimen(self) -> Path:
        return Path()
