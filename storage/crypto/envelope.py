"""Sealing and opening EBID/1 objects; the bytes of one object are FLOE segments, segment i is S3 part i+1.

Sealing: ``seal`` once, then ``encrypt_parts``; after a crash ``Sealing.resume(header, message_key)`` goes on at
any part. Opening: ``message_key_of`` from both secrets, then ``SealedReader`` reads any range.
*When* one may open is not decided here.
"""

import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag

from storage.crypto import floe
from storage.crypto.context import Context, Secrets, commitment, file_key, trial_key
from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.header import Header, read_header
from storage.crypto.recovery import wrap_under
from storage.crypto.shamir import split
from storage.crypto.suites import sm3
from storage.crypto.wraps import WrapPublicKey, wrap

_TRIAL = b"ebid/1 trial"
Randomness = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a secret is wrapped to: ``cert`` is "sha256:"+hex of the certificate DER."""

    cert: str
    public_key: WrapPublicKey


@dataclass(frozen=True, slots=True)
class Part:
    """One S3 part: ``number`` from 1, its bytes, its SHA-256 in lower-case hex, and in suite 2 its SM3 as well."""

    number: int
    data: bytes = field(repr=False)
    sha256: str
    sm3: str = ""


@dataclass(frozen=True, slots=True)
class Sealing:
    """An object being sealed. Kept for a resume: ``header`` and ``message_key.secret`` (MK); never S_B or S_P."""

    header: Header
    message_key: floe.MessageKey

    @classmethod
    def resume(cls, header: bytes, message_key: bytes) -> "Sealing":
        """Goes on with the kept H and MK; segments written anew get a fresh nonce."""
        read = read_header(header)
        return cls(read, floe.resume(read.floe, read.ctx.aad, message_key))

    def encrypt_parts(self, source: Iterable[bytes], *, first: int = 0,
                      nonces: Iterator[bytes] | None = None) -> Iterator[Part]:
        """The parts of the plaintext chunks in ``source``, which begin at segment ``first`` (its plaintext
        offset is ``first * (seg - 32)``). Chunks may have any size; an empty file is one part of 32 bytes."""
        position = first
        for plaintext, last in _segments(source, self.message_key.parameters.plain):
            data = self.message_key.encrypt_segment(
                position, plaintext, last=last, nonce=next(nonces) if nonces else None)
            position += 1
            yield part_of(position, data, self.header.ctx)


def seal(ctx: Context, bidder: Sequence[Recipient], custodians: Sequence[Recipient], *,
         chosen: Secrets | None = None, randomness: Randomness = secrets.token_bytes,
         code: str | None = None) -> Sealing:
    """Makes H: both secrets, shares, commitments, wraps, FLOE header, trial segment.

    ``bidder``: one or two of its certificates (R-704); ``custodians``: in the order of ctx; ``code``: a recovery code
    that is to open S_B as well (R-144). ``chosen`` and ``randomness`` only reproduce vectors; randomness is asked for
    the coefficients, the FLOE IV, the trial IV, and with a code for its salt and IV.
    """
    suite = ctx.algorithms
    both = chosen or Secrets(secrets.token_bytes(32), secrets.token_bytes(32))
    if not 1 <= len(bidder) <= 2 or tuple(item.cert for item in custodians) != ctx.custodians:
        raise Malformed("收件证书与 ctx 不符", field="custodians")
    ch = ctx.ch
    shares = split(both.custody, needed=ctx.k, shares=ctx.n, randomness=randomness)
    wraps = [wrap(both.bidder, item.public_key, item.cert, role="bidder", index=index, ch=ch,
                  suite=suite)
             for index, item in enumerate(bidder)]
    wraps += [wrap(share, item.public_key, item.cert, role="custodian", index=share[-1], ch=ch,
                   suite=suite)
              for share, item in zip(shares, custodians, strict=True)]
    parameters = floe.Parameters(ctx.seg, suite=suite)
    start, message_key = floe.start(file_key(both, ch, suite), parameters, ctx.aad, randomness(32))
    header = Header(
        ctx, start, commitment("b", both.bidder, suite), commitment("p", both.custody, suite),
        tuple(commitment("s", share, suite) for share in shares), tuple(wraps),
        _seal_trial(both.bidder, ctx, randomness(12)),
        None if code is None else wrap_under(code, both.bidder, ch, randomness))
    return Sealing(header, message_key)


def part_of(number: int, data: bytes, ctx: Context) -> Part:
    """The stored segment ``number - 1`` with the digests that its suite's manifest names."""
    return Part(number, data, sha256(data).hexdigest(), sm3(data) if ctx.algorithms.is_sm else "")


def open_trial(header: Header, bidder_secret: bytes) -> None:
    """Trial decryption before the deadline: proves that S_B is held, shows nothing of the bid.

    Raises ``SealBroken`` when the commitment or the trial segment does not verify.
    """
    header.check_bidder_secret(bidder_secret)
    ch, iv, sealed, suite = header.ctx.ch, header.trial[:12], header.trial[12:], header.ctx.algorithms
    try:
        plaintext = suite.cipher(trial_key(bidder_secret, ch, suite)).decrypt(iv, sealed, ch)
    except InvalidTag as error:
        raise SealBroken("试解密失败", part="trial") from error
    if not hmac.compare_digest(plaintext, _TRIAL):
        raise SealBroken("试解密失败", part="trial")


def message_key_of(header: Header, both: Secrets) -> floe.MessageKey:
    """The key that decrypts the body, from both secrets (see ``Header.join``); raises ``SealBroken``."""
    return floe.open_header(file_key(both, header.ctx.ch, header.ctx.algorithms), header.floe, header.ctx.aad)


def _seal_trial(bidder_secret: bytes, ctx: Context, iv: bytes) -> bytes:
    ch, suite = ctx.ch, ctx.algorithms
    return iv + suite.cipher(trial_key(bidder_secret, ch, suite)).encrypt(iv, _TRIAL, ch)


def _segments(source: Iterable[bytes], plain: int) -> Iterator[tuple[bytes, bool]]:
    """Cuts chunks of any size into segments of ``plain`` bytes; the last is 0 … ``plain`` bytes, 0 only if alone."""
    held = bytearray()
    for chunk in source:
        held += chunk
        while len(held) > plain:
            yield bytes(held[:plain]), False
            del held[:plain]
    yield bytes(held), True
