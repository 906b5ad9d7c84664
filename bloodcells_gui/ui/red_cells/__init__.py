"""Red cells of the open case: examined, shown by shape class, named and graded by a person."""
