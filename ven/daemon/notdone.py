"""What a command says instead of what it was asked for."""


class NotDone(Exception):
    """One sentence that says why: no program, no local API, or what that has refused."""
