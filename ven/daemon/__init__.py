"""The VEN as a program: settings from a file, a log, a status for people, signals of the system."""
