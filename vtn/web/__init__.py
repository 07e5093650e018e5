"""HTTP and TLS: who is calling, what may come in, and which status answers what is no OpenADR at all."""
