"""The case file, its hash chain and lock, work list, library, backup."""
