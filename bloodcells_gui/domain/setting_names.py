"""What the settings are called in words, for messages about them."""

from __future__ import annotations

# Key in the settings file -> English name, the key of its translation.
NAMES: dict[str, str] = {
    "version": "Version of the settings",
    "language": "Language",
    "theme": "Appearance",
    "paper": "Paper",
    "csv": "Format of the tables",
    "rollup": "Rows of the table",
    "target_cells": "Leukocytes to count",
    "target_counts": "Steps offered",
    "reviewer": "Usual reviewer",
    "count_sound": "Sound of the counter",
    "abstention": "Probability below which a cell waits",
    "keys": "Keys of the classes",
    "count_cut_left_top": "Cells cut by the left or top edge count",
    "nrbc_threshold": "NRBC from which the white cell count is corrected",
    "left_shift_bands_percent": "Bands from which there is a left shift",
    "platelet_factor": "Platelets per field times",
    "range_set": "Set of reference ranges",
    "own_ranges": "Reference ranges of the laboratory",
    "rules": "Review rules",
    "header": "Head of the report",
    "fields": "Fields of specimen and patient",
    "comments": "Canned texts",
    "grading": "Morphology",
    "signing": "Signing",
    "privacy": "Privacy",
    "thumbnails_per_class": "Pictures per class",
    "gradcam_in_report": "Explained pictures",
}
