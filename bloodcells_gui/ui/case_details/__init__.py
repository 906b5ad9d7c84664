"""The details of a case: specimen and patient, morphology, comments, analyser."""
