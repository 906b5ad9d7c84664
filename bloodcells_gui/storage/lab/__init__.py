"""What the workstations of a laboratory share, in PostgreSQL or, on one computer, in SQLite."""
