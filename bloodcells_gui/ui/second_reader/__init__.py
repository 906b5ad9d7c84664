"""A blinded second reading, agreement and adjudication."""
