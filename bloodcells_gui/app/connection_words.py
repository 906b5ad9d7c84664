"""What is said of connections that are not set up, or not as they should be."""

from __future__ import annotations

import re

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.validation import SettingProblem

_DESTINATION_KEY = re.compile(r"destinations\[(.*)\]", re.DOTALL)


def unused_part(file: str, problem: SettingProblem) -> Reason:
    """A rejected part of the connections' file in words that name the destination and the value."""
    found = _DESTINATION_KEY.fullmatch(problem.key)
    if found is None:
        params = (("file", file), ("key", problem.key), ("reason", problem.reason))
        return Reason(N_("{key} in {file} is not used: {reason}."), params)
    return Reason(
        N_("Destination {name} is not used, and nothing is sent to it, until {file} is put right: {reason}."),
        (("name", found[1]), ("file", file), ("reason", problem.reason)),
    )


def no_destination() -> UserError:
    """The refusal to send where nobody set up a destination."""
    return UserError(
        N_("No destination is set up on this workstation."),
        N_("Results are sent nowhere by themselves."),
        N_("Add a destination in Laboratory, Connections."),
    )


def is_withdrawn(control: str, destination: str) -> UserError:
    """The refusal to send a result again that was taken back."""
    return UserError(
        N_("Message {control} is not sent again to {destination}."),
        N_("It was for a wrong patient or specimen, and is withdrawn."),
        control=control,
        destination=destination,
    )


def is_corrected(control: str, destination: str, version: int) -> UserError:
    """The refusal to send a result again that a later `version` corrects."""
    return UserError(
        N_("Message {control} is not sent again to {destination}."),
        N_("Version {version} of its report corrects it, and has arrived there or waits to be sent."),
        N_("Send the newest version again where the laboratory system lacks it."),
        control=control,
        destination=destination,
        version=str(version),
    )
