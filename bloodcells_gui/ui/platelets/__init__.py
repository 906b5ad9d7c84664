"""Window of the platelets of a case: counted fields, estimates, giant ones, clumps."""
