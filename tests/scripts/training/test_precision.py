"""The precision of training follows what the processor computes itself."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from scripts.training.precision import autocast, computes_bfloat16  # noqa: E402


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"avx2": True}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"avx512_bf16": False, "amx_bf16": False}, False),
    ],
)
def test_a_cpu_that_emulates_bfloat16_computes_in_float32(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, bool], expected: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known)
    assert computes_bfloat16("cpu") is expected
    with autocast():
        found = torch.ones(2, 2) @ torch.ones(2, 2)
    assert found.dtype == (torch.bfloat16 if expected else torch.float32)


def test_a_gpu_computes_bfloat16() -> None:
    assert computes_bfloat16("cuda")
