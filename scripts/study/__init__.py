"""The 2021 study, system by system: ``python -m scripts.study`` runs all, ``python -m scripts.study.NAME`` one of them.

Results land in ``.train/study/NAME.json``; ``scripts.study.table`` writes them into docs/study.md.
"""

#: In the order of the study's report.
EXPERIMENTS = ("classical", "lenet", "vgg", "lite0", "masked", "contours", "sites", "two_sites", "ten")
