"""The five OpenADR services: a message and its caller go in, the answer comes out, what it changed is on disk."""
