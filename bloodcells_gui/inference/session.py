"""The only door to onnxruntime: provider, threads, cancellation, golden tests."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.errors import BundleRefused, Cancelled
from bloodcells_gui.inference.bundle import ModelBundle

# Since 1.32 the library writes a device id and usage events into the user's cache and uploads them later.
# Only this variable, set before the library is loaded, keeps it from even making the files.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort

ort.disable_telemetry_events()

# In order of preference; the plain wheel brings the CPU alone. Golden tests hold on any of them.
_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


def available_provider() -> str:
    """Name of the execution provider that sessions will use."""
    available = ort.get_available_providers()
    return next(p for p in _PROVIDERS if p in available)


class OnnxSession:
    """A verified network, ready to run; thread-safe.

    Parameters
    ----------
    bundle : ModelBundle
    threads : int
        Threads inside one call. One is best when several calls run side by side.
    precision : str
        "fp32", "int8" or "auto" (the card's default).
    golden : bool
        Run the card's golden test now.

    Raises
    ------
    BundleRefused
        When onnxruntime cannot load the network or the golden test fails.
    """

    def __init__(
        self, bundle: ModelBundle, *, threads: int = 1, precision: str = "auto", golden: bool = True
    ) -> None:
        self.bundle = bundle
        self.precision, data = bundle.model(precision)
        options = ort.SessionOptions()
        options.intra_op_num_threads = max(1, threads)
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        wanted = [p for p in _PROVIDERS if p in ort.get_available_providers()]
        try:
            self._session = ort.InferenceSession(data, options, providers=wanted)
        except Exception as error:  # onnxruntime raises its own untyped exceptions
            raise self._refused("onnxruntime cannot load its network: {error}.", error=error) from error
        self.provider: str = self._session.get_providers()[0]
        names = {o.name for o in self._session.get_outputs()}
        if [i.name for i in self._session.get_inputs()] != [bundle.input.name] or not names >= set(
            bundle.outputs
        ):
            raise self._refused("Its network has other inputs or outputs than its card says.")
        self._running: set[Any] = set()
        self._lock = threading.Lock()
        if golden:
            self.check_golden()

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
            When an output differs by more than the tolerance the card states for this precision.
        """
        golden = self.bundle.card.get("golden")
        if not isinstance(golden, Mapping):
            return 0.0
        try:
            batch = self.bundle.array(str(golden["input"]))
            expected = {
                str(k): self.bundle.array(str(v)) for k, v in golden["outputs"][self.precision].items()
            }
            tolerance = float(golden["tolerance"][self.precision])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._refused("Its golden test cannot be read.") from error
        found = self.run(batch, list(expected))
        worst = 0.0
        for name, wanted in expected.items():
            if found[name].shape != wanted.shape:
                raise self._refused("Its golden test failed: {name} has another shape.", name=name)
            difference = np.abs(found[name].astype(np.float64) - wanted.astype(np.float64))
            worst = max(worst, float(difference.max(initial=0.0)))
            if not float(difference.max(initial=0.0)) <= tolerance:
                raise self._refused(
                    "Its golden test failed: {name} is off by {off} (allowed: {allowed}).",
                    name=name,
                    off=f"{difference.max():.2g}",
                    allowed=f"{tolerance:.2g}",
                )
        return worst


def _terminate(options: Any) -> None:
    options.terminate = True
