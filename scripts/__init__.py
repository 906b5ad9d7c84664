"""Training, evaluation and export of the models; run as ``python -m scripts.NAME``."""
