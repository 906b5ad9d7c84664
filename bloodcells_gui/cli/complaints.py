"""The parser of the command line: its help, usage and complaints in the person's language."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from typing import NoReturn

from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.safe_text import escape_control_chars

NOT_POSITIVE = N_("{text} is not a positive number")
NOT_WHOLE = N_("{text} is not a whole number")
NEGATIVE = N_("{text} is negative")
NO_SIZE = N_("{text} is not a size like 4096x3072")
NO_SHARD = N_("{text} is not a part like 3/8")
NO_CLUSTER = N_("{text} is neither local, local:4 nor an address like tcp://host:8786")
BAD_THREADS = N_("threads must be 1 to 64")
BAD_SIDE = N_("a side must be 64 to 400000 px")
# What argparse says, as templates: it hands on filled sentences only. The most special first.
_SAID = (
    N_("the following arguments are required: {names}"),
    N_("unrecognized arguments: {names}"),
    N_("one of the arguments {names} is required"),
    N_("argument {name}: expected one argument"),
    N_("argument {name}: expected at least one argument"),
    N_("argument {name}: invalid choice: {value} (choose from {choices})"),
    N_("argument {name}: not allowed with argument {other}"),
    N_("argument {name}: invalid {kind} value: {value}"),
    N_("ambiguous option: {name} could match {choices}"),
    N_("argument {name}: ignored explicit argument {value}"),
)
_VALUES = (NOT_POSITIVE, NOT_WHOLE, NEGATIVE, NO_SIZE, NO_SHARD, NO_CLUSTER, BAD_THREADS, BAD_SIDE)
_ABOUT = N_("argument {name}: {complaint}")
# Words of argparse's own pages.
_TITLES = {"positional arguments": N_("positional arguments"), "options": N_("options")}
_HELPS = (N_("show this help message and exit"), N_("show program's version number and exit"))


def complaint(template: str, text: str) -> str:
    """One of the complaints above about what was typed, in English; :meth:`Parser.error` translates it."""
    return tr(template, text=text)


def translated(message: str, lang: str) -> str:
    """A complaint of argparse in `lang`; one that it words otherwise stays English."""
    for template in _SAID:
        found = _parts(template, message)
        if found is not None:
            return tr(template, lang, **found)
    about = _parts(_ABOUT, message)
    if about is None:
        return message
    for template in _VALUES:
        found = _parts(template, about["complaint"])
        if found is not None:
            return tr(_ABOUT, lang, name=about["name"], complaint=tr(template, lang, **found))
    return message


def _parts(template: str, message: str) -> dict[str, str] | None:
    """The fields of a sentence that was made of `template`; None if it was not."""
    parts = re.split(r"\{(\w+)\}", template)
    pattern = "".join(f"(?P<{p}>.+?)" if n % 2 else re.escape(p) for n, p in enumerate(parts))
    found = re.fullmatch(pattern, message, re.DOTALL)
    return None if found is None else found.groupdict()


class _Formatter(argparse.HelpFormatter):
    """Begins the usage with the word of a language."""

    def __init__(self, prog: str, lang: str) -> None:
        super().__init__(prog)
        self._lang = lang

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],  # its type has no public name
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, prefix or tr(N_("usage: "), self._lang))


class Parser(argparse.ArgumentParser):
    """An argument parser that says on one line what it does not understand."""

    lang = "en"

    def speak(self, lang: str) -> None:
        """Put help, usage and complaints into `lang`, those of the verbs too."""
        self.lang = lang
        self.formatter_class = lambda prog: _Formatter(prog, lang)
        self.description = tr(self.description, lang) if self.description else None
        for group in self._action_groups:
            group.title = tr(_TITLES[group.title], lang) if group.title in _TITLES else group.title
        for action in self._actions:
            if action.help and action.help != argparse.SUPPRESS:
                action.help = tr(action.help, lang)
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  # verbs are listed nowhere else
                for choice in action._choices_actions:  # noqa: SLF001
                    choice.help = tr(choice.help or "", lang)
                for parser in action.choices.values():
                    parser.speak(lang)

    def error(self, message: str) -> NoReturn:
        """Name the mistake and leave with exit code 2."""
        self.print_usage(sys.stderr)
        said = escape_control_chars(translated(message, self.lang))
        self.exit(2, f"{self.prog}: {tr(N_('error: {message}'), self.lang, message=said)}\n")
