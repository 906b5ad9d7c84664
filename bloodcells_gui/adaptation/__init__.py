"""What the cells of one specimen say of each other: prior shift, label propagation, morphometry."""
