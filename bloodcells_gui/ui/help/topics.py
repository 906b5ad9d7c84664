"""Which part of the manual belongs to which view: one line for each.

A topic is a page and the anchor of one of its headings (`app.manual`). Tests hold that every window and view
of the program has a line here, and that its heading exists in every language.
"""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

START = "technician#1-open"
REVIEW = "technician#2-review"

#: Class of a view or window -> topic. The view that has the keyboard is looked up first, then whatever it
#: lies in, so a line for a window serves all that is in it.
TOPICS: dict[str, str] = {
    "MainWindow": START,
    "EmptyState": START,
    "OpenOptionsDialog": START,
    "ReviewerDialog": REVIEW,
    "CasePage": REVIEW,
    "GalleryPanel": REVIEW,
    "InspectorPanel": "technician#the-chosen-cell",
    "CompareWindow": "technician#the-chosen-cell",
    "ClassFinder": "technician#keys",
    "DifferentialPanel": "technician#the-table",
    "SlidePanel": "technician#where-the-cells-lie",
    "CellMap": "technician#the-map",
    "CaseDetailsPage": "technician#case-details",
    "AgreementWindow": "technician#case-details",
    "EarlierFilmsWindow": "technician#the-earlier-film-of-this-patient",
    "RareCellsWindow": "technician#rare-cells",
    "PlateletsWindow": "technician#platelets",
    "RedCellsWindow": "technician#red-cells",
    "CounterPanel": "technician#counting-at-the-microscope",
    "CountDialog": "technician#counting-at-the-microscope",
    "SecondReaderWindow": "technician#a-second-reader",
    "ReasonDialog": "technician#5-sign-and-hand-over",
    "FindingDialog": "technician#5-sign-and-hand-over",
    "FilmWaitDialog": "technician#5-sign-and-hand-over",
    "SignDialog": "technician#5-sign-and-hand-over",
    "AmendDialog": "technician#5-sign-and-hand-over",
    "UnsavedCommentDialog": "technician#5-sign-and-hand-over",
    "ExportDialog": "technician#5-sign-and-hand-over",
    "PreviewWindow": "technician#5-sign-and-hand-over",
    "AuditWindow": "laboratory#records",
    "KnownCellsWindow": "laboratory#known-cells",
    "QualityWindow": "laboratory#quality-over-time",
    "WorklistPage": "technician#the-work-list",
    "LeaveClusterDialog": "technician#the-work-list",
    "WatchedWindow": "technician#the-watched-folder",
    "AssignDialog": "technician#the-watched-folder",
    "TwoClassesWindow": "technician#two-classes-side-by-side",
    "CellCommentDialog": "technician#tags-and-comments",
    "CellPicturesDialog": "technician#the-signature",
    "PicturesDialog": "laboratory#the-reference-library",
    "LibraryWindow": "laboratory#the-reference-library",
    "LabelCheckWindow": "laboratory#the-reference-library",
    "NoteDialog": "laboratory#the-reference-library",
    "CalibrationWindow": "laboratory#validation-plan",
    "SiteCheckWindow": "laboratory#site-check",
    "RetentionWindow": "laboratory#privacy",
    "BackupWindow": "laboratory#backup",
    "ConnectionsWindow": "laboratory#laboratory-system",
    "SignInDialog": "laboratory#accounts",
    "PinDialog": "laboratory#accounts",
    "PasswordDialog": "laboratory#accounts",
    "MyAccountDialog": "laboratory#accounts",
    "AccountsWindow": "laboratory#accounts",
    "AccountDialog": "laboratory#accounts",
    "ResetDialog": "laboratory#accounts",
    "SettingsDialog": "laboratory#settings",
    "KeepDialog": "laboratory#settings",
    "DropDialog": "laboratory#settings",
    "KeyMapDialog": "technician#keys",
    "KeySheetDialog": "technician#keys",
    "ModelsDialog": "technician#what-the-program-never-proposes",
    "SupportDialog": "technician#if-something-is-wrong",
    "BannerStack": "technician#if-something-is-wrong",
    "AboutDialog": "technician#help",
    "WhatIsThis": "technician#help",
    "TourCard": "technician#the-tour",
}


def split(topic: str) -> tuple[str, str]:
    """Page and anchor of a topic."""
    page, _, anchor = topic.partition("#")
    return page, anchor


def topic_of(widget: QWidget | None) -> str:
    """The topic of the innermost view that has one, beginning at `widget`; the start's for none."""
    while widget is not None:
        for kind in type(widget).__mro__:
            if kind.__name__ in TOPICS:
                return TOPICS[kind.__name__]
        widget = widget.parentWidget()
    return START
