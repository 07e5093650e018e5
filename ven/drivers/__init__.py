"""Chargepoints that the daemon can drive. So far one that is simulated; the real ones follow."""
