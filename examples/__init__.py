"""Programs to read, to run and to copy from."""
