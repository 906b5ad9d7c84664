"""Report preview, audit trail, calibration: what stands around a case on paper."""
