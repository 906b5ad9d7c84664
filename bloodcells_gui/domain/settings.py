"""A laboratory's settings: one declaration each, validated, readable as one JSON file.

Nothing here reads or writes files (`storage/settings.py` does). A bad value falls back to its default and
is told; see :mod:`bloodcells_gui.domain.validation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bloodcells_gui.domain import validation
from bloodcells_gui.domain.csv_text import CSV_DIALECTS
from bloodcells_gui.domain.distribution import Cluster
from bloodcells_gui.domain.errors import InvalidValue, reason_of
from bloodcells_gui.domain.grading import DEFAULT_GRADING, GradeItem
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.ranges import OWN, PUBLISHED, Range
from bloodcells_gui.domain.rare_search import DEFAULT_SEARCH, RareSearch
from bloodcells_gui.domain.reader_limits import ReaderMatrix, matrix_from_json
from bloodcells_gui.domain.red_cells import FEWEST_EXAMINED, MOST_HINTED
from bloodcells_gui.domain.rules import DEFAULT_RULES, Rule
from bloodcells_gui.domain.tags import DEFAULT_TAGS, LONGEST_TAG
from bloodcells_gui.domain.taxonomy import BY_CODE, CLASSES, ROLLUPS
from bloodcells_gui.domain.validation import WHOLE_FILE, SettingProblem

SETTINGS_VERSION = 1


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """What stands at the head of every report. `logo` is the workstation's path of a PNG or JPEG file."""

    laboratory: str = field(default="", metadata=validation.text(120))
    address: tuple[str, ...] = field(default=(), metadata=validation.items(validation.text(120), 6))
    logo: str = field(default="", metadata=validation.at_workstation(validation.text(4096)))


@dataclass(frozen=True, slots=True)
class Privacy:
    """`retention_days` after its last act a case is past its time (0 = never); `anonymised_export` leaves out
    of every export what tells whose it is; `read_without_account`, where there are accounts, lets the windows
    be read by whoever has not signed in.
    """

    retention_days: int = field(default=0, metadata=validation.number(0, 36500, whole=True))
    anonymised_export: bool = field(default=False, metadata=validation.flag())
    read_without_account: bool = field(default=False, metadata=validation.flag())


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """The watched folder: whether, which, and how many seconds a file must be unchanged before it is read."""

    on: bool = field(default=False, metadata=validation.flag())
    folder: str = field(default="", metadata=validation.text(4096))
    settle_s: int = field(default=10, metadata=validation.number(2, 3600, whole=True))


CODES, WORDS = "codes", "words"


@dataclass(frozen=True, slots=True)
class CellPictures:
    """How cells are saved as pictures: on one `sheet` or a file each, class and number in the names."""

    sheet: bool = field(default=False, metadata=validation.flag())
    name_class: bool = field(default=True, metadata=validation.flag())
    name_number: bool = field(default=True, metadata=validation.flag())


NONE, ASK, BLOCK = "none", "ask", "block"
NEVER, LATER, ALWAYS = "never", "later", "always"
# What the counter does at the target.
STOP, RING, NEITHER = "stop", "ring", "neither"


def _check_rule() -> validation.Metadata:
    return validation.choice(NONE, ASK, BLOCK)


@dataclass(frozen=True, slots=True)
class SigningRules:
    """What is asked before a signature: "none", "ask" (an answer that the report prints) or "block".

    Attributes
    ----------
    unreviewed : str
        Fewer than `reviewed_percent` of the counted cells were decided on by a person.
    second_reading : str
        A second reading is begun and not complete, or differences are not settled.
    target, incomplete : str
        Fewer leukocytes than the target; an analysis that did not run to its end.
    critical : str
        "ask": critical findings must be answered, with who was told and when.
    critical_classes : tuple of str
        Classes that are a critical finding by themselves; critical review rules are one too.
    reason_on_change : str
        When changing a cell that a person decided on needs a reason: "never", "later" (another person's,
        older than ten minutes, or signed) or "always".
    look_first : str
        Cells that the program showed first wait for a person (`domain/suspicion.py`).
    """

    unreviewed: str = field(default=ASK, metadata=_check_rule())
    reviewed_percent: float = field(default=100.0, metadata=validation.number(0, 100))
    second_reading: str = field(default=ASK, metadata=_check_rule())
    target: str = field(default=ASK, metadata=_check_rule())
    incomplete: str = field(default=ASK, metadata=_check_rule())
    critical: str = field(default=ASK, metadata=validation.choice(NONE, ASK))
    critical_classes: tuple[str, ...] = field(
        default=("PMY", "BL"), metadata=validation.items(validation.choice(*BY_CODE), 20)
    )
    reason_on_change: str = field(default=LATER, metadata=validation.choice(NEVER, LATER, ALWAYS))
    look_first: str = field(default=ASK, metadata=_check_rule())


def _day() -> validation.Metadata:
    inner = validation.text(10)

    def parse(obj: Any, path: str, problems: list[SettingProblem]) -> Any:
        text = str(inner[validation.PARSER_KEY](obj, path, problems)).strip()
        try:
            return date.fromisoformat(text).isoformat() if text else ""
        except ValueError as error:
            raise InvalidValue("not a day (YYYY-MM-DD)") from error

    return {validation.PARSER_KEY: parse}


@dataclass(frozen=True, slots=True)
class QualityRules:
    """How films are followed over time (`domain/control_charts.py`).

    Attributes
    ----------
    days : int
        So many first days are the baseline of a chart.
    since, until : str
        Days (YYYY-MM-DD) that are the baseline instead; "" for none.
    controls : tuple of str
        Names of control slides: specimen numbers, or what they begin with.
    """

    days: int = field(default=20, metadata=validation.number(5, 365, whole=True))
    since: str = field(default="", metadata=_day())
    until: str = field(default="", metadata=_day())
    controls: tuple[str, ...] = field(default=(), metadata=validation.items(validation.text(60), 20))


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of the specimen or patient form.

    `name` is its key in `SpecimenData.fields`; the program itself understands wbc, wbc_corrected, sex, age,
    birth_date, collected_at, rbc, platelets_per_field and platelet_count. A field that is not `shown` is on
    no form; `identifying` ones stay out of anonymised exports.
    """

    name: str = field(metadata=validation.text(40))
    label: str = field(metadata=validation.text(80))
    group: str = field(default="specimen", metadata=validation.choice("patient", "specimen"))
    kind: str = field(default="text", metadata=validation.choice("text", "date", "number", "choice", "lines"))
    choices: tuple[str, ...] = field(default=(), metadata=validation.items(validation.text(60), 40))
    unit: str = field(default="", metadata=validation.text(20))
    shown: bool = field(default=True, metadata=validation.flag())
    in_report: bool = field(default=True, metadata=validation.flag())
    identifying: bool = field(default=False, metadata=validation.flag())

    def __post_init__(self) -> None:
        if not self.name.replace("_", "").isalnum():
            raise ValueError(N_("a field name has letters, digits and underscores only"))


DEFAULT_FIELDS: tuple[FieldSpec, ...] = (
    FieldSpec("patient_name", "Patient", "patient", identifying=True),
    FieldSpec("patient_id", "Patient number", "patient", identifying=True),
    FieldSpec("birth_date", "Date of birth", "patient", "date", identifying=True),
    FieldSpec("age", "Age", "patient", "number", unit=N_("years")),
    FieldSpec("sex", "Sex", "patient", "choice", ("", "F", "M")),
    FieldSpec("collected_at", "Collected", "specimen", "date"),
    FieldSpec("order_number", N_("Order number"), "specimen", identifying=True),
    FieldSpec("requester", "Requested by", "specimen", identifying=True),
    FieldSpec("clinical_information", "Clinical information", "specimen", "lines", identifying=True),
    FieldSpec("stain", "Stain", "specimen"),
    FieldSpec("wbc", "White cell count", "specimen", "number", unit="10⁹/L"),
    FieldSpec("wbc_corrected", "Analyser corrected for NRBC", "specimen", "choice", ("unknown", "yes", "no")),
    FieldSpec("rbc", "Red cell count", "specimen", "number", unit="10¹²/L", in_report=False),
    FieldSpec("platelets_per_field", "Platelets per oil field", "specimen", "number", in_report=False),
    FieldSpec(
        "platelet_count", N_("Platelet count, analyser"), "specimen", "number", unit="10⁹/L", in_report=False
    ),
    FieldSpec("analyser_flags", N_("Flags of the analyser"), "specimen"),
)
DEFAULT_COMMENTS: tuple[str, ...] = (
    N_("Automated pre-classification, reviewed by microscopy."),
    N_("Left shift."),
    N_("Toxic changes in neutrophils."),
    N_("Platelet clumps seen: repeat in citrate."),
    N_("Smudge cells present."),
    N_("Blasts seen: urgent haematologist review."),
    N_("Few cells on the smear: limits are wide."),
)
# Letters that commands of the review use; a class cannot have them.
RESERVED_KEYS: frozenset[str] = frozenset({"N", "U"})
DEFAULT_KEYS: tuple[tuple[str, str], ...] = tuple((c.code, c.key) for c in CLASSES)


# Nine have a digit as their key; more are chosen by name.
MOST_OFFERED = 30


def _tag() -> validation.Metadata:
    inner = validation.text(LONGEST_TAG)

    def parse(obj: Any, path: str, problems: list[SettingProblem]) -> Any:
        text = str(inner[validation.PARSER_KEY](obj, path, problems)).strip()
        if not text or ";" in text:
            raise InvalidValue("empty, or holds a semicolon")
        return text

    return {validation.PARSER_KEY: parse}


def _cluster() -> validation.Metadata:
    inner = validation.text(200)

    def parse(obj: Any, path: str, problems: list[SettingProblem]) -> Any:
        text = str(inner[validation.PARSER_KEY](obj, path, problems)).strip()
        try:
            return str(text and Cluster.parse(text) and text)
        except ValueError as error:
            raise InvalidValue("not local, local:N, tcp://HOST:PORT or tls://HOST:PORT") from error

    return {validation.PARSER_KEY: parse}


def _reader_matrix() -> validation.Metadata:
    def parse(obj: Any, _path: str, _problems: list[SettingProblem]) -> Any:
        return None if obj is None else matrix_from_json(obj)

    return {validation.PARSER_KEY: parse}


def _key_map() -> validation.Metadata:
    def parse(obj: Any, path: str, problems: list[SettingProblem]) -> Any:
        if not isinstance(obj, dict):
            raise InvalidValue("not a record")
        keys = dict(DEFAULT_KEYS)
        for code, key in obj.items():
            if code not in BY_CODE or not isinstance(key, str) or len(key) != 1 or not key.isprintable():
                problems.append(
                    SettingProblem(f"{path}.{str(code)[:20]}", Reason("not a class with one key"))
                )
            elif key.upper() in RESERVED_KEYS:
                taken = Reason("{key} is a key of the review", (("key", key.upper()),))
                problems.append(SettingProblem(f"{path}.{code}", taken))
            else:
                keys[code] = key.upper()
        if len(set(keys.values())) < len(keys) or " " in keys.values():
            raise InvalidValue("two classes share one key, or the space bar is used")
        return tuple(keys.items())

    return {validation.PARSER_KEY: parse}


@dataclass(frozen=True, slots=True)
class LabSettings:
    """Everything a laboratory can set.

    Where workstations share a database, all is the laboratory's but what is marked `at_workstation`.

    Attributes
    ----------
    version : int
        Of this layout.
    language, theme, paper : str
        "system" follows the desktop.
    csv : str
        Dialect of the tables that are exported ("rfc4180", "excel").
    csv_names : str
        Whether tables that the window writes have headers and classes in words of the language ("words"), or
        the keys and codes that scripts rely on ("codes"). The command line writes codes unless asked.
    rollup : str
        Which rows the differential shows ("full", "ten", "pbc8", "five").
    target_cells, target_counts : int, tuple of int
        Leukocytes to count before signing (0 = no target), and the steps offered (100, 200, 400).
    counter_at_target : str
        Whether the counter of hand counts takes no further leukocyte at the target ("stop", which rings too),
        rings ("ring") or does "neither".
    abstention : float or None
        Probability below which a cell waits as Unidentified; None keeps each model's own threshold.
    nrbc_threshold : float
        NRBC per 100 WBC from which the white cell count is corrected.
    left_shift_bands_percent : float
        Bands from this share on raise the left-shift remark.
    count_cut_left_top : bool
        On fields and slides, whether cells that only the left or top edge cuts count; those that the right or
        bottom edge cuts never do (a counting frame). For analyses to come.
    platelet_factor : float
        10^9/L per platelet of an oil-immersion field (15 to 20).
    range_set : str
        "oxford", "uk", "labcorp" or "own".
    cell_tags : tuple of str
        Tags that are offered for cells (`domain/tags.py`), the first nine under the digits 1 to 9.
    rare_cells : RareSearch
        What a search for rare cells looks for, and how far it goes.
    red_cells : bool
        Whether analyses of fields and slides examine red cells; off until a person turns it on.
    red_cell_count : int
        So many whole red cells are examined on a slide at least, where it has them; of fields all are.
    reader_matrix : ReaderMatrix or None
        The laboratory's confusion matrix, where reports give limits that include it.
    lab_database : str
        Address of the laboratory's database, by which several workstations share cases; "" for one alone.
    cluster : str
        Where this workstation hands analyses over (see :class:`~.distribution.Cluster`); "" for nowhere.
    cases_folder : str
        Where this workstation has the laboratory's folder of cases; "" as the database names it.
    """

    version: int = field(default=SETTINGS_VERSION, metadata=validation.number(1, 1000, whole=True))
    language: str = field(
        default="system", metadata=validation.at_workstation(validation.choice("system", "en", "fr"))
    )
    theme: str = field(
        default="system", metadata=validation.at_workstation(validation.choice("system", "light", "dark"))
    )
    paper: str = field(default="a4", metadata=validation.choice("a4", "letter"))
    csv: str = field(default="rfc4180", metadata=validation.choice(*CSV_DIALECTS))
    csv_names: str = field(default=WORDS, metadata=validation.choice(CODES, WORDS))
    rollup: str = field(default="full", metadata=validation.choice(*ROLLUPS))
    target_cells: int = field(default=100, metadata=validation.number(0, 100_000, whole=True))
    target_counts: tuple[int, ...] = field(
        default=(100, 200, 400), metadata=validation.items(validation.number(1, 100_000, whole=True), 10)
    )
    reviewer: str = field(default="", metadata=validation.at_workstation(validation.text(80)))
    count_sound: bool = field(default=True, metadata=validation.at_workstation(validation.flag()))
    counter_at_target: str = field(default=RING, metadata=validation.choice(STOP, RING, NEITHER))
    abstention: float | None = field(default=None, metadata=validation.number(0, 1, optional=True))
    keys: tuple[tuple[str, str], ...] = field(default=DEFAULT_KEYS, metadata=_key_map())
    nrbc_threshold: float = field(default=5.0, metadata=validation.number(0, 1000))
    left_shift_bands_percent: float = field(default=10.0, metadata=validation.number(0, 100))
    count_cut_left_top: bool = field(default=True, metadata=validation.flag())
    platelet_factor: float = field(default=15.0, metadata=validation.number(1, 100))
    range_set: str = field(default="oxford", metadata=validation.choice(*PUBLISHED, OWN))
    own_ranges: tuple[Range, ...] = field(default=(), metadata=validation.records(Range))
    rules: tuple[Rule, ...] = field(
        default=DEFAULT_RULES, metadata=validation.records(Rule, DEFAULT_RULES, "id")
    )
    header: ReportHeader = field(default=ReportHeader(), metadata=validation.group(ReportHeader))
    fields: tuple[FieldSpec, ...] = field(
        default=DEFAULT_FIELDS, metadata=validation.records(FieldSpec, DEFAULT_FIELDS, "name", 60)
    )
    comments: tuple[str, ...] = field(
        default=DEFAULT_COMMENTS, metadata=validation.items(validation.text(1000, multiline=True), 200)
    )
    cell_tags: tuple[str, ...] = field(default=DEFAULT_TAGS, metadata=validation.items(_tag(), MOST_OFFERED))
    grading: tuple[GradeItem, ...] = field(
        default=DEFAULT_GRADING, metadata=validation.records(GradeItem, DEFAULT_GRADING, "id", 200)
    )
    signing: SigningRules = field(default=SigningRules(), metadata=validation.group(SigningRules))
    privacy: Privacy = field(default=Privacy(), metadata=validation.group(Privacy))
    quality: QualityRules = field(default=QualityRules(), metadata=validation.group(QualityRules))
    watch: WatchSettings = field(
        default=WatchSettings(), metadata=validation.at_workstation(validation.group(WatchSettings))
    )
    cell_pictures: CellPictures = field(
        default=CellPictures(), metadata=validation.at_workstation(validation.group(CellPictures))
    )
    thumbnails_per_class: int = field(default=27, metadata=validation.number(0, 400, whole=True))
    gradcam_in_report: int = field(default=6, metadata=validation.number(0, 60, whole=True))
    rare_cells: RareSearch = field(default=DEFAULT_SEARCH, metadata=validation.group(RareSearch))
    red_cells: bool = field(default=False, metadata=validation.flag())
    red_cell_count: int = field(
        default=FEWEST_EXAMINED, metadata=validation.number(FEWEST_EXAMINED, MOST_HINTED, whole=True)
    )
    reader_matrix: ReaderMatrix | None = field(default=None, metadata=_reader_matrix())
    lab_database: str = field(default="", metadata=validation.at_workstation(validation.text(400)))
    cluster: str = field(default="", metadata=validation.at_workstation(_cluster()))
    cases_folder: str = field(default="", metadata=validation.at_workstation(validation.text(4096)))

    @property
    def key_map(self) -> dict[str, str]:
        """Class code -> key."""
        return dict(self.keys)

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The ranges in force."""
        return self.own_ranges if self.range_set == OWN else PUBLISHED[self.range_set].ranges


def parse(obj: object) -> tuple[LabSettings, list[SettingProblem]]:
    """Settings from a JSON object, and what fell back to its default (empty when all was sound)."""
    problems: list[SettingProblem] = []
    try:
        result: LabSettings = validation.parse_record(LabSettings, obj, "", problems)
    except ValueError as error:
        return LabSettings(), [SettingProblem("settings.json", reason_of(error), WHOLE_FILE)]
    if result.version > SETTINGS_VERSION:
        problems.append(SettingProblem("version", Reason("written by a newer version of the program")))
    return result, problems


def to_json_obj(settings: LabSettings) -> dict[str, Any]:
    """Plain JSON types; `parse` gives the same settings back."""
    obj: dict[str, Any] = validation.dump(settings)
    obj["version"] = SETTINGS_VERSION
    obj["keys"] = dict(settings.keys)
    obj["reader_matrix"] = settings.reader_matrix and settings.reader_matrix.to_json_obj()
    return obj
