"""What both ends of an OpenADR 2.0b conversation must agree on.

Nothing in here opens a socket or a file, reads a clock or writes a log (`oadr.ledger.__main__`, the
auditor's command, is the one doorway with files): bytes, messages and the time come in, and bytes,
messages and values go out.
"""
