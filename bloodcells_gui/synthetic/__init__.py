"""The synthetic specimen: seeded, with exact ground truth, and labelled as synthetic everywhere.

It is the embedded demonstration, the ground truth of tests and the load generator. Cells are drawn from
recipes (:mod:`leukocytes`), weakened light adds up as in a microscope (:mod:`stain`), and one function,
:func:`generate`, writes crops, fields or a slide.
"""

from bloodcells_gui.synthetic.photographs import generate_crops, generate_fields
from bloodcells_gui.synthetic.slide import generate, generate_slide

__all__ = ["generate", "generate_crops", "generate_fields", "generate_slide"]
