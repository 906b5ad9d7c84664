"""Proposals adjusted to the specimen as a whole: prior shift, label propagation, morphometry."""
