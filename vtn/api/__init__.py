"""The REST API of the control room: one declaration for each operation, from which its description is generated."""
