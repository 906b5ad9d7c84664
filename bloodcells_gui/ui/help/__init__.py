"""The manual inside the program: F1, the key sheet, explanations and the tour."""
