"""Open a bundle from elsewhere in a child process with limits before the program loads it.

A small file can ask for any amount of memory or time (a tensor of 40 GB is a few bytes of an ONNX graph). The
child opens every network of the bundle and runs its golden tests; only then does this process open it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import bloodcells_gui
from bloodcells_gui.domain.errors import BundleRefused, system_reason

VERB = "--try-bundle"
"""First argument that makes the packaged program a trial of a bundle."""
MEMORY_BYTES = 3 * 1024**3
"""What loading and running may use beyond the bare child: twenty times what the program's own models take."""
SECONDS = 60.0
_LONGEST_ANSWER = 64_000
_log = logging.getLogger(__name__)


class NetworkCheck(NamedTuple):
    """What was found of one network of a bundle.

    `outcome` is "ok", "skip" (not used on this machine), "auto" (which network analyses use), "note" (what a
    classifier never proposes) or "FAIL", the same in every language; `text` is a sentence in the language
    that was asked for.
    """

    outcome: str
    text: str

    @property
    def line(self) -> str:
        """The line that `models verify` prints."""
        return f"{self.outcome:<6}{self.text}"


def try_bundle(folder: Path, lang: str = "en") -> list[NetworkCheck]:
    """Open a bundle and run its golden tests in a child process.

    Returns
    -------
    list of NetworkCheck
        One a network, and one "auto", in `lang`.

    Raises
    ------
    BundleRefused
        With the child's reason, or because it took too much memory or time.
    """
    options: dict[str, Any] = {}
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NO_WINDOW
    try:
        done = subprocess.run(
            [*_command(), str(folder), lang],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS,
            check=False, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, **options,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        _log.warning("the trial of a model bundle was stopped after %.0f s", SECONDS)
        raise _too_much(folder) from None
    except OSError as error:
        raise _refused(folder, "It could not be tried: {error}.", error=system_reason(error)) from error
    answer = None
    with suppress(ValueError):
        answer = json.loads(done.stdout[:_LONGEST_ANSWER].decode("utf-8", "replace"))
    match answer:
        case {"checks": list(checks)} if all(isinstance(c, list) and len(c) == 2 for c in checks):
            return [NetworkCheck(str(outcome), str(text)) for outcome, text in checks]
        case {"refused": [str(what), str(why), str(advice)], "params": dict(params)}:
            raise BundleRefused(what, why, advice, **{str(k): str(v) for k, v in params.items()})
    _log.warning("the trial of a model bundle ended without an answer: exit code %d", done.returncode)
    raise _too_much(folder)


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, VERB]
    root = str(Path(bloodcells_gui.__file__).resolve().parent.parent)
    code = (
        f"import sys; sys.path.insert(0, {root!r})\n"
        "from bloodcells_gui.app.bundle_trial import main; main(*sys.argv[1:3])"
    )
    return [sys.executable, "-c", code]


def _refused(folder: Path, why: str, **params: object) -> BundleRefused:
    return BundleRefused(
        "The model bundle in {folder} was refused.",
        why,
        "Install the program again, or take the bundle from its source once more.",
        folder=folder,
        **params,
    )


def _too_much(folder: Path) -> BundleRefused:
    return _refused(
        folder,
        "Its networks need more than {memory} GB of memory or {seconds} s of time, or they end the process.",
        memory=MEMORY_BYTES // 1024**3,
        seconds=round(SECONDS),
    )


def main(folder: str, lang: str = "en") -> NoReturn:
    """Try the bundle in `folder` and print the outcome as JSON; the child's entry point."""
    from bloodcells_gui.app.models import check_networks
    from bloodcells_gui.inference.bundle import load_bundle

    _limit()
    try:
        answer: dict[str, object] = {"checks": check_networks(load_bundle(Path(folder)), lang)}
    except BundleRefused as error:
        answer = {
            "refused": [error.what, error.why, error.what_to_do],
            "params": {k: str(v) for k, v in error.params.items()},
        }
    except MemoryError:
        os._exit(1)
    except Exception as error:  # what a network fails with is onnxruntime's, OpenCV's or NumPy's own
        answer = {
            "refused": [
                "The model bundle in {folder} was refused.",
                "It could not be tried: {error}.",
                "Install the program again, or take the bundle from its source once more.",
            ],
            "params": {"folder": folder, "error": f"{type(error).__name__}: {error}"[:300]},
        }
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)


def _limit() -> None:
    """No core dump, no written file, limited memory and processor time (on Windows the clock alone)."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        seconds = round(SECONDS)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        if sys.platform == "linux":  # macOS does not honour it
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            limit = pages * resource.getpagesize() + MEMORY_BYTES
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
