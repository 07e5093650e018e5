"""How the server itself is doing: may it be relied on, what can be measured, is its clock right."""
