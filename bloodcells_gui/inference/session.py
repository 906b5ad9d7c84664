"""The only door to onnxruntime: provider, precision, threads, cancellation, golden tests."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.errors import BundleRefused, Cancelled
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.log_values import Digest, Word
from bloodcells_gui.inference.bundle import TASKS, ModelBundle
from bloodcells_gui.inference.golden import GoldenMissing, difference, network_golden
from bloodcells_gui.inference.processor import int8_unit

# Since 1.32 the library writes a device id and usage events into the user's cache and uploads them later.
# Only this variable, set before the library is loaded, keeps it from even making the files.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort

ort.disable_telemetry_events()

CPU = "CPUExecutionProvider"
# In order of preference; the plain wheel brings the processor alone. A provider that fails the golden test,
# for instance because it computes in 16 bits, is passed over.
ACCELERATORS = (
    "CUDAExecutionProvider", "ROCMExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider",
)  # fmt: skip
PROVIDERS = (CPU, *ACCELERATORS)
PRECISIONS = ("fp32", "int8", "auto")
_log = logging.getLogger(__name__)
# Providers whose sessions take one call at a time.
_ONE_AT_A_TIME = frozenset({"DmlExecutionProvider"})
# One MatMulInteger of a uint8 by an int8 matrix; tests/inference/test_session_precision.py builds it again.
_INT8_PRODUCT = bytes.fromhex(
    "08083a620a180a01610a0162120179220d4d61744d756c496e74656765721201675a150a016112100a0e0802120a0a0312016e0a03"
    "12016b5a150a016212100a0e0803120a0a0312016b0a0312016d62150a017912100a0e0806120a0a0312016e0a0312016d4202100d"
)


@lru_cache(maxsize=1)
def int8_is_exact() -> bool:
    """Whether onnxruntime's products of unsigned and signed bytes do not overflow on this processor."""
    a, b = np.full((8, 64), 255, np.uint8), np.full((64, 16), 127, np.int8)
    try:
        session = ort.InferenceSession(_INT8_PRODUCT, _options(1), providers=[CPU])
        (found,) = session.run(["y"], {"a": a, "b": b})
    except Exception:  # onnxruntime raises its own untyped exceptions; without an answer fp32 is the safe one
        return False
    return bool(np.all(found == 64 * 255 * 127))


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to run a bundle: on which provider, which network, and why."""

    provider: str
    precision: str
    why: Reason


def choices(bundle: ModelBundle, wanted: str = "auto") -> list[Choice]:
    """Ways to run a bundle on this machine, best first; the last one is the safest.

    A precision that is asked for is kept. "auto" takes fp32 on accelerators, and on the processor what the
    card allows (:attr:`ModelBundle.auto_precision`) where the processor computes it exactly, else the card's
    default.
    """
    present = [p for p in ACCELERATORS if p in ort.get_available_providers()]
    if wanted != "auto":
        return [Choice(p, wanted, Reason("asked for")) for p in (*present, CPU)]
    default = str(bundle.card["default_model"])
    found = [
        Choice(p, "fp32" if "fp32" in bundle.models else default, Reason("an accelerator")) for p in present
    ]
    quick, why = bundle.auto_precision, Reason("its card's default")
    if quick and quick != default:
        allowed, why = int8_allowed() if quick == "int8" else (True, Reason("its card's wish"))
        if allowed:
            found.append(Choice(CPU, quick, why))
            why = Reason("{precision} failed its golden test on this machine", (("precision", quick),))
    return [*found, Choice(CPU, default, why)]


def int8_allowed() -> tuple[bool, Reason]:
    """Whether this processor runs INT8 networks fast and without overflow, and why or why not."""
    unit = int8_unit()
    if unit == "":
        return False, Reason("this processor has no VNNI, AMX-INT8 or dot-product instructions")
    if not int8_is_exact():
        return False, Reason("INT8 products overflow on this processor")
    if unit:
        return True, Reason("this processor has {unit}", (("unit", unit),))
    return True, Reason("INT8 products are exact on this processor")


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return options


class OnnxSession:
    """A verified network, ready to run; thread-safe.

    Parameters
    ----------
    bundle : ModelBundle
    threads : int
        Threads inside one call. One is best when several calls run side by side.
    precision : str
        "fp32", "int8" or "auto" (see :func:`choices`).
    golden : bool
        False only for whoever writes the golden data.

    Attributes
    ----------
    provider, precision, why : str
        Where it runs, which network, and why that one.
    golden_off : float
        Largest difference found in the card's golden test.

    Raises
    ------
    BundleRefused
        When onnxruntime cannot load the network or the golden test fails in every way of running it.
    """

    def __init__(
        self, bundle: ModelBundle, *, threads: int = 1, precision: str = "auto", golden: bool = True
    ) -> None:
        self.bundle = bundle
        self._golden = golden
        self._running: set[Any] = set()
        self._lock = threading.Lock()
        self._turn: AbstractContextManager[Any] = nullcontext()
        *tries, last = choices(bundle, precision)
        for choice in tries:
            try:
                self._open(choice, threads)
            except BundleRefused as error:
                _log.warning(
                    "a network does not run as %s on %s", Word(choice.precision, PRECISIONS),
                    Word(choice.provider, PROVIDERS), exc_info=error,
                )  # fmt: skip
                continue
            return
        self._open(last, threads)

    def _open(self, choice: Choice, threads: int) -> None:
        began = time.monotonic()
        self.precision, data = self.bundle.model(choice.precision)
        self.why = choice.why
        providers = [choice.provider] if choice.provider == CPU else [choice.provider, CPU]
        options = _options(threads)
        if choice.provider in _ONE_AT_A_TIME:
            options.enable_mem_pattern = False  # DirectML refuses both together
            self._turn = threading.Lock()
        else:
            self._turn = nullcontext()
        try:
            self._session = ort.InferenceSession(data, options, providers=providers)
        except Exception as error:  # onnxruntime raises its own untyped exceptions
            raise self._refused("onnxruntime cannot load its network: {error}.", error=error) from error
        self.provider: str = self._session.get_providers()[0]
        if self.provider != choice.provider:
            raise self._refused("The execution provider {name} does not start.", name=choice.provider)
        names = {o.name for o in self._session.get_outputs()}
        inputs = [i.name for i in self._session.get_inputs()]
        if inputs != [self.bundle.input.name] or not names >= set(self.bundle.outputs):
            raise self._refused("Its network has other inputs or outputs than its card says.")
        self.golden_off = self.check_golden() if self._golden else math.nan
        _log.info(
            "a network to %s runs as %s on %s after %.2f s; golden test off by %.2g; bundle %s",
            Word(self.bundle.task, TASKS), Word(self.precision, PRECISIONS), Word(self.provider, PROVIDERS),
            time.monotonic() - began, self.golden_off, Digest(self.bundle.sha256),
        )  # fmt: skip

    def _refused(self, why: str, **params: Any) -> BundleRefused:
        return BundleRefused(
            "The model bundle {id} cannot be used on this machine.",
            why,
            "Install the program again, or take the bundle from its source once more.",
            id=self.bundle.id,
            **params,
        )

    def run(self, batch: NDArray[Any], outputs: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """Run the network on a batch; returns the wanted outputs (all of the card's by default) by name.

        Raises
        ------
        Cancelled
            When :meth:`terminate` was called while it ran.
        """
        names = list(outputs if outputs is not None else self.bundle.outputs)
        options = ort.RunOptions()
        options.log_severity_level = 4
        with self._lock:
            self._running.add(options)
        try:
            with self._turn:
                values = self._session.run(names, {self.bundle.input.name: batch}, options)
        except Exception as error:  # onnxruntime raises its own untyped exceptions
            if options.terminate:
                raise Cancelled from error
            raise
        finally:
            with self._lock:
                self._running.discard(options)
        return dict(zip(names, values, strict=True))

    def terminate(self) -> None:
        """Make every call that runs now raise Cancelled within milliseconds; later calls are not affected."""
        with self._lock:
            for options in self._running:
                _terminate(options)

    def check_golden(self) -> float:
        """Run the card's golden inputs and compare; returns the largest difference.

        Raises
        ------
        BundleRefused
            When there is no golden test, or an output differs by more than the card's tolerance.
        """
        try:
            golden = network_golden(self.bundle, self.precision)
        except GoldenMissing as error:
            raise self._refused("It has no golden test that can be read.") from error
        found = self.run(golden.batch, list(golden.outputs))
        worst = 0.0
        for name, wanted in golden.outputs.items():
            off = difference(found[name], wanted)
            if off == math.inf:
                raise self._refused("Its golden test failed: {name} has another shape.", name=name)
            if not off <= golden.tolerance:
                raise self._refused(
                    "Its golden test failed: {name} is off by {off} (allowed: {allowed}).",
                    name=name,
                    off=f"{off:.2g}",
                    allowed=f"{golden.tolerance:.2g}",
                )
            worst = max(worst, off)
        return worst


def _terminate(options: Any) -> None:
    options.terminate = True
