"""Composition root: the window without a verb or with `gui`, the command line otherwise."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

# Work is spread over cores in whole batches of cells; threads inside small matrix products would only get in
# each other's way (several times slower on a busy machine). Before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of `bloodcells` and of `python -m bloodcells_gui`; returns the exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args[:1] == ["--decode-images"]:  # the packaged program started itself as a decoder child
        from bloodcells_gui.imaging.io.sandbox.child import main as decode_images

        decode_images(args[1])
    if args[:1] == ["--try-bundle"]:  # ... or as the trial of a model bundle
        from bloodcells_gui.app.bundle_trial import main as try_bundle

        try_bundle(*args[1:3])
    if not args or args[0] == "gui":
        from bloodcells_gui.app.display_check import refuse_without_display
        from bloodcells_gui.cli.parser import build_parser, language
        from bloodcells_gui.cli.terminal import problem
        from bloodcells_gui.domain.errors import UserError

        parsed = build_parser().parse_args(args or ["gui"])
        try:
            refuse_without_display(offscreen=parsed.screenshot is not None)
        except UserError as error:
            problem(error, language(parsed))
            return error.exit_code
        from bloodcells_gui.ui.start import start

        return start(
            parsed.path,
            screenshot=parsed.screenshot,
            lang=parsed.lang,
            theme=parsed.theme,
            verbose=parsed.verbose,
        )
    try:
        from bloodcells_gui.cli import run
        from bloodcells_gui.cli.terminal import show_faults_clean

        show_faults_clean()
        return run(args)
    except KeyboardInterrupt:  # before a verb listens for it, or after
        return 130


if __name__ == "__main__":
    sys.exit(main())
