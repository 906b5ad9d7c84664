"""The 2021 study, system by system: ``python -m scripts.study.NAME``; results land in ``.train/study/NAME.json``."""
