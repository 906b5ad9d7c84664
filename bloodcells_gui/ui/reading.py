"""A case that is open for reading alone: why, and the way to its review."""

from __future__ import annotations

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.opening import Opener
from bloodcells_gui.ui.reviewer import Reviewer


def why_read_only(session: CaseSession) -> str:
    """Why the case can only be read, in a sentence."""
    if session.waits_for_person:
        return tr("Nobody was signed in when it was opened.")
    return tr("Another window writes it, or its file is protected.")


def saved_words(session: CaseSession) -> str:
    """What stands at the foot of the window while nothing waits to be saved."""
    return tr("Open for reading only") if session.read_only else tr("Every decision is saved")


def is_refused(session: CaseSession) -> bool:
    """Whether no command can change the case: it is open for reading, and signing in would not help."""
    return session.read_only and not session.waits_for_person


def refuse_change(session: CaseSession, banners: BannerStack, opener: Opener, reviewer: Reviewer) -> None:
    """Say that nothing can be changed, with the way to review it; ask who it is where nobody is signed in."""
    if session.waits_for_person:
        reviewer.known()  # whoever signs in gets the case for review
        return
    banners.show_banner(
        "warning",
        tr("This case is open for reading only."),
        why_read_only(session),
        tr("Close the other window, then open this case for review."),
        actions=((tr("Open for review"), lambda: opener.open_case(session.path)),),
    )


def open_for_review(session: CaseSession, opener: Opener, reviewer: Reviewer) -> None:
    """Try for the case that is open for reading; where it is another's still, that is said."""
    if session.waits_for_person:
        reviewer.known()
    else:
        opener.open_case(session.path)
