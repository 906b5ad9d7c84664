"""One report model; CSV, PDF and evaluation are views of it."""
