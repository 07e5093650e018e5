"""From an order to every VEN that it concerns: what is due, to whom, and until when it is offered."""
