"""Signatures of CAs over certificates, CRLs and OCSP answers: one place that says which count."""

from typing import Any

from pyhanko_certvalidator.sig_validate import DEFAULT_SIGNATURE_VALIDATOR

SIGNATURES = DEFAULT_SIGNATURE_VALIDATOR
_BROKEN = {"md2", "md5", "sha1"}


def verifies(issuer: Any, algorithm: Any, signed: bytes, signature: bytes) -> bool:
    """True where ``signature`` (algorithm as asn1crypto has it) over ``signed`` is the issuer's; False for a broken
    hash and for anything that cannot be judged."""
    try:
        if algorithm.hash_algo in _BROKEN:
            return False
        SIGNATURES.validate_signature(signature, signed, issuer.public_key, algorithm)
    except Exception:  # whatever goes wrong: it does not verify
        return False
    return True
