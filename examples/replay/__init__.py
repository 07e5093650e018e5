"""`python -m examples.replay`: four weeks of recorded charging, replayed with and without a load shift each day."""
