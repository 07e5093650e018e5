"""Benchmarks. Each figure stands beside a peer or a limit that was measured in the same run: `make bench`."""
