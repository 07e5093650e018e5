"""Where the VTN's state lives. One module a subject, each a few questions and changes; SQL is nowhere else."""
