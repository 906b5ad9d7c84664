"""Report preview, audit trail and calibration of a case."""
