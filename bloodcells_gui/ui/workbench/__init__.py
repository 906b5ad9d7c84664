"""What surrounds the review: work list, counter, second reader, library, calibration, audit."""
