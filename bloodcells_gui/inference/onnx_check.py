"""Inspect an ONNX file without running it: operators, control flow, where its weights are.

A few lines of protobuf reading (wire format: protobuf.dev/programming-guides/encoding) over the messages of
onnx.proto; the `onnx` package is not needed at run time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_MAX_DEPTH = 8


class MalformedModel(ValueError):
    """The bytes are no readable ONNX model."""


@dataclass
class ModelContents:
    """Findings of :func:`inspect_model`."""

    domains: set[str] = field(default_factory=set)
    operators: set[str] = field(default_factory=set)
    external_data: bool = False
    control_flow: bool = False
    nodes: int = 0


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise MalformedModel("truncated number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers and values of a message; length-delimited values as views, without copies."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
        elif wire == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise MalformedModel("truncated field")
            yield number, data[at : at + length]
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
            if at > len(data):
                raise MalformedModel("truncated field")
        else:
            raise MalformedModel(f"wire type {wire}")


def _text(value: int | memoryview) -> str:
    if isinstance(value, int):
        raise MalformedModel("text expected")
    try:
        return bytes(value).decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedModel("text is not UTF-8") from error


def _views(data: memoryview, wanted: int) -> Iterator[memoryview]:
    for number, value in _fields(data):
        if number == wanted and not isinstance(value, int):
            yield value


def _tensor(data: memoryview, found: ModelContents) -> None:
    for number, value in _fields(data):
        if number == 13 or (number == 14 and value != 0):  # external_data, data_location
            found.external_data = True


def _node(data: memoryview, found: ModelContents, depth: int) -> None:
    found.nodes += 1
    for number, value in _fields(data):
        if number == 4:
            found.operators.add(_text(value))
        elif number == 7:
            found.domains.add(_text(value))
        elif number == 5 and not isinstance(value, int):
            for inner, part in _fields(value):
                if isinstance(part, int):
                    continue
                if inner in (5, 10):
                    _tensor(part, found)
                elif inner in (6, 11):  # the body of a loop or a branch
                    found.control_flow = True
                    _graph(part, found, depth + 1)


def _graph(data: memoryview, found: ModelContents, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise MalformedModel("graphs nested too deep")
    for number, value in _fields(data):
        if isinstance(value, int):
            continue
        if number == 1:
            _node(value, found, depth)
        elif number == 5:
            _tensor(value, found)
        elif number == 15:  # sparse initialisers hold two tensors
            for _, part in _fields(value):
                if not isinstance(part, int):
                    _tensor(part, found)


def inspect_model(data: bytes) -> ModelContents:
    """Domains and operators a model uses, whether it loops or branches, and whether it wants other files.

    Parameters
    ----------
    data : bytes
        A serialised ONNX ModelProto.

    Raises
    ------
    MalformedModel
        When the bytes cannot be read as one.
    """
    found = ModelContents()
    view = memoryview(data)
    graphs = 0
    for number, value in _fields(view):
        if isinstance(value, int):
            continue
        if number == 7:
            graphs += 1
            _graph(value, found, 0)
        elif number == 8:
            found.domains.update(_text(v) for v in _views(value, 1))
        elif number == 25:  # model-local functions, which may call each other without end
            found.control_flow = True
            for node in _views(value, 7):
                _node(node, found, 1)
            found.domains.update(_text(v) for v in _views(value, 10))
    if graphs != 1 or not found.nodes:
        raise MalformedModel("no graph")
    found.domains.discard("")
    return found
