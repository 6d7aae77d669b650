"""What the cryptographic room refuses. No message and no fact ever carries a secret."""

from storage.kernel.errors import Invalid, Refused


class Malformed(Invalid):
    """Bytes are not in the one form that is admitted; facts may name the field."""

    code = "malformed"


class NotSupported(Invalid):
    """A suite, algorithm or key kind that this platform does not take."""

    code = "not-supported"


class SealBroken(Refused):
    """A wrap, share, commitment, header tag or segment does not verify.

    ``part`` says which: header, segment, wrap, share, bidder-secret, custody-secret, trial, release (R-144).
    """

    code = "seal-broken"


class ObjectAltered(Refused):
    """Stored bytes are not those whose digest the bidder signed: the platform's fault (fault 11)."""

    code = "object-altered"


class CertificateRefused(Refused):
    """A certificate does not chain to the trust list, is out of its time, revoked or of a wrong use."""

    code = "certificate-refused"


class SignatureRefused(Refused):
    """A signature does not verify under the certificate given."""

    code = "signature-refused"


class TimestampRefused(Refused):
    """A time-stamp token does not verify, or stamps something else."""

    code = "timestamp-refused"
