"""What can be wrong with a certificate or a folder of them; the message is one sentence for a person."""


class CertificateError(Exception):
    """A file that is missing, unreadable, expired or in the way."""


class WrongName(CertificateError):
    """A name that no party or host can have."""
