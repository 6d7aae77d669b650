"""Security keys (WebAuthn level 2): what a browser is asked, and what its answer proves.

Answers are the JSON text of ``PublicKeyCredential.toJSON``. The relying party is the host of the platform's public
origin, which must be a name: browsers make no keys for bare addresses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, decode_credential_public_key, decoded_public_key_to_cryptography
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from storage.crypto.errors import Malformed, SignatureRefused

_MILLISECONDS = 110_000  # shorter than a challenge lives
# What reading an answer of another form comes to, one that is nested beyond all depth included.
_NOT_SO = (KeyError, TypeError, ValueError, AttributeError, RecursionError, msgspec.MsgspecError)


@dataclass(frozen=True, slots=True)
class Registered:
    """A new key: its identifier, its public key (COSE), and how often it has signed."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def _party(origin: str) -> str:
    return urlsplit(origin).hostname or ""


def _json(options: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(options_to_json(options))
    return found


def _named(keys: Sequence[bytes]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=each) for each in keys]


def registration_options(origin: str, challenge: bytes, user_id: bytes, name: str,
                         known: Sequence[bytes]) -> dict[str, Any]:
    """What ``navigator.credentials.create`` is asked; a key that is known already registers no second time."""
    return _json(generate_registration_options(
        rp_id=_party(origin), rp_name="云开 Yunkai", user_id=user_id, user_name=name, user_display_name=name,
        challenge=challenge, timeout=_MILLISECONDS, exclude_credentials=_named(known),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=UserVerificationRequirement.PREFERRED)))


def assertion_options(origin: str, challenge: bytes, keys: Sequence[bytes]) -> dict[str, Any]:
    """What ``navigator.credentials.get`` is asked: a signature of one of these keys."""
    return _json(generate_authentication_options(
        rp_id=_party(origin), challenge=challenge, timeout=_MILLISECONDS, allow_credentials=_named(keys)))


def challenge_of(answer: str) -> bytes:
    """The challenge an answer says it is for; that it was asked, once, is for the caller. Raises ``Malformed``."""
    try:
        said = msgspec.json.decode(answer)["response"]["clientDataJSON"]
        data = msgspec.json.decode(base64url_to_bytes(said))
        return base64url_to_bytes(data["challenge"])
    except _NOT_SO as error:
        raise Malformed("安全钥匙的应答格式不对", field="credential") from error


def credential_id_of(answer: str) -> bytes:
    """Which key answers. Raises ``Malformed``."""
    try:
        return base64url_to_bytes(msgspec.json.decode(answer)["rawId"])
    except _NOT_SO as error:
        raise Malformed("安全钥匙的应答格式不对", field="credential") from error


def verify_registration(answer: str, *, origin: str, challenge: bytes) -> Registered:
    """The key a browser made for this origin and challenge, its holder present; raises ``SignatureRefused``.

    A key that could never verify anything is refused too: with no attestation nobody has used it yet.
    """
    try:
        found = verify_registration_response(credential=answer, expected_challenge=challenge,
                                             expected_rp_id=_party(origin), expected_origin=origin)
        decoded_public_key_to_cryptography(decode_credential_public_key(found.credential_public_key))
    except Exception as error:  # the library reads what a stranger sent, and lets its KeyErrors and others through
        raise SignatureRefused("安全钥匙的应答未通过验证", reason="security-key") from error
    return Registered(found.credential_id, found.credential_public_key, found.sign_count)


def verify_assertion(answer: str, key: Registered, *, origin: str, challenge: bytes) -> int:
    """How often the key has signed now, when it signed this challenge for this origin; raises ``SignatureRefused``.

    A count that did not grow tells of a copy, and is refused.
    """
    try:
        return verify_authentication_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=_party(origin), expected_origin=origin,
            credential_public_key=key.public_key, credential_current_sign_count=key.sign_count).new_sign_count
    except Exception as error:  # as above
        raise SignatureRefused("安全钥匙的应答未通过验证", reason="security-key") from error
