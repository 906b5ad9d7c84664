"""Model bundles: a card and its files, trusted only after every check.

The card (``card.json``) is described in ``docs/models-training.md``. Its own SHA-256 identifies the bundle,
because it pins the hash of every other file.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.proposal_table import table_of
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.inference.onnx_check import MalformedModel, inspect_model

SCHEMA = 1
TASKS = (N_("classify"), N_("segment"), N_("detect"), N_("red_cells"))
MAX_CARD_BYTES = 1_000_000
MAX_FILE_BYTES = 64_000_000
MAX_FILES = 32
ALLOWED_DOMAINS = frozenset({"ai.onnx"})
# What the program can do to an image before the network; a card asking for anything else is refused.
KNOWN_STEPS = frozenset(
    {"crop_at_scale", "resample", "to_float32", "normalise", "nhwc_to_nchw", "pad_to_multiple"}
)

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The network's image input.

    Attributes
    ----------
    name : str
        Name of the ONNX input.
    axes : str
        "nhwc" or "nchw".
    size_px : int
        Side of the window; 0 when any size is taken.
    um_per_px : float
        Scale the network was trained at.
    dtype : str
        "uint8" or "float32".
    steps : tuple of dict
        Declared preprocessing in order. A step with ``"in_graph": true`` is part of the ONNX file.
    """

    name: str
    axes: str
    size_px: int
    um_per_px: float
    dtype: str
    steps: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class ModelBundle:
    """A verified bundle; made by :func:`load_bundle` only.

    `sha256` is the hash of ``card.json``; `card` the parsed card; `auto_precision` the network that "auto"
    may take where the processor computes it exactly ("" = the card names none).
    """

    folder: Path
    id: str
    version: str
    task: str
    sha256: str
    classes: tuple[str, ...]
    input: InputSpec
    outputs: tuple[str, ...]
    models: Mapping[str, str]
    files: Mapping[str, tuple[str, int]]
    card: Mapping[str, Any]
    auto_precision: str = ""

    def read(self, name: str) -> bytes:
        """The bytes of a file of the card, checked again against its hash (it may have changed since)."""
        sha256, size = self.files[name]
        return _read_checked(self.folder, name, sha256, size)

    def array(self, name: str) -> NDArray[Any]:
        """A ``.npy`` file of the card; object arrays are refused."""
        return _load_array(self.folder, name, self.read(name))

    def need(self, *outputs: str) -> None:
        """Refuse a network that lacks one of `outputs`: it is one for another task."""
        if not set(outputs) <= set(self.outputs):
            why = "The field “{field}” of its card is missing or wrong."
            raise _refuse(self.folder, why, field="outputs")

    def model(self, precision: str = "auto") -> tuple[str, bytes]:
        """Precision and bytes of the network: "fp32", "int8", or the card's default for "auto".

        Raises BundleRefused when the bundle lacks it.
        """
        wanted = str(self.card["default_model"]) if precision == "auto" else precision
        if wanted not in self.models:
            raise BundleRefused(
                "The model bundle {id} has no {precision} network.",
                "Its card lists: {known}.",
                "Choose one of those.",
                id=self.id,
                precision=wanted,
                known=", ".join(self.models),
            )
        return wanted, self.read(self.models[wanted])


def _refuse(folder: Path, why: str, **params: Any) -> BundleRefused:
    return BundleRefused(
        "The model bundle in {folder} was refused.",
        why,
        "Install the program again, or take the bundle from its source once more.",
        folder=folder,
        **params,
    )


def _read_checked(folder: Path, name: str, sha256: str, size: int) -> bytes:
    path = folder / name
    try:
        if path.is_symlink() or not path.is_file():
            raise _refuse(folder, "The file {name} is missing.", name=name)
        if path.stat().st_size != size:
            raise _refuse(folder, "The file {name} has another size than its card says.", name=name)
        data = path.read_bytes()
    except OSError as error:
        raise _refuse(folder, "The file {name} cannot be read: {error}.", name=name, error=error) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise _refuse(folder, "The file {name} differs from its card: it was changed or damaged.", name=name)
    return data


def _load_array(folder: Path, name: str, data: bytes) -> NDArray[Any]:
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # NumPy meets damaged headers with exceptions of every type (TokenError, ...)
        raise _refuse(folder, "The file {name} is no plain array.", name=name) from error
    if not isinstance(array, np.ndarray) or array.dtype.hasobject:
        raise _refuse(folder, "The file {name} is no plain array.", name=name)
    return array


class _Card:
    """Reads fields of an untrusted card, each with its type and limits."""

    def __init__(self, folder: Path, card: Mapping[str, Any]) -> None:
        self.folder = folder
        self.card = card

    def wrong(self, what: str) -> BundleRefused:
        return _refuse(self.folder, "The field “{field}” of its card is missing or wrong.", field=what)

    def text(self, source: Mapping[str, Any], name: str, *, limit: int = 200) -> str:
        value = source.get(name)
        if not isinstance(value, str) or not value or len(value) > limit:
            raise self.wrong(name)
        return value

    def mapping(self, source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = source.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name)
        return value

    def texts(self, source: Mapping[str, Any], name: str, *, limit: int = 64) -> tuple[str, ...]:
        value = source.get(name)
        if not isinstance(value, list) or not value or len(value) > limit:
            raise self.wrong(name)
        if not all(isinstance(v, str) and 0 < len(v) <= 100 for v in value) or len(set(value)) != len(value):
            raise self.wrong(name)
        return tuple(value)

    def number(self, source: Mapping[str, Any], name: str, low: float, high: float) -> float:
        value = source.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(name)
        if not low <= value <= high:
            raise self.wrong(name)
        return float(value)

    def files(self) -> dict[str, tuple[str, int]]:
        files = self.mapping(self.card, "files")
        if not 0 < len(files) <= MAX_FILES:
            raise self.wrong("files")
        out = {}
        for name, entry in files.items():
            if not isinstance(name, str) or not _FILE.fullmatch(name) or not isinstance(entry, dict):
                raise self.wrong("files")
            sha256 = self.text(entry, "sha256", limit=64)
            if not _SHA256.fullmatch(sha256):
                raise self.wrong("sha256")
            out[name] = (sha256, int(self.number(entry, "bytes", 1, MAX_FILE_BYTES)))
        return out

    def classes(self, task: str) -> tuple[str, ...]:
        """The outputs by name; of a classifier leaf codes, and the table of what it proposes fits them."""
        found = self.texts(self.card, "classes")
        if task != "classify":
            return found
        if not all(c in BY_CODE for c in found):
            raise self.wrong("classes")
        try:
            table_of(self.card)
        except ValueError as error:
            raise self.wrong("proposals") from error
        return found

    def input(self) -> InputSpec:
        source = self.mapping(self.card, "input")
        axes, dtype = self.text(source, "axes"), self.text(source, "dtype")
        if axes not in ("nhwc", "nchw") or dtype not in ("uint8", "float32"):
            raise self.wrong("input")
        if self.text(source, "colours") != "rgb":
            raise self.wrong("colours")
        steps = source.get("steps")
        if not isinstance(steps, list) or len(steps) > 16:
            raise self.wrong("steps")
        for step in steps:
            if not isinstance(step, dict) or step.get("name") not in KNOWN_STEPS:
                raise self.wrong("steps")
        return InputSpec(
            self.text(source, "name"),
            axes,
            int(self.number(source, "size_px", 0, 4096)),
            self.number(source, "um_per_px", 0.01, 20.0),
            dtype,
            tuple(steps),
        )


def _parse_card(folder: Path) -> tuple[dict[str, Any], str]:
    path = folder / "card.json"
    try:
        if path.is_symlink() or not path.is_file():
            raise _refuse(folder, "It holds no card.json.")
        if path.stat().st_size > MAX_CARD_BYTES:
            raise _refuse(folder, "Its card is too large.")
        data = path.read_bytes()
        card = json.loads(data.decode("utf-8"))
    except OSError as error:
        raise _refuse(folder, "Its card cannot be read: {error}.", error=error) from error
    except (ValueError, RecursionError) as error:
        raise _refuse(folder, "Its card is no valid JSON.") from error
    if not isinstance(card, dict):
        raise _refuse(folder, "Its card is no valid JSON.")
    return card, hashlib.sha256(data).hexdigest()


def _check_network(folder: Path, name: str, data: bytes) -> None:
    try:
        contents = inspect_model(data)
    except MalformedModel as error:
        raise _refuse(folder, "The file {name} is no ONNX model.", name=name) from error
    strange = contents.domains - ALLOWED_DOMAINS
    if strange:
        raise _refuse(
            folder,
            "The network {name} uses operators outside the ONNX standard: {domains}.",
            name=name,
            domains=", ".join(sorted(strange)),
        )
    if contents.control_flow:
        raise _refuse(
            folder,
            "The network {name} holds loops, branches or functions of its own; it might never end.",
            name=name,
        )
    if contents.external_data:
        raise _refuse(folder, "The network {name} wants data from other files.", name=name)


def load_bundle(folder: Path) -> ModelBundle:
    """Read and verify a bundle: card, limits, hashes of all files, and what the networks contain.

    Golden tests run when the bundle is opened for inference
    (:class:`bloodcells_gui.inference.session.OnnxSession`).

    Raises
    ------
    BundleRefused
        With the reason in words.
    """
    folder = Path(folder)
    card, card_sha256 = _parse_card(folder)
    read = _Card(folder, card)
    if card.get("schema") != SCHEMA:
        raise _refuse(
            folder,
            "Its card has the format {found}; this program reads {known}.",
            found=card.get("schema"),
            known=SCHEMA,
        )
    task = read.text(card, "task")
    bundle_id = read.text(card, "id")
    if task not in TASKS or not _ID.fullmatch(bundle_id):
        raise read.wrong("task" if task not in TASKS else "id")
    read.text(card, "licence", limit=2000)
    classes = read.classes(task)
    files = read.files()
    models = {str(k): v for k, v in read.mapping(card, "models").items()}
    if not models or not all(isinstance(v, str) and v in files for v in models.values()):
        raise read.wrong("models")
    if read.text(card, "default_model") not in models:
        raise read.wrong("default_model")
    if "auto_precision" in card and read.text(card, "auto_precision") not in models:
        raise read.wrong("auto_precision")
    for name, (sha256, size) in files.items():
        data = _read_checked(folder, name, sha256, size)
        if name in models.values():
            _check_network(folder, name, data)
        elif name.endswith(".npy"):
            _load_array(folder, name, data)
    return ModelBundle(
        folder=folder,
        id=bundle_id,
        version=read.text(card, "version", limit=40),
        task=task,
        sha256=card_sha256,
        classes=classes,
        input=read.input(),
        outputs=read.texts(card, "outputs"),
        models=models,
        files=files,
        card=card,
        auto_precision=str(card.get("auto_precision", "")),
    )
