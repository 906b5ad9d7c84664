"""Tool windows around the review: work list, counter, second reader, library, calibration, audit."""
