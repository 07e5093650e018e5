"""How a store of an older program becomes one of this program: forward only, each a file of `versions`.

A new one: change `tables.py`, write the next number in `revisions.NEWEST`, and the file `vNNNN_what.py` beside the
others. The tests say when the two ways to the newest store, all at once or step by step, do not end alike.
"""
