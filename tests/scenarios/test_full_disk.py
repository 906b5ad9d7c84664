"""A full disk: words and the exit code of the contract, never a traceback."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import EXIT_OUTPUT_NOT_WRITABLE, OutputNotWritable
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.synthetic import truth


class Full:
    """A file whose buffer finds no room when it is written out."""

    def write(self, _: str) -> int:
        return 0

    def close(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_has_the_exit_code_of_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    full = conn.os_in_words(OSError(errno.ENOSPC, "full"), tmp_path / "case.bcs")
    closed = conn.os_in_words(OSError(errno.EACCES, "no"), tmp_path / "case.bcs")
    assert full.exit_code == closed.exit_code == EXIT_OUTPUT_NOT_WRITABLE


def test_the_demonstration_says_that_the_disk_is_full(tmp_path: Path) -> None:
    writer = truth.TruthWriter(tmp_path, {})
    writer._file.close()  # noqa: SLF001  # a full disk
    writer._file = Full()  # type: ignore[assignment]  # noqa: SLF001  # a full disk
    with pytest.raises(OutputNotWritable, match="No space left"):
        writer.close()
    writer.abandon()
