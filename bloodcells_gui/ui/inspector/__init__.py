"""One cell at a time: picture, outlines, explanation, probabilities, measurements, history."""
