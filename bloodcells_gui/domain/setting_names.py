"""Names of the settings in words, for messages about them."""

from __future__ import annotations

from bloodcells_gui.domain.i18n import N_

# Key in the settings file -> English name, the key of its translation.
NAMES: dict[str, str] = {
    "version": N_("Version of the settings"),
    "language": "Language",
    "theme": N_("Appearance"),
    "paper": "Paper",
    "csv": N_("Format of the tables"),
    "csv_names": N_("Headers and classes of the tables"),
    "rollup": N_("Rows of the table"),
    "target_cells": N_("Leukocytes to count"),
    "target_counts": N_("Steps offered"),
    "reviewer": N_("Usual reviewer"),
    "count_sound": N_("Sound of the counter"),
    "counter_at_target": N_("The counter at the target"),
    "abstention": N_("Probability below which a cell waits"),
    "keys": N_("Keys of the classes"),
    "count_cut_left_top": N_("Cells cut by the left or top edge count"),
    "nrbc_threshold": N_("NRBC from which the white cell count is corrected"),
    "left_shift_bands_percent": N_("Bands from which there is a left shift"),
    "platelet_factor": "Platelets per field times",
    "range_set": N_("Set of reference ranges"),
    "own_ranges": N_("Reference ranges of the laboratory"),
    "rules": "Review rules",
    "header": N_("Head of the report"),
    "fields": N_("Fields of specimen and patient"),
    "comments": "Canned texts",
    "cell_tags": N_("Tags of cells"),
    "grading": "Morphology",
    "signing": "Signing",
    "privacy": "Privacy",
    "quality": "Quality",
    "watch": N_("Watched folder"),
    "cell_pictures": N_("Saved pictures of cells"),
    "thumbnails_per_class": N_("Pictures per class"),
    "gradcam_in_report": N_("Explained pictures"),
    "rare_cells": "Search for rare cells",
    "red_cells": N_("Examination of red cells"),
    "red_cell_count": N_("Red cells to examine on a slide"),
    "reader_matrix": N_("Limits that include the reader"),
    "lab_database": N_("Database of the laboratory"),
    "cluster": N_("Cluster for analyses"),
    "cases_folder": N_("Folder of cases at this workstation"),
}
