"""The pages in docs that are made: which test proves which rule, and the state machines."""
