"""OpenADR 2.0b messages as frozen dataclasses, and the one way from bytes to message and back."""
