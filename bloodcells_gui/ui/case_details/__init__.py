"""The case's record: specimen and patient, morphology, comments, analyser."""
