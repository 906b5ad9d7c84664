"""Verbs and options of the command line (contract: docs/command-line.md)."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bloodcells_gui import __version__
from bloodcells_gui.cli import accounts_parser, connecting_parser
from bloodcells_gui.cli.complaints import (
    BAD_SIDE,
    BAD_THREADS,
    NEGATIVE,
    NO_CLUSTER,
    NO_SHARD,
    NO_SIZE,
    NOT_POSITIVE,
    NOT_WHOLE,
    Parser,
    complaint,
)
from bloodcells_gui.domain.csv_text import CSV_DIALECTS
from bloodcells_gui.domain.distribution import Cluster, Shard
from bloodcells_gui.domain.i18n import LANGUAGES, N_
from bloodcells_gui.domain.number_parsing import number_of
from bloodcells_gui.domain.settings import CODES, WORDS
from bloodcells_gui.domain.taxonomy import ROLLUPS

KINDS = ("auto", "crops", "fields", "slide")
VERB_NAMES = (
    "gui", "analyze", "report", "verify", "evaluate", "site-check", "calibrate", "demo", "models", "lab",
    "message", "outbox", "connect", "self-test",
)  # fmt: skip

# The type of argparse has no public name.
Verbs = Any


def _positive(text: str) -> float:
    value = number_of(text)
    if value is None or value <= 0:
        raise argparse.ArgumentTypeError(complaint(NOT_POSITIVE, text))
    return value


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", text.strip()):  # `int` would take 1_000 too
        raise argparse.ArgumentTypeError(complaint(NOT_WHOLE, text))
    return int(text)


def _count(text: str) -> int:
    value = _whole(text)
    if value < 0:
        raise argparse.ArgumentTypeError(complaint(NEGATIVE, text))
    return value


def _threads(text: str) -> int:
    value = _whole(text)
    if not 1 <= value <= 64:
        raise argparse.ArgumentTypeError(BAD_THREADS)
    return value


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as e:
        raise argparse.ArgumentTypeError(complaint(NO_SHARD, text)) from e


def _cluster(text: str) -> Cluster:
    try:
        return Cluster.parse(text)
    except ValueError as e:
        raise argparse.ArgumentTypeError(complaint(NO_CLUSTER, text)) from e


def _size(text: str) -> tuple[int, int]:
    parts = text.lower().split("x")
    try:
        width, height = (int(p) for p in parts)
    except ValueError as e:
        raise argparse.ArgumentTypeError(complaint(NO_SIZE, text)) from e
    if not (64 <= width <= 400_000 and 64 <= height <= 400_000):
        raise argparse.ArgumentTypeError(BAD_SIDE)
    return width, height


def build_parser(lang: str = "en") -> Parser:
    """The command line's grammar, its help and its complaints in `lang`."""
    parser = Parser(
        prog="bloodcells",
        description=N_(
            "Reads blood smears locally: finds, segments and classifies the cells, for review "
            "and report. For Research Use Only. Not for use in diagnostic procedures."
        ),
    )
    parser.add_argument("--version", action="version", version=f"bloodcells {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    _add_gui(verbs)
    _add_analyze(verbs)
    _add_report(verbs)
    _add_verify(verbs)
    _add_evaluate(verbs)
    _add_site_check(verbs)
    _add_calibrate(verbs)
    _add_demo(verbs)
    _add_models(verbs)
    _add_lab(verbs)
    connecting_parser.add_verbs(verbs)

    _add_lang(verbs.add_parser("self-test", help=N_("every part works on this machine")))
    for p in verbs.choices.values():
        if not any(
            p is verbs.choices[name] for name in ("lab", "outbox", "connect")
        ):  # their actions have it
            _add_verbose(p)
    parser.speak(lang)
    return parser


def asked_language(argv: Sequence[str]) -> str:
    """The language that a command asks for, known before it is understood: mistakes are told in it."""
    for word, following in zip(argv, [*argv[1:], ""], strict=False):
        value = word.removeprefix("--lang=") if word.startswith("--lang=") else following
        if word.startswith("--lang") and value in LANGUAGES:
            return value
    return "en"


def _add_gui(verbs: Verbs) -> None:
    p = verbs.add_parser("gui", help=N_("open the window"))
    p.add_argument(
        "path", nargs="?", type=Path, metavar="PATH", help=N_("folder, slide, image or case to open")
    )
    p.add_argument("--screenshot", type=Path, metavar="PNG", help=N_("draw PATH offscreen and exit"))
    p.add_argument("--lang", choices=LANGUAGES)
    p.add_argument("--theme", choices=("light", "dark"))


def _add_analyze(verbs: Verbs) -> None:
    p = verbs.add_parser("analyze", help=N_("the main job without a window"))
    p.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help=N_("a folder or file is one specimen")
    )
    _add_out(p)
    p.add_argument("--kind", choices=KINDS, default="auto")
    p.add_argument("--mpp", type=_positive, metavar="UM", help=N_("um per pixel; overrides everything else"))
    p.add_argument("--target-cells", type=_count, metavar="N",
                   help=N_("leukocytes to find; 0 = all (default: 0; 200 for a slide)"))  # fmt: skip
    _add_taxonomy(p)
    p.add_argument("--wbc", type=_positive, metavar="X", help=N_("leukocyte count, 10^9/L"))
    p.add_argument("--wbc-corrected", choices=("yes", "no", "unknown"), default="unknown",
                   help=N_("whether the analyser corrected WBC for NRBC already"))  # fmt: skip
    p.add_argument("--specimen-id", default="", metavar="TEXT")
    _add_bundle(p)
    p.add_argument("--profile", default="", metavar="NAME", help=N_("this laboratory's calibration"))
    p.add_argument("--save-masks", action="store_true", help=N_("write masks/ (1 cytoplasm, 2 nucleus)"))
    p.add_argument("--resume", action="store_true", help=N_("continue the unfinished case in DIR"))
    places = p.add_mutually_exclusive_group()
    several = N_("images of several folders, or several slides, are one specimen")
    places.add_argument("--one-specimen", action="store_true", help=several)
    each = N_("each first folder of INPUT, and each slide in it, is a specimen")
    places.add_argument("--each-folder", action="store_true", help=each)
    p.add_argument("--threads", type=_threads, metavar="N")
    p.add_argument("--shard", type=_shard, metavar="I/N",
                   help=N_("this part of the specimens alone, for job arrays"))  # fmt: skip
    workers = N_("one task a specimen, on workers of this computer or of a Dask cluster")
    p.add_argument("--cluster", type=_cluster, metavar="local[:N]|tcp://HOST:PORT", help=workers)
    _add_report_options(p)
    _add_csv_names(p)
    p.add_argument(
        "--xlsx", action="store_true", help=N_("summary.xlsx, too: a workbook with a row a specimen")
    )
    _add_reader_limits(p)
    p.add_argument("--rare-cells", action="store_true",
                   help=N_("search the whole film for cells that matter when they are few"))  # fmt: skip
    examined = N_("examine the red cells of fields and slides (default: the setting, which is no)")
    p.add_argument("--red-cells", choices=("yes", "no"), help=examined)
    listed = N_("write every examined red cell to red_cells_list.csv; implies --red-cells yes")
    p.add_argument("--save-red-cells", action="store_true", help=listed)
    p.add_argument("--json-progress", action="store_true", help=N_("one JSON object a line on stderr"))
    p.add_argument("--quiet", action="store_true")


def _add_report(verbs: Verbs) -> None:
    p = verbs.add_parser("report", help=N_("reports again from a saved case, review included"))
    p.add_argument("case", type=Path, metavar="CASE")
    _add_out(p)
    _add_taxonomy(p)
    _add_report_options(p)
    _add_csv_names(p)
    _add_reader_limits(p)
    p.add_argument("--save-masks", action="store_true")


def _add_verify(verbs: Verbs) -> None:
    p = verbs.add_parser("verify", help=N_("audit chain, hashes and signature of a case"))
    p.add_argument("case", type=Path, metavar="CASE")
    p.add_argument("--trail", type=Path, metavar="FILE", help=N_("export the audit trail (.csv or .jsonl)"))
    p.add_argument("--head", metavar="HASH",
                   help=N_("hash of the chain as printed on a report; it must be in the chain"))  # fmt: skip
    _add_lang(p)


def _add_evaluate(verbs: Verbs) -> None:
    p = verbs.add_parser("evaluate", help=N_("own validation: crops in sub-folders named by class"))
    p.add_argument("directory", type=Path, metavar="DIR")
    _add_out(p)
    p.add_argument("--mpp", type=_positive, metavar="UM")
    _add_bundle(p)
    p.add_argument("--profile", default="", metavar="NAME")
    p.add_argument("--threads", type=_threads, metavar="N")
    _add_report_options(p)
    p.add_argument("--quiet", action="store_true")


def _add_site_check(verbs: Verbs) -> None:
    p = verbs.add_parser(
        "site-check", help=N_("what a new laboratory may expect, from its unlabelled images")
    )
    p.add_argument("source", type=Path, metavar="DIR|CASE",
                   help=N_("20 fields or 200 crops; or their case, once its cells are named"))  # fmt: skip
    _add_out(p)
    p.add_argument("--kind", choices=KINDS[:3], default="auto")
    p.add_argument("--mpp", type=_positive, metavar="UM", help=N_("um per pixel; overrides everything else"))
    _add_bundle(p)
    several = N_("images of several folders, or several slides, are one specimen")
    p.add_argument("--one-specimen", action="store_true", help=several)
    p.add_argument("--threads", type=_threads, metavar="N")
    _add_report_options(p)
    p.add_argument("--quiet", action="store_true")


def _add_calibrate(verbs: Verbs) -> None:
    p = verbs.add_parser("calibrate", help=N_("fit this laboratory's profile from reviewed cells"))
    p.add_argument("words", nargs="+", metavar="DIR|CASE|list|use|remove",
                   help=N_("a folder by class, a reviewed case; or `list`, `use`, `remove`"))  # fmt: skip
    p.add_argument("--name", default="", metavar="NAME")
    _add_bundle(p)
    p.add_argument("--mpp", type=_positive, metavar="UM")
    p.add_argument("--threads", type=_threads, metavar="N")
    accounts_parser.add_account(p)
    _add_lang(p)


def _add_demo(verbs: Verbs) -> None:
    p = verbs.add_parser("demo", help=N_("the synthetic specimen, with truth.json"))
    _add_out(p)
    p.add_argument("--kind", choices=KINDS[1:], default="crops")
    p.add_argument("--size", type=_size, metavar="WxH")
    p.add_argument("--seed", type=_whole, default=1)
    p.add_argument("--cells", type=_count, metavar="N")
    shapes = N_("fields: red cells of every shape, with truth_red_cells.csv")
    p.add_argument("--red-cells", action="store_true", help=shapes)
    _add_lang(p)
    p.add_argument("--quiet", action="store_true")


def _add_models(verbs: Verbs) -> None:
    p = verbs.add_parser("models", help=N_("bundles, cards, hashes, golden tests"))
    p.add_argument("action", choices=("list", "verify"))
    p.add_argument("directory", nargs="?", type=Path, metavar="DIR")
    _add_lang(p)


def _add_verbose(p: argparse.ArgumentParser) -> None:
    p.add_argument("--verbose", action="store_true", help=N_("the lines of the log on stderr too"))


def _add_lab(verbs: Verbs) -> None:
    """`lab` and its actions."""
    lab = verbs.add_parser("lab", help=N_("the laboratory's data: backup, restore, database"))
    actions = lab.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action, does in (
        ("backup", N_("cases, work list, library, profiles and settings into one verified archive")),
        ("restore", N_("bring an archive back, where no other data are")),
    ):
        p = actions.add_parser(action, help=does)
        p.add_argument("archive", type=Path, metavar="ARCHIVE")
        if action == "restore":
            accounts_parser.add_account(p)
            p.add_argument("--into", type=Path, metavar="DIR",
                           help=N_("an empty folder instead of this workstation's"))  # fmt: skip
            p.add_argument("--database", default="", metavar="URL",
                           help=N_("bring back the laboratory's database alone, into this one"))  # fmt: skip
            p.add_argument("--replace", action="store_true",
                           help=N_("with --database: replace what it holds"))  # fmt: skip
        _add_lang(p)
        p.add_argument("--json-progress", action="store_true", help=N_("one JSON object a line on stderr"))
        p.add_argument("--quiet", action="store_true")
        _add_verbose(p)
    accounts_parser.add_actions(actions)
    init = actions.add_parser(
        "init", help=N_("make the database that workstations share, or bring it up to date")
    )
    init.add_argument("url", metavar="URL", help="postgresql://USER@HOST/DATABASE")
    init.add_argument("--cases", type=Path, metavar="FOLDER", help=N_("the laboratory's folder of cases"))
    status = actions.add_parser(
        "status", help=N_("health and versions of the database, and who is at which case")
    )
    status.add_argument("url", nargs="?", default="", metavar="URL", help=N_("default: that of the settings"))
    share = actions.add_parser(
        "share", help=N_("bring this workstation's own profiles and reference cells into the laboratory")
    )
    accounts_parser.add_account(share)
    for p in (init, status, share):
        _add_lang(p)
        _add_verbose(p)


def _add_lang(p: argparse.ArgumentParser) -> None:
    p.add_argument("--lang", choices=LANGUAGES, default=None)


def _add_out(p: argparse.ArgumentParser) -> None:
    p.add_argument("--out", type=Path, required=True, metavar="DIR")


def _add_bundle(p: argparse.ArgumentParser) -> None:
    p.add_argument("--bundle", type=Path, action="append", default=[], metavar="DIR", help=N_("repeatable"))


def _add_taxonomy(p: argparse.ArgumentParser) -> None:
    p.add_argument("--taxonomy", choices=tuple(ROLLUPS), default="full", help=N_("roll-up shown"))


def _add_report_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--paper", choices=("a4", "letter"), default=None)
    _add_lang(p)
    p.add_argument("--csv", choices=CSV_DIALECTS, default="rfc4180",
                   help=N_("excel: for spreadsheets, with the separators of the language"))  # fmt: skip


def _add_csv_names(p: argparse.ArgumentParser) -> None:
    p.add_argument("--csv-names", choices=(CODES, WORDS), default=CODES,
                   help=N_("words: headers and classes of the tables in words of the language"))  # fmt: skip


def _add_reader_limits(p: argparse.ArgumentParser) -> None:
    p.add_argument("--reader-limits", default="", metavar="EVALUATION.json",
                   help=N_("limits that include the program's misnaming, by the laboratory's own evaluation; "
                           "`profile`: by that of the profile in use"))  # fmt: skip


def language(args: argparse.Namespace) -> str:
    """The language asked for, English otherwise."""
    return getattr(args, "lang", None) or "en"
