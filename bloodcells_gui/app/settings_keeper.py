"""Load the settings in force and keep them, those of the laboratory's database among them."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from bloodcells_gui.app.data_folders import user_config_dir
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.app.lab_settings import ChangedElsewhere, SettingsNews, SharedSettings
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.shared_settings import SettingsVersion, changed_names
from bloodcells_gui.domain.validation import SettingProblem
from bloodcells_gui.storage import settings as settings_store

SETTINGS_NAME = "settings.json"
_log = logging.getLogger(__name__)


def settings_path() -> Path:
    """The settings file of this workstation."""
    return user_config_dir() / SETTINGS_NAME


def load_settings() -> LabSettings:
    """The settings in force; defaults where there are none.

    Those of a laboratory's database are asked for; where it does not answer, those that were read last hold.
    """
    keeper = SettingsKeeper(user_config_dir())
    try:
        keeper.notice_settings()
    finally:
        keeper.lab.close()
    return keeper.settings


def setting_problems() -> list[SettingProblem]:
    """What of the settings is not used, and why."""
    return SettingsKeeper(user_config_dir()).setting_problems


class SettingsKeeper:
    """The settings of a workstation, and its way to the laboratory's database that they name.

    Parameters
    ----------
    config : Path
        Folder of the settings file.
    """

    def __init__(self, config: Path) -> None:
        self._config = config
        self.lab = LabLink(lambda: self._settings.lab_database)
        self._shared = SharedSettings(self.settings_file, self.lab.pool)
        self._settings, self.setting_problems = self._shared.load()
        self._author = self._settings.reviewer

    @property
    def settings_file(self) -> Path:
        """Where the settings are kept."""
        return self._config / SETTINGS_NAME

    @property
    def settings(self) -> LabSettings:
        """The laboratory's settings of the moment."""
        return self._settings

    def save_settings(self, settings: LabSettings, seen: LabSettings | None = None) -> None:
        """Keep `settings`, which a person made from those `seen` (else from those of the moment).

        Raises
        ------
        ChangedElsewhere
            Another station of the laboratory has changed its settings meanwhile; nothing is changed.
        UserError
            They cannot be written, or the laboratory's cannot be changed now or by this person; nothing is
            changed.
        """
        if (seen or self._settings).lab_database and changed_names(seen or self._settings, settings):
            self.may_change_laboratory()
        try:
            self._settings = self._shared.save(seen or self._settings, settings)
        except ChangedElsewhere:
            self.notice_settings()  # who makes the change again makes it from what is in force
            raise

    def may_change_laboratory(self) -> None:
        """UserError where the person may not change what all stations share."""

    @property
    def settings_version(self) -> SettingsVersion | None:
        """The version of the laboratory's settings in force; None on a workstation on its own."""
        return self._shared.version if self._settings.lab_database else None

    def look_for_settings(self) -> SettingsNews | None:
        """What the laboratory's database has that is not known here; :meth:`use_settings` puts it in force.

        May run in any thread. UserError as :meth:`SharedSettings.look`.
        """
        return self._shared.look(self._settings)

    def use_settings(self) -> None:
        """Put in force what was found."""
        self._settings = self._shared.in_force(self._settings)

    def settings_news(self) -> list[SettingsNews]:
        """What was found of the laboratory's settings and nobody was told yet."""
        return self._shared.take_news()

    def notice_settings(self) -> None:
        """Ask for the laboratory's settings and put them in force; those of before hold where it is away."""
        try:
            if self.look_for_settings() is not None:
                self.use_settings()
        except UserError as error:
            _log.warning("the laboratory's settings cannot be asked for", exc_info=error)

    def reload_settings(self) -> None:
        """Take the settings from their file, which a restore has put in place."""
        self._settings, self.setting_problems = self._shared.load()
        self._author = self._author or self._settings.reviewer

    def change_settings(self, **changes: Any) -> None:
        """Keep the settings with some of them replaced."""
        self.save_settings(replace(self._settings, **changes))

    def import_settings(self, path: Path) -> list[SettingProblem]:
        """Take settings from a file; returns what fell back to defaults."""
        settings, problems = settings_store.load(path, missing_ok=False)
        self.save_settings(settings)
        return problems
