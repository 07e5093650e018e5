"""The operator's command line: each module a command or a group of them, `program` puts them together."""
