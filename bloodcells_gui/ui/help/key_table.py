"""The keys that views and windows take themselves, beside the commands of the menus: one line for each.

The key sheet shows them. A test compares the table with the sources: whoever lets a view take a key adds a
line here, and a key that no source takes any more fails too.
"""

from __future__ import annotations

from dataclasses import dataclass

from bloodcells_gui.domain.i18n import N_

#: Stands for the keys of the classes, which the laboratory chooses.
CLASS_KEYS = "class keys"
#: Stands for the grades of morphology.
GRADE_KEYS = "grade keys"
#: Stands for the letters of the shape classes of red cells, which badges show.
SHAPE_KEYS = "shape keys"


@dataclass(frozen=True, slots=True)
class KeyLine:
    """What keys do in one view.

    Attributes
    ----------
    keys : tuple of str
        As `QKeySequence` reads them, without modifiers that only select.
    does : str
        In a few words, as a template.
    shown : str
        How the keys are called where their names are no good, as a template; "" for their own names.
    """

    keys: tuple[str, ...]
    does: str
    shown: str = ""


@dataclass(frozen=True, slots=True)
class KeySection:
    """The keys of one view: its name, and the modules of `ui` that take them."""

    name: str
    modules: tuple[str, ...]
    lines: tuple[KeyLine, ...]


_ARROWS = ("Left", "Right", "Up", "Down")
_ENTER = ("Return", "Enter")

SECTIONS = (
    KeySection(
        N_("Gallery"),
        ("gallery/selecting", "review_keys"),
        (
            KeyLine(_ARROWS, N_("Move the cursor"), N_("arrow keys")),
            KeyLine(("Home", "End"), N_("First, last cell of the group; with Ctrl of all")),
            KeyLine(("PgUp", "PgDown"), N_("A page up, down")),
            KeyLine(("Shift",), N_("Choose several"), N_("Shift and these")),
            KeyLine(("Ctrl+A",), N_("Choose the whole group")),
            KeyLine(_ENTER, N_("Show the cell on the slide"), N_("Enter")),
            KeyLine(("/",), N_("Class by name")),
        ),
    ),
    KeySection(
        N_("Slide, fields"),
        ("slide_view/canvas",),
        (
            KeyLine(_ARROWS, N_("Move the picture"), N_("arrow keys")),
            KeyLine(("+", "-"), N_("Zoom in, out")),
            KeyLine(("0", "Home"), N_("See everything")),
            KeyLine(("Del",), N_("Not a cell")),
            KeyLine(_ENTER, N_("Analyse the drawn zone"), N_("Enter")),
            KeyLine(("Esc",), N_("Put the tool away")),
        ),
    ),
    KeySection(
        N_("The chosen cell"),
        ("inspector/image_view", "inspector/probabilities"),
        (
            KeyLine(("+", "-", "0"), N_("Zoom in, out, fit")),
            KeyLine(("Up", "Down"), N_("Another class to explain")),
        ),
    ),
    KeySection(
        N_("Mend an outline"),
        ("inspector/mending",),
        (
            KeyLine(("Left", "Right"), N_("Go along the outline")),
            KeyLine(("Up", "Down"), N_("Push it outwards, inwards; with Shift the whole")),
            KeyLine(("PgUp", "PgDown"), N_("A wider, narrower stretch")),
            KeyLine(_ENTER, N_("Keep it"), N_("Enter")),
            KeyLine(("Esc",), N_("Take it back, then leave")),
        ),
    ),
    KeySection(
        N_("Comparison"),
        ("compare",),
        (
            KeyLine(_ARROWS, N_("Another cell"), N_("arrow keys")),
            KeyLine(("Space",), N_("Confirm it")),
            KeyLine((CLASS_KEYS,), N_("Another class"), N_("class key")),
            KeyLine(("Del",), N_("Exclude; with Shift restore")),
            KeyLine(("Ctrl+Z", "Ctrl+Y"), N_("Undo, redo")),
            KeyLine(("Ctrl+G",), N_("Show it in the gallery")),
        ),
    ),
    KeySection(
        N_("Two classes side by side"),
        ("two_classes",),
        (
            KeyLine(_ENTER, N_("To the other side"), N_("Enter")),
            KeyLine(("Space", "Del"), N_("Confirm, exclude")),
            KeyLine((CLASS_KEYS,), N_("Another class"), N_("class key")),
            KeyLine(("Tab", "Backtab"), N_("Change sides"), N_("Tab")),
            KeyLine(("Ctrl+Z", "Ctrl+Y"), N_("Undo, redo")),
        ),
    ),
    KeySection(
        N_("Search for rare cells"),
        ("rare_cells/window",),
        (
            KeyLine(("Space", "Del"), N_("Confirm, exclude; Shift+Space confirms what was seen")),
            KeyLine((CLASS_KEYS,), N_("Another class"), N_("class key")),
            KeyLine(("Ctrl+Z", "Ctrl+Y"), N_("Undo, redo")),
        ),
    ),
    KeySection(
        N_("Platelets"),
        ("platelets/window",),
        (
            KeyLine(("Del",), N_("Leave the field or place out; with Shift take it back")),
            KeyLine(("Ctrl+Z", "Ctrl+Y"), N_("Undo, redo")),
        ),
    ),
    KeySection(
        N_("Red cells"),
        ("red_cells/decisions", "red_cells/gallery", "red_cells/class_table", "red_cells/field_canvas"),
        (
            KeyLine((SHAPE_KEYS,), N_("Name the chosen cells"), N_("letter of the shape")),
            KeyLine(("Space", "Del"), N_("Confirm, not counted; Shift+Delete as proposed again")),
            KeyLine(
                _ENTER,
                N_("From the gallery to the field and back; in the table accept the grade"),
                N_("Enter"),
            ),
            KeyLine((GRADE_KEYS,), N_("In the table: another grade"), N_("0 to 3, P")),
            KeyLine(("Ctrl+Z", "Ctrl+Y"), N_("Undo, redo")),
            KeyLine(_ARROWS, N_("Another cell; in a field the nearest"), N_("arrow keys")),
            KeyLine(("PgUp", "PgDown"), N_("A page up, down; in a field the field before, the next")),
            KeyLine(("+", "-"), N_("In a field: zoom in, out")),
            KeyLine(("0", "Home"), N_("In a field: see everything")),
        ),
    ),
    KeySection(
        N_("Tags"),
        ("tag_box",),
        (
            KeyLine(("Up", "Down"), N_("Another tag")),
            KeyLine(("Space",), N_("Set or take it; 1 to 9 too")),
            KeyLine(_ENTER, N_("Write a comment"), N_("Enter")),
        ),
    ),
    KeySection(
        N_("Counter"),
        ("counter/panel",),
        (
            KeyLine((CLASS_KEYS,), N_("One more; with Shift one less"), N_("class key")),
            KeyLine(("Backspace",), N_("Take the last one back")),
            KeyLine(("Space", *_ENTER), N_("Count the tile with the cursor"), N_("Space, Enter")),
        ),
    ),
    KeySection(
        N_("Morphology"),
        ("case_details/grades",),
        (KeyLine((GRADE_KEYS,), N_("Grade the feature"), N_("0 to 3, P")),),
    ),
    KeySection(
        N_("Comments"),
        ("case_details/comments",),
        (KeyLine(("Ctrl+Return", "Ctrl+Enter"), N_("Add the comment"), N_("Ctrl+Enter")),),
    ),
    KeySection(
        N_("Second reading"),
        ("second_reader/window",),
        (
            KeyLine((CLASS_KEYS,), N_("Name the cell, go on"), N_("class key")),
            KeyLine(("Backspace",), N_("The cell before")),
        ),
    ),
    KeySection(
        N_("Class by name"),
        ("class_finder",),
        (KeyLine(("Up", "Down"), N_("Choose; Enter gives the class")),),
    ),
    KeySection(
        N_("Preview of the report"),
        ("report_preview/pages",),
        (
            KeyLine(("+", "-", "0"), N_("Zoom in, out, fit")),
            KeyLine(("Space",), N_("A page further")),
            KeyLine(("Home", "End"), N_("First, last page")),
        ),
    ),
    KeySection(
        N_("Reference library"),
        ("reference_library/window", "reference_library/contradicted"),
        (
            KeyLine(("Del",), N_("Take the cell out")),
            KeyLine(("Ctrl+Z",), N_("Take the last step back")),
            KeyLine(_ENTER, N_("Labels: keep the class"), N_("Enter")),
            KeyLine((CLASS_KEYS,), N_("Labels: another class"), N_("class key")),
        ),
    ),
    KeySection(
        N_("Work list"),
        ("worklist/page", "worklist/table", "worklist/search_row"),
        (
            KeyLine(_ENTER, N_("Open the case"), N_("Enter")),
            KeyLine(("Home", "End"), N_("First and last case")),
            KeyLine(("Ctrl+F",), N_("Search")),
            KeyLine(("Down",), N_("From the search to the cases")),
            KeyLine(("F5",), N_("Read the folder again")),
            KeyLine(("Esc",), N_("Back to the open case")),
        ),
    ),
    KeySection(
        N_("Watched folder"),
        ("watched/window",),
        (KeyLine(_ENTER, N_("Do what the line asks for"), N_("Enter")),),
    ),
    KeySection(
        N_("Notices"),
        ("banner",),
        (KeyLine(("Esc",), N_("Put the newest away")),),
    ),
    KeySection(
        N_("Tour"),
        ("help/tour",),
        (KeyLine(_ENTER, N_("Next step"), N_("Enter")), KeyLine(("Esc",), N_("End the tour"))),
    ),
    KeySection(
        N_("Manual"),
        ("help/window", "help/desk"),
        (
            KeyLine(("Ctrl+F",), N_("Search in all pages")),
            KeyLine(("F3", "Shift+F3"), N_("Next, previous hit")),
            KeyLine(("Alt+Left", "Alt+Right"), N_("Back, forward")),
            KeyLine(
                ("Ctrl++", "Ctrl+=", "Ctrl+-"), N_("Larger, smaller letters"), N_("Ctrl+plus, Ctrl+minus")
            ),
            KeyLine(("F1", "Shift+F1"), N_("Manual, what is this?: in dialogs too")),
        ),
    ),
    KeySection(
        N_("Dialogs"),
        ("dialogs/common", "dialogs/sign", "settings/dialog", "help/window"),
        (
            KeyLine(_ENTER, N_("OK, or the button with the cursor"), N_("Enter")),
            KeyLine(("Esc",), N_("Cancel, close")),
        ),
    ),
)
