"""Errors that a person meets: words in the person's language, the system's reasons among them."""

from __future__ import annotations

import errno
import os

import pytest

from bloodcells_gui.domain.errors import UserError, system_reason
from bloodcells_gui.domain.i18n import tr


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.ENOSPC, errno.EISDIR, errno.EROFS, errno.ENOENT, errno.EIO]
)
def test_common_reasons_of_the_system_are_said_in_french(number: int) -> None:
    reason = system_reason(OSError(number, os.strerror(number)))
    assert reason.text("fr") != reason.text("en")
    assert os.strerror(number) not in reason.text("fr")
    error = UserError("{path} cannot be written ({reason}).", path="a.pdf", reason=reason)
    assert reason.text("fr") in error.text("fr")


def test_a_rare_reason_keeps_the_words_of_the_system() -> None:
    assert system_reason(OSError(errno.ELOOP, "loop {x}")).text("fr") == "loop {x}"
    assert system_reason(OSError("in words")).text() == "in words"
    assert system_reason(OSError(errno.EACCES, "no regular file")).text() == "no regular file"
    assert tr("{reason}", "fr", reason="a") == "a"
