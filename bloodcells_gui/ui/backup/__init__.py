"""Cases past the time that they are kept, and the record of those removed."""
