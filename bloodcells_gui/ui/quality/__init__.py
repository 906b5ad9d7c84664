"""Charts of stain, camera and naming over time."""
