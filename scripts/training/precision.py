"""In which precision a network is trained and asked on this machine."""

from __future__ import annotations

import torch


def computes_bfloat16(device: str) -> bool:
    """Whether a device ("cpu", "cuda") computes bfloat16 itself; a CPU without AVX512-BF16 or AMX emulates it, seven times slower than float32."""
    can = torch.cpu.get_capabilities()
    return device != "cpu" or bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def autocast(device: str = "cpu") -> torch.autocast:
    """The context of a forward pass: bfloat16 where the device computes it, else float32."""
    return torch.autocast(device, torch.bfloat16, enabled=computes_bfloat16(device))
