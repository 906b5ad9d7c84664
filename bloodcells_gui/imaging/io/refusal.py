"""Why an image was left out, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, UserError
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.imaging.io.formats import ADVICE

NOT_THERE = N_("It is not there (any more).")
READING_FAILED = "Reading failed: {error}."
COPY_AGAIN = N_("Copy it again from its source.")
COPY_OR_LEAVE_OUT = N_("Copy it again from its source, or leave it out.")
UNSUPPORTED_TIFF = N_("Its TIFF variant is not supported ({detail}).")
RESAVE_TIFF = N_("Save it as an RGB TIFF with tiles, LZW, Deflate or JPEG compressed.")
CUT_OFF = (
    "The file is cut off: its end is missing.",
    "It is a DICOM file that is cut off: its end is missing.",
)


class ImageRefused(UserError):
    """An image that is not read: damaged, too large, not an image, not accessible.

    Parameters
    ----------
    name : str or Path
        What the person knows the image by.
    why, what_to_do : str
        English templates with ``{named}`` fields.
    """

    def __init__(self, name: str | Path, why: str, what_to_do: str = "", **params: Any) -> None:
        super().__init__(
            N_("{name} was not read."),
            why,
            what_to_do,
            exit_code=EXIT_NOTHING_READABLE,
            name=printable(name),
            **params,
        )

    def reason(self, lang: str = "en") -> str:
        """The why: what stands beside the path in the list of skipped files.

        Of a format that is not read, with what to do: copying the file again would not help.
        """
        why = tr(self.why, lang, **self.params)
        return f"{why} {tr(self.what_to_do, lang, **self.params)}" if self.what_to_do in ADVICE else why


def out_of_reach(reason: str) -> bool:
    """Whether an English `reason` speaks of the disk or the share, so that the image itself may be sound."""
    return reason == NOT_THERE or reason.startswith(READING_FAILED.partition("{")[0])


def is_unread_picture(reason: str, lang: str = "en") -> bool:
    """Whether a `reason` in `lang` is that of a picture: of a format that is not read, or cut off."""
    return reason in {tr(text, lang) for text in CUT_OFF} or any(
        reason.endswith(f" {tr(advice, lang)}") for advice in ADVICE
    )


def printable(name: str | Path) -> str:
    """`name` on one line and encodable as UTF-8, whatever bytes the file system holds."""
    text = name.name if isinstance(name, Path) else name
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return text if len(text) <= 120 else f"{text[:80]}…{text[-30:]}"
