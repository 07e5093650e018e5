"""Which test proves which rule: from docs/sources and the tests' markers to the pages in docs."""
