"""Detect what this processor can do for INT8 networks, without further dependencies.

Without dot-product instructions U8 x S8 products are summed in 16 bits, which overflow (onnxruntime documents
it): such a processor gets the fp32 network.
"""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
# As Linux spells them, best first.
_LINUX = {
    "amx_int8": "AMX-INT8",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX-VNNI",
    "asimddp": "ARM dot product",
}
_NUMPY = {"AVX512VNNI": "AVX-512 VNNI", "ASIMDDP": "ARM dot product"}


def int8_unit() -> str | None:
    """The processor's instructions for INT8 products; "" when it has none, None when that cannot be told."""
    flags = _linux_flags()
    if flags is not None:
        return next((name for flag, name in _LINUX.items() if flag in flags), "")
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return _LINUX["asimddp"]  # every Apple processor since the M1 has it
    known = _numpy_features()
    # NumPy does not look for AVX-VNNI, so its silence proves nothing.
    return next((name for flag, name in _NUMPY.items() if known.get(flag)), None)


def _linux_flags() -> frozenset[str] | None:
    """Flags of the first core; None where the system does not tell."""
    try:
        lines = _CPUINFO.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return None


def _numpy_features() -> Mapping[str, bool]:
    """What NumPy found when it was loaded; empty should it stop telling."""
    try:
        module = importlib.import_module("numpy._core._multiarray_umath")
        return dict(module.__cpu_features__)
    except (ImportError, AttributeError, TypeError, ValueError):
        return {}
