"""What each verb does: read the arguments, call the application layer, print."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.cli import connecting
from bloodcells_gui.cli.accounts import accounts_verb, identified
from bloodcells_gui.cli.parser import language
from bloodcells_gui.cli.progress import ProgressPrinter
from bloodcells_gui.cli.terminal import line, problem, restore_signal_handlers, sentence, take_signals
from bloodcells_gui.domain.errors import EXIT_CANCELLED, EXIT_NOTHING_READABLE, EXIT_USAGE, UserError
from bloodcells_gui.domain.formatting import labelled, remark_text
from bloodcells_gui.domain.i18n import N_, Reason, plural, tr
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.remarks import TARGET_RULE
from bloodcells_gui.domain.run_messages import remarks_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bloodcells_gui.app.batch import AnalyzeRequest, Outcome


@contextmanager
def cancel_on_interrupt() -> Iterator[CancelToken]:
    """A token that Ctrl+C, a polite kill or a closed terminal cancels; the same asked twice stops at once.

    A terminal that closes may say so several times (itself, and its shell): that is never taken for haste.
    """
    token = CancelToken()
    seen: set[int] = set()

    def stop(number: int, _frame: object) -> None:
        if number in seen and number != getattr(signal, "SIGHUP", None):
            raise KeyboardInterrupt
        seen.add(number)
        token.cancel()

    old = take_signals(stop)
    try:
        yield token
    finally:
        restore_signal_handlers(old)


def _print(args: argparse.Namespace, text: str, **params: object) -> None:
    if not getattr(args, "quiet", False):
        print(sentence(text, language(args), params))


def _counted(template: str, n: int) -> Reason:
    """A count as part of a sentence."""
    return Reason(template, (("n", n),))


def _print_setting_problems(args: argparse.Namespace) -> None:
    """Name the settings that are not used: a default in their place may change what is counted."""
    from bloodcells_gui.app.workspace import setting_problems

    for wrong in setting_problems():
        line(f"bloodcells: {wrong.text(language(args))}", file=sys.stderr)


def analyze(args: argparse.Namespace) -> int:
    """The main job without a window."""
    from bloodcells_gui.app.batch import analyze_all

    _print_setting_problems(args)
    printer = ProgressPrinter.chosen(json_progress=args.json_progress, quiet=args.quiet, lang=language(args))
    remarks: list[Reason] = []
    with cancel_on_interrupt() as token, printer:
        outcomes = analyze_all(_request(args), token=token, progress=printer.show, remark=remarks.append)
    for remark in remarks:
        print(remark.text(language(args)), file=sys.stderr)
    for outcome in outcomes:
        _print_outcome(args, outcome)
    nothing_to_do = 0 if args.shard is not None else EXIT_USAGE  # there may be more shards than specimens
    code = max((o.exit_code for o in outcomes), default=nothing_to_do)
    if args.cluster is not None and token.cancelled:
        line(tr(_STOPPED_CLUSTER, language(args)), file=sys.stderr)
    return EXIT_CANCELLED if token.cancelled and (code == 0 or not outcomes) else code


_STOPPED_CLUSTER = N_(
    "Stopped: the specimens that ended are kept; the same command with --resume does the others."
)


def _request(args: argparse.Namespace) -> AnalyzeRequest:
    from bloodcells_gui.app.batch import AnalyzeRequest

    return AnalyzeRequest(
        inputs=tuple(args.inputs),
        out=args.out,
        kind=args.kind,
        mpp=args.mpp,
        target_cells=args.target_cells,
        taxonomy=args.taxonomy,
        wbc=args.wbc,
        wbc_corrected=args.wbc_corrected,
        specimen_id=args.specimen_id,
        bundles=tuple(args.bundle),
        profile=args.profile,
        save_masks=args.save_masks,
        resume=args.resume,
        one_specimen=args.one_specimen,
        each_folder=args.each_folder,
        threads=args.threads,
        paper=args.paper,
        lang=language(args),
        csv=args.csv,
        csv_names=args.csv_names,
        xlsx=args.xlsx,
        reader_limits=args.reader_limits,
        rare_cells=args.rare_cells,
        red_cells=None if args.red_cells is None else args.red_cells == "yes",
        save_red_cells=args.save_red_cells,
        shard=args.shard,
        cluster=args.cluster,
    )


def _print_outcome(args: argparse.Namespace, outcome: Outcome) -> None:
    if outcome.error is not None:
        problem(outcome.error, language(args))
        return
    _print(
        args,
        "{specimen}: {cells}, {unidentified}, {skipped}, and {others} (skipped.csv). Report: {report}",
        specimen=outcome.specimen,
        cells=_counted(plural("{n} cell", "{n} cells"), outcome.cells),
        unidentified=_counted(plural("{n} unidentified", "{n} unidentified"), outcome.unidentified),
        skipped=_counted(
            plural("{n} file left out", "{n} files left out"), outcome.skipped - outcome.no_photographs
        ),
        others=_counted(
            plural("{n} that is no photograph", "{n} that are no photographs"), outcome.no_photographs
        ),
        report=outcome.out / "report.pdf",
    )
    if outcome.remarks:
        _print(args, "{notice}", notice=remarks_text(outcome.remarks, language(args)))
    for told in (*outcome.rare, *outcome.red_cells):
        _print(args, "{notice}", notice=told)
    table = outcome.differential
    for remark in table.remarks if table is not None else ():
        if remark.rule == TARGET_RULE:
            _print(args, "{notice}", notice=remark_text(remark, language(args)))
    ended = _ENDED.get(outcome.exit_code)
    if ended is not None:
        line(tr(ended, language(args)), file=sys.stderr)


_ENDED = {
    EXIT_CANCELLED: N_("Stopped: what was found is kept and stamped incomplete."),
    EXIT_NOTHING_READABLE: (
        N_(
            "Incomplete: the images went out of reach. What was found is kept and stamped incomplete; once "
            "they are back, the same command with --resume goes on."
        )
    ),
}


def report(args: argparse.Namespace) -> int:
    """Reports again from a saved case."""
    from bloodcells_gui.app.batch import report_again

    _print_setting_problems(args)
    files = report_again(
        args.case, args.out, taxonomy=args.taxonomy, paper=args.paper, lang=language(args),
        save_masks=args.save_masks, csv=args.csv, csv_names=args.csv_names, reader_limits=args.reader_limits,
    )  # fmt: skip
    for file in files:
        line(file)
    return 0


def verify(args: argparse.Namespace) -> int:
    """Audit chain, hashes and signature of a case."""
    from bloodcells_gui.app.batch import verify_case

    ok, lines = verify_case(args.case, trail=args.trail, head=args.head, lang=language(args))
    for text in lines:
        line(text)
    return 0 if ok else 1


def evaluate(args: argparse.Namespace) -> int:
    """The laboratory's own validation."""
    from bloodcells_gui.app.evaluate import EvaluateRequest, evaluate_folder

    printer = ProgressPrinter.chosen(json_progress=False, quiet=args.quiet, lang=language(args))
    request = EvaluateRequest(
        args.directory, args.out, args.mpp, tuple(args.bundle), args.profile, args.threads,
        args.paper or "a4", language(args), args.csv,
    )  # fmt: skip
    with cancel_on_interrupt() as token, printer:
        lines = evaluate_folder(request, token=token, progress=printer.show)
    for text in lines:
        _print(args, "{line}", line=text)
    return 0


def site_check(args: argparse.Namespace) -> int:
    """What a new laboratory may expect, and what became of it."""
    from bloodcells_gui.app.site_check_files import SiteCheckRequest
    from bloodcells_gui.app.site_check_files import site_check as check

    printer = ProgressPrinter.chosen(json_progress=False, quiet=args.quiet, lang=language(args))
    request = SiteCheckRequest(
        args.source, args.out, args.kind, args.mpp, tuple(args.bundle), args.one_specimen, args.threads,
        args.paper, language(args), args.csv,
    )  # fmt: skip
    with cancel_on_interrupt() as token, printer:
        lines = check(request, token=token, progress=printer.show)
    for text in lines:
        _print(args, "{line}", line=text)
    return 0


def calibrate(args: argparse.Namespace) -> int:
    """Fit, list, choose or remove this laboratory's profiles."""
    from bloodcells_gui.app import calibration_cells as app

    accounts = identified(args)
    first = args.words[0]
    if first in {"list", "use", "remove"} and not Path(first).exists():
        name = args.name or (args.words[1] if len(args.words) > 1 else "")
        lines = app.manage(first, name, language(args), accounts)
    else:
        if not args.name:
            raise UserError("A profile needs a name.", "", "Add --name NAME.")
        with cancel_on_interrupt() as token:
            lines = app.calibrate_from(
                Path(first), args.name, tuple(args.bundle), mpp=args.mpp, threads=args.threads, token=token,
                lang=language(args), accounts=accounts,
            )  # fmt: skip
    for text in lines:
        line(text)
    return 0


def demo(args: argparse.Namespace) -> int:
    """The synthetic specimen."""
    from bloodcells_gui.app.demo import make_demo

    printer = ProgressPrinter.chosen(json_progress=False, quiet=args.quiet, lang=language(args))
    made = make_demo(
        args.kind,
        args.out,
        size_px=args.size,
        seed=args.seed,
        cells=args.cells,
        progress=printer.show,
        every_red_cell=args.red_cells,
    )
    printer.end()
    _print(args, "A synthetic specimen ({kind}) is in {path}.", kind=tr(args.kind, language(args)), path=made)
    return 0


def models(args: argparse.Namespace) -> int:
    """Bundles, cards, hashes, golden tests."""
    from bloodcells_gui.app.models import list_models, verify_models

    if args.action == "list":
        for text in list_models(args.directory, language(args)):
            line(text)
        return 0
    ok, checks = verify_models(args.directory, language(args))
    for check in checks:
        line(check.line)
    return 0 if ok else 4


def lab(args: argparse.Namespace) -> int:
    """Backup of the workstation and its return; the database that workstations share."""
    from bloodcells_gui.app.backup import Workstation

    if args.action in ("init", "status", "share"):
        return _lab_database(args)
    if args.action == "accounts":
        return accounts_verb(args)

    printer = ProgressPrinter.chosen(json_progress=args.json_progress, quiet=args.quiet, lang=language(args))
    accounts = identified(args) if args.action == "restore" else None
    workstation = Workstation(accounts=accounts)
    with cancel_on_interrupt() as token, printer:
        if args.action == "backup":
            done = workstation.back_up(args.archive, token=token, progress=printer.show)
        elif args.database:
            done = workstation.restore_laboratory(
                args.archive, args.database, replace=args.replace, token=token
            )
        else:
            done = workstation.restore(args.archive, into=args.into, token=token, progress=printer.show)
    for text in done.lines(language(args)):
        _print(args, "{line}", line=text)
    for text in done.problem_lines(language(args)):
        line(text, file=sys.stderr)
    return 0 if done.complete else 1


def _lab_database(args: argparse.Namespace) -> int:
    from bloodcells_gui.app.lab_database import init, status
    from bloodcells_gui.app.lab_joining import bring_in_from_here

    lang = language(args)
    if args.action == "share":
        lines = bring_in_from_here(lang, identified(args))
    else:
        lines = init(args.url, lang, args.cases) if args.action == "init" else status(args.url, lang)
    for text in lines:
        line(text)
    return 0


def self_test(args: argparse.Namespace) -> int:
    """Every part works on this machine."""
    from bloodcells_gui.app.selftest import run_self_test

    ok = True
    for name, passed, detail in run_self_test(language(args)):
        ok &= passed
        said = labelled(name, detail, language(args)) if detail else name
        line(f"{'ok  ' if passed else 'FAIL'}  {said}")
    return 0 if ok else 1


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "analyze": analyze,
    "report": report,
    "verify": verify,
    "evaluate": evaluate,
    "site-check": site_check,
    "calibrate": calibrate,
    "demo": demo,
    "models": models,
    "lab": lab,
    "message": connecting.message,
    "outbox": connecting.outbox,
    "connect": connecting.connect,
    "self-test": self_test,
}
