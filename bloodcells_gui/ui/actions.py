"""Menus, toolbar and shortcuts: every command once, with its name, icon and keys."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.command_bar import CommandBar
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr

# Where the bar is narrow the texts go in this order: what has the plainest picture first.
_WITH_TEXT = (
    "open_folder", "open_slide", "home", "next_unreviewed", "next_doubtful", "export", "confirm", "sign",
)  # fmt: skip
_DECISIONS = ("confirm", "confirm_seen", "exclude", "restore")
_REVIEW = (*_DECISIONS, "next_doubtful", "next_unreviewed")
# Held down, these would go through cells that nobody has time to look at.
_ONCE_A_PRESS = (*_DECISIONS, "undo", "redo", "export", "sign", "close_case", "home", "next_case", "urgent")


class Actions(QObject):
    """The commands of the window by name; `Actions.get("undo")`."""

    def __init__(self, context: UiContext, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._actions: dict[str, QAction] = {}
        self.class_actions: dict[str, QAction] = {}
        keys = QKeySequence.StandardKey
        add = self._add
        add("home", tr("&Work list"), "worklist", QKeySequence("Ctrl+L"))
        add("next_case", tr("Ne&xt case"), "next", QKeySequence("F9"))
        add("urgent", tr("Ur&gent"), "", QKeySequence("Ctrl+U"))
        add("open_folder", tr("Open &folder…"), "folder", QKeySequence(keys.Open))
        add("open_slide", tr("Open &slide or image…"), "slide", QKeySequence("Ctrl+Shift+O"))
        add("open_case", tr("Open &case…"), "case", QKeySequence("Ctrl+K"))
        add("open_demo", tr("Try a s&ynthetic specimen"), "demo")
        add("continue_run", tr("Con&tinue the analysis"), "next")
        add("analyse_again", tr("&Analyse again with another scale…"), "")
        add("export", tr("&Export the report…"), "export", QKeySequence("Ctrl+E"))
        add("save_pictures", tr("Save pict&ures of the chosen cells…"), "", QKeySequence("Ctrl+Shift+E"))
        add("sign", tr("Si&gn…"), "sign", QKeySequence("Ctrl+Shift+S"))
        add("close_case", tr("C&lose the case"), "", QKeySequence("Ctrl+W"))
        add("quit", tr("&Quit"), "", QKeySequence("Ctrl+Q"))
        add("undo", tr("&Undo"), "undo", QKeySequence("Ctrl+Z"))
        add("redo", tr("&Redo"), "redo", QKeySequence("Ctrl+Y"), QKeySequence("Ctrl+Shift+Z"))
        add("larger", tr("&Larger pictures"), "zoom_in", QKeySequence("Ctrl++"), QKeySequence("Ctrl+="))
        add("smaller", tr("&Smaller pictures"), "zoom_out", QKeySequence("Ctrl+-"))
        add("mend_outline", tr("&Mend an outline"), "mend", QKeySequence("F12"))
        add("next_panel", tr("Next pa&nel"), "", QKeySequence("F6"))
        add("notices", tr("No&tices"), "info", QKeySequence("F8"))
        add("help", tr("&Manual for this view"), "", QKeySequence("F1"))
        add("tour", tr("&Tour in five steps"), "demo")
        add("what", tr("&What is this?"), "", QKeySequence("Shift+F1"))
        add("keys", tr("&Keys…"), "keyboard", QKeySequence("Ctrl+F1"))
        add("watched", tr("Watche&d folder…"), "", QKeySequence("Ctrl+Shift+L"))
        add("hand_over", tr("&Hand over to the cluster"), "", QKeySequence("Ctrl+Shift+H"))
        add("key_sheet", tr("Key s&heet…"))
        add("preferences", tr("&Preferences…"), "settings", QKeySequence("Ctrl+,"))
        add("person", tr("&Who reviews…"), "person")
        add("support", tr("&Save a report for support…"))
        add("models", tr("Mo&dels: what they propose…"))
        add("about", tr("&About"), "info")
        add("theme_system", tr("As the &desktop"))
        add("theme_light", tr("L&ight"))
        add("theme_dark", tr("&Dark"))
        for name in ("theme_system", "theme_light", "theme_dark"):
            self._actions[name].setCheckable(True)
        self._add_review()
        self._shorten()
        for name in _ONCE_A_PRESS:
            self._actions[name].setAutoRepeat(False)
        for c in CLASSES:
            # No shortcut of the window: class keys belong to the panels that show cells (review_keys.py).
            key = context.keymap.key(c.code)
            name = context.language.class_name(c.code).replace("&", "&&")
            self.class_actions[c.code] = QAction(f"{name}\t{key}" if key else name, self)

    def _add_review(self) -> None:
        """The commands about cells."""
        add = self._add
        add("confirm", tr("&Confirm"), "confirm", QKeySequence("Space"))
        add("confirm_seen", tr("Confirm all se&en on the screen"), "", QKeySequence("Shift+Space"))
        add("exclude", tr("E&xclude"), "exclude", QKeySequence("Delete"))
        add("restore", tr("Re&store"), "restore", QKeySequence("Shift+Delete"))
        add("next_doubtful", tr("Next uncerta&in cell"), "doubt", QKeySequence("N"))
        add("look_first", tr("Next cell to look at &first"), "look_first", QKeySequence("F7"))
        add("next_unreviewed", tr("Next cell &nobody has looked at"), "next", QKeySequence("U"))
        add("explain", tr("&Explanation map"), "heat", QKeySequence("F4"))
        add("compare", tr("Com&pare the chosen cells"), "", QKeySequence("F2"))
        add("alike", tr("Cells li&ke this one"), "", QKeySequence("F3"))
        add("loupe", tr("L&oupe"), "zoom_in", QKeySequence("F5"))
        add("red_cells", tr("Re&d cells…"), "red_cells", QKeySequence("Ctrl+R"))
        add("tag", tr("&Tags…"), "tag", QKeySequence("Ctrl+T"))
        add("comment", tr("Comment &on the chosen cells…"), "", QKeySequence("Ctrl+Shift+T"))
        add("two_classes", tr("Two &classes side by side"), "", QKeySequence("Ctrl+9"))
        add("in_gallery", tr("Chosen cells alone in the &gallery"), "", QKeySequence("Ctrl+G"))
        add("filter", tr("&Filter of the gallery"), "", QKeySequence("Ctrl+Shift+F"))
        add("find_class", tr("Class by &name…"), "", QKeySequence("Ctrl+F"))
        self._actions["loupe"].setCheckable(True)

    def _add(self, name: str, text: str, icon: str = "", *shortcuts: QKeySequence) -> None:
        action = QAction(text, self)
        if icon:
            action.setIcon(self._context.icons.get(icon))
        if shortcuts:
            action.setShortcuts(list(shortcuts))
            plain = text.replace("&", "").rstrip("…")
            action.setToolTip(f"{plain} ({shortcuts[0].toString(QKeySequence.SequenceFormat.NativeText)})")
        if name in _REVIEW:
            # Space and Delete belong to buttons and text fields elsewhere; see `scope_review`.
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        else:
            self._window.addAction(action)
        self._actions[name] = action

    def _shorten(self) -> None:
        """Short names for the buttons of the toolbar."""
        for name, text in (
            ("home", tr("Work list")),
            ("open_folder", tr("Folder")),
            ("open_slide", tr("Slide")),
            ("confirm", tr("Confirm")),
            ("next_doubtful", tr("Next uncertain")),
            ("next_unreviewed", tr("Next unseen")),
            ("export", tr("Export")),
            ("sign", tr("Sign")),
        ):
            self._actions[name].setIconText(text)

    def get(self, name: str) -> QAction:
        """A command by its name."""
        return self._actions[name]

    def connect(self, name: str, act: Callable[[], object]) -> None:  # type: ignore[override]
        """Run `act` when the command is given."""
        self._actions[name].triggered.connect(lambda _checked=False: act())

    def scope_review(self, panels: tuple[QWidget, ...]) -> None:
        """Make the review keys work in these panels only."""
        for name in _REVIEW:
            for panel in panels:
                panel.addAction(self._actions[name])

    def enable_case(self, is_open: bool) -> None:
        """Commands that need an open case."""
        for name in (
            "export",
            "save_pictures",
            "sign",
            "close_case",
            "larger",
            "smaller",
            "explain",
            "mend_outline",
            "compare",
            "loupe",
            "alike",
            "next_panel",
            "look_first",
            "next_doubtful",
            "next_unreviewed",
            "in_gallery",
            "two_classes",
            "filter",
            "red_cells",
        ):
            self._actions[name].setEnabled(is_open)

    def enable_decisions(self, cells_in_front: bool) -> None:
        """Commands that decide on the chosen cells: only while a view that shows cells is in front."""
        for name in (*_DECISIONS, "find_class", "tag", "comment"):
            self._actions[name].setEnabled(cells_in_front)
        for action in self.class_actions.values():
            action.setEnabled(cells_in_front)

    def fill_menus(self, bar: QMenuBar, recent: QMenu) -> None:
        """Lay the commands out in menus."""
        get = self.get
        file = bar.addMenu(tr("&File"))
        file.addActions([get("open_folder"), get("open_slide"), get("open_case")])
        file.addMenu(recent)
        file.addAction(get("open_demo"))
        file.addSeparator()
        file.addActions([get("continue_run"), get("analyse_again")])
        file.addActions([get("export"), get("save_pictures"), get("sign"), get("close_case")])
        file.addSeparator()
        file.addAction(get("quit"))
        review = bar.addMenu(tr("&Review"))
        review.addActions([get("undo"), get("redo")])
        review.addSeparator()
        review.addActions([get("confirm"), get("confirm_seen"), get("exclude"), get("restore")])
        review.addMenu(self._class_menu(review))
        review.addActions([get("tag"), get("comment")])
        review.addSeparator()
        review.addActions([get("look_first"), get("next_doubtful"), get("next_unreviewed")])
        view = bar.addMenu(tr("&View"))
        view.addActions(
            [
                get("larger"),
                get("smaller"),
                get("explain"),
                get("mend_outline"),
                get("loupe"),
                get("compare"),
                get("alike"),
                get("two_classes"),
                get("in_gallery"),
                get("filter"),
                get("next_panel"),
                get("notices"),
            ]
        )
        theme = view.addMenu(tr("&Appearance"))
        theme.addActions([get("theme_system"), get("theme_light"), get("theme_dark")])
        more = bar.addMenu(tr("&Settings"))
        more.addActions([get("keys"), get("preferences"), get("person")])
        help_menu = bar.addMenu(tr("&Help"))
        help_menu.addActions([get("help"), get("what"), get("key_sheet"), get("tour")])
        help_menu.addSeparator()
        help_menu.addActions([get("keys"), get("models"), get("support"), get("about")])

    def cell_menu(self, parent: QWidget) -> QMenu:
        """What can be done with the chosen cells."""
        get, menu = self.get, QMenu(parent)
        menu.addActions([get("confirm")])
        menu.addMenu(self._class_menu(menu))
        menu.addActions([get("exclude"), get("restore")])
        menu.addActions([get("tag"), get("comment")])
        menu.addSeparator()
        menu.addActions(
            [
                get(name)
                for name in ("compare", "alike", "in_gallery", "explain", "mend_outline", "save_pictures")
            ]
        )
        return menu

    def _class_menu(self, parent: QWidget) -> QMenu:
        menu = QMenu(tr("&Give a class"), parent)
        menu.addActions(list(self.class_actions.values()))
        menu.addSeparator()
        menu.addAction(self.get("find_class"))
        return menu

    def fill_toolbar(self, toolbar: CommandBar) -> None:
        """The commands of every minute."""
        for group in (
            ("home", "open_folder", "open_slide"),
            ("undo", "redo"),
            ("confirm", "exclude", "restore"),
            ("next_doubtful", "next_unreviewed"),
            ("red_cells",),
            ("export", "sign"),
        ):
            toolbar.addActions([self.get(name) for name in group])
            if group[0] != "export":
                toolbar.addSeparator()
        toolbar.bear_texts([self.get(name) for name in _WITH_TEXT])
