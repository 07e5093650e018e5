"""The operator's end: order a limit, deliver it, see what it did, and keep the record."""
