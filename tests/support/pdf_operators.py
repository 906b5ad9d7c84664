"""The drawing operators of a PDF."""

from __future__ import annotations

import re
import zlib


def contents(pdf: bytes) -> list[str]:
    """The drawing operators of every page, in order."""
    found = []
    for raw in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            data = zlib.decompress(raw)
        except zlib.error:
            continue
        if b" BDC" in data and b" Td " in data:
            found.append(data.decode("latin-1"))
    return found
