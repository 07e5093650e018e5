"""The profile's state machines as tables. They serve both ends: no table knows whether its reader is VEN or VTN.

A row is what may happen in a state, and what comes of it; what has no row does not happen, or is refused. The code
of both ends follows these tables, and the pictures in the documentation are drawn from them.
"""

from oadr.states import event, opt, registration, report
from oadr.states.machine import Machine, OutOfTable, Row

__all__ = ["Machine", "OutOfTable", "Row", "event", "opt", "registration", "report"]
