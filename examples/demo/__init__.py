"""`make demo`: a feeder limited to 40 % before your eyes, in real processes over real mutual TLS."""
