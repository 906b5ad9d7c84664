"""Earlier films of the same patient beside the present one."""
