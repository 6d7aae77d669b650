"""Properties of sealing: what was sealed comes back, and every single change is refused."""

import io
from functools import cache
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from storage.crypto import shamir
from storage.crypto.canonical import canonical_bytes, parse_canonical
from storage.crypto.context import Context, Secrets
from storage.crypto.envelope import Recipient, Sealing, message_key_of, open_trial, seal
from storage.crypto.errors import Malformed, NotSupported, ObjectAltered, SealBroken, SignatureRefused
from storage.crypto.header import Header, read_header
from storage.crypto.manifest import Manifest, check_manifest, check_parts, read_manifest, sign_manifest
from storage.crypto.reader import SealedReader, decrypt_segment
from storage.crypto.single_file import decrypt_single, export_single
from storage.crypto.wraps import Wrap, open_release, seal_release, unwrap, wrap

SEG = 64
PLAIN = SEG - 32
BOTH = Secrets(bytes(range(32)), bytes(range(100, 132)))
REFUSALS = (Malformed, NotSupported, SealBroken, ObjectAltered, SignatureRefused)


@cache
def ec_key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(1000 + number, ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def recipient(number: int) -> Recipient:
    return Recipient("sha256:" + sha256(bytes([number])).hexdigest(), ec_key(number).public_key())


def context(**changes) -> Context:
    people = tuple(recipient(i).cert for i in (1, 2, 3))
    return Context(**{
        "tender": "E3207000001000001", "lot": "E3207000001000001001", "round": 1, "bidder": recipient(0).cert,
        "version": 1, "envelope": "whole", "opens_at": "2026-12-01T01:00:00Z", "seg": SEG, "k": 2, "n": 3,
        "custodians": people} | changes)


def sealed(size: int, ctx: Context | None = None) -> tuple[Sealing, bytes, list[bytes], Manifest]:
    text = bytes(j % 251 for j in range(size))
    sealing = seal(ctx or context(), [recipient(0)], [recipient(i) for i in (1, 2, 3)], chosen=BOTH)
    parts = list(sealing.encrypt_parts([text]))
    manifest = Manifest(sealing.header.sha256, tuple(part.sha256 for part in parts), size)
    return sealing, text, [part.data for part in parts], manifest


@cache
def example() -> tuple[Sealing, bytes, list[bytes], Manifest]:
    return sealed(3 * PLAIN + 5)


def single(header: Header, parts: list[bytes]) -> bytes:
    return b"".join(export_single(header, parts))


@given(st.integers(0, 5 * PLAIN), st.integers(0, 6 * PLAIN), st.integers(0, 3 * PLAIN))
@settings(max_examples=60, deadline=None)
def test_any_range_of_a_sealed_object_reads_as_the_plaintext(size, offset, length):
    sealing, text, parts, manifest = sealed(size)
    body = b"".join(parts)
    reader = SealedReader(message_key_of(sealing.header, BOTH), manifest, lambda at, n: body[at:at + n])
    assert reader.read(offset, length) == text[offset:offset + length]
    assert reader.layout.stored_size == len(body)
    reader.check()


@given(st.lists(st.binary(max_size=50), max_size=12), st.data())
@settings(deadline=None, max_examples=50)
def test_chunking_and_resuming_do_not_change_what_is_read(chunks, data):
    sealing, text = example()[0], b"".join(chunks)
    parts = [part.data for part in sealing.encrypt_parts(chunks)]
    first = data.draw(st.integers(0, len(parts) - 1))
    again = Sealing.resume(sealing.header.to_bytes(), sealing.message_key.secret)
    rest = [part.data for part in again.encrypt_parts([text[first * PLAIN:]], first=first)]
    assert len(parts[:first] + rest) == len(parts)
    assert b"".join(decrypt_single(io.BytesIO(single(sealing.header, parts[:first] + rest)), BOTH)) == text


def read_and_check(file: bytes, header_length: int) -> None:
    list(decrypt_single(io.BytesIO(file), BOTH))
    # A wrap or commitment may change and the body still decrypt: the manifest's header digest refuses it.
    check_manifest(example()[3], read_header(file[12:12 + header_length]), ec_key(0).public_key(), signature_of("ec"))


@cache
def signature_of(kind: str) -> bytes:
    return sign_manifest(example()[3], ec_key(0) if kind == "ec" else rsa_key())


@given(st.data())
@settings(max_examples=400, deadline=None)
@pytest.mark.cts("A-90")
def test_no_byte_of_a_sealed_file_can_change_unseen(data):
    sealing, _, parts, _ = example()
    file = bytearray(single(sealing.header, parts))
    at = data.draw(st.integers(0, len(file) - 1))
    file[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(REFUSALS):
        read_and_check(bytes(file), len(sealing.header.to_bytes()))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_byte_of_manifest_or_signature_can_change_unseen(data):
    sealing, _, _, manifest = example()
    kind = data.draw(st.sampled_from(["ec", "rsa"]))
    key = ec_key(0) if kind == "ec" else rsa_key()
    signed, signature = bytearray(manifest.to_bytes()), bytearray(signature_of(kind))
    target = data.draw(st.sampled_from([signed, signature]))
    target[data.draw(st.integers(0, len(target) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(REFUSALS):
        check_manifest(read_manifest(bytes(signed)), sealing.header, key.public_key(), bytes(signature))


@given(st.permutations(range(4)))
def test_segments_in_another_order_are_refused(order):
    sealing, _, parts, manifest = example()
    assume(list(order) != [0, 1, 2, 3])
    moved = [parts[i] for i in order]
    with pytest.raises(SealBroken):
        list(decrypt_single(io.BytesIO(single(sealing.header, moved)), BOTH))
    with pytest.raises(ObjectAltered):
        check_parts(manifest, [sha256(part).hexdigest() for part in moved])


@given(st.integers(0, 4 * SEG), st.binary(min_size=1, max_size=80))
@settings(deadline=None)
def test_truncated_and_trailing_bytes_are_refused(cut, trailing):
    sealing, _, parts, _ = example()
    file = single(sealing.header, parts)
    short = file[:len(file) - 1 - cut % (len(file) - 1)]
    for wrong in (short, file + trailing):
        with pytest.raises(REFUSALS):
            list(decrypt_single(io.BytesIO(wrong), BOTH))


@pytest.mark.parametrize("index", range(4))
def test_a_missing_or_doubled_segment_is_refused(index):
    sealing, _, parts, _ = example()
    for wrong in (parts[:index] + parts[index + 1:], parts[:index] + parts[index:index + 1] + parts[index:]):
        with pytest.raises(SealBroken):
            list(decrypt_single(io.BytesIO(single(sealing.header, wrong)), BOTH))


def test_an_altered_store_and_a_false_sealing_are_told_apart():
    sealing, _, parts, manifest = example()
    key = message_key_of(sealing.header, BOTH)
    false = parts[0][:-1] + bytes([parts[0][-1] ^ 1])
    with pytest.raises(ObjectAltered):
        decrypt_segment(key, manifest, 0, false)
    agreed = Manifest(manifest.header_sha256, (sha256(false).hexdigest(), *manifest.parts[1:]), manifest.size)
    with pytest.raises(SealBroken):
        decrypt_segment(key, agreed, 0, false)
    lying = Manifest(manifest.header_sha256, manifest.parts, manifest.size - 1)
    with pytest.raises(SealBroken):
        decrypt_segment(key, lying, 3, parts[3])


CHANGES = [{"tender": "other"}, {"lot": "other"}, {"round": 2}, {"bidder": recipient(9).cert}, {"version": 2},
           {"envelope": "whole/statement"}, {"opens_at": "2026-12-01T01:00:01Z"}, {"seg": 128}, {"k": 3}]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_a_sealed_object_cannot_move_to_another_lot_bidder_version_or_hour(change):
    sealing, _, parts, _ = example()
    header, other = sealing.header, context(**change)
    moved = Header(other, header.floe, header.com_b, header.com_p, header.com_s, header.wraps, header.trial)
    with pytest.raises(SealBroken):
        message_key_of(moved, BOTH)
    with pytest.raises(SealBroken):
        open_trial(moved, BOTH.bidder)
    for item, number in zip(header.wraps, range(4), strict=True):
        with pytest.raises(SealBroken):
            unwrap(item, ec_key(number), other.ch)
    with pytest.raises((Malformed, SealBroken)):
        list(decrypt_single(io.BytesIO(single(moved, parts)), BOTH))


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_wrap_opens_only_with_its_key_role_and_index(kind):
    key = ec_key(5) if kind == "ec" else rsa_key()
    ch = context().ch
    item = wrap(bytes(33), key.public_key(), recipient(5).cert, role="custodian", index=2, ch=ch)
    assert unwrap(item, key, ch) == bytes(33)
    wrong = [Wrap("bidder", 2, item.cert, item.alg, item.ct, item.enc),
             Wrap("custodian", 1, item.cert, item.alg, item.ct, item.enc)]
    for false in wrong:
        with pytest.raises(SealBroken):
            unwrap(false, key, ch)
    for other in (ec_key(6), rsa.generate_private_key(65537, 2048)):
        with pytest.raises(SealBroken):
            unwrap(item, other, ch)


def test_a_release_opens_only_in_its_session_role_index_and_lot():
    ch, session = context().ch, ec_key(40)
    release = seal_release(bytes(32), session.public_key(), role="bidder", index=0, ch=ch)
    assert open_release(release, session, role="bidder", index=0, ch=ch) == bytes(32)
    for role, index, where, key in (("custodian", 0, ch, session), ("bidder", 1, ch, session),
                                    ("bidder", 0, context(lot="other").ch, session), ("bidder", 0, ch, ec_key(41))):
        with pytest.raises(SealBroken):
            open_release(release, key, role=role, index=index, ch=where)


def test_neither_secret_alone_opens_a_bid():
    header = example()[0].header
    for false in (Secrets(BOTH.bidder, bytes(32)), Secrets(bytes(32), BOTH.custody)):
        with pytest.raises(SealBroken):
            message_key_of(header, false)


def test_commitments_name_the_part_that_is_false():
    header = example()[0].header
    ch = header.ctx.ch
    shares = {item.index: unwrap(item, ec_key(item.index), ch) for item in header.wraps_for("custodian")}
    assert header.join(BOTH.bidder, {1: shares[1], 3: shares[3]}) == BOTH
    false = bytes([shares[1][0] ^ 1]) + shares[1][1:]
    dealt = Header(header.ctx, header.floe, header.com_b, bytes(32), header.com_s, header.wraps, header.trial)
    for call, part in ((lambda: header.join(bytes(32), shares), "bidder-secret"),
                       (lambda: header.join(BOTH.bidder, {1: false, 2: shares[2]}), "share"),
                       (lambda: header.join(BOTH.bidder, {2: shares[1], 1: shares[2]}), "share"),
                       (lambda: header.join(BOTH.bidder, {1: shares[1]}), "share"),
                       (lambda: dealt.join(BOTH.bidder, shares), "custody-secret")):
        with pytest.raises(SealBroken) as refusal:
            call()
        assert refusal.value.facts["part"] == part


@given(st.binary(min_size=1, max_size=40), st.data())
@settings(deadline=None)
def test_any_k_shares_restore_and_fewer_tell_nothing_of_use(secret, data):
    shares = data.draw(st.integers(2, 9))
    needed = data.draw(st.integers(2, shares))
    dealt = shamir.split(secret, needed=needed, shares=shares)
    chosen = data.draw(st.permutations(dealt))
    assert shamir.combine(chosen[:needed]) == secret
    # For every candidate secret there is a completion of k-1 shares: here, that of the all-zero secret.
    if needed == 2:
        x, y = chosen[0][-1], chosen[0][:-1]
        slope = bytes(shamir._PRODUCTS[value][shamir._INVERSES[x]] for value in y)
        zero = shamir.split(bytes(len(secret)), needed=2, shares=shares, randomness=lambda n: slope)
        assert zero[x - 1] == chosen[0]


@pytest.mark.parametrize("shares", [[], [b"\x01\x01", b"\x02\x01"], [b"\x01\x00"], [b"\x01\x01", b"\x01\x02\x02"]])
def test_shares_that_make_no_group_are_refused(shares):
    with pytest.raises(Malformed):
        shamir.combine(shares)


def test_secrets_never_show_in_a_representation():
    sealing = example()[0]
    text = repr(BOTH) + repr(sealing) + repr(sealing.message_key)
    for secret in (BOTH.bidder, BOTH.custody, sealing.message_key.secret):
        assert repr(secret) not in text
        assert secret.hex() not in text


texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(st.none() | st.booleans() | st.integers(-2**53 + 1, 2**53 - 1) | texts,
                      lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


@given(values)
def test_canonical_json_reads_back_to_the_same_value(value):
    assert parse_canonical(canonical_bytes(value)) == value


@pytest.mark.parametrize("value", [1.0, 2**53, float("nan"), {1: 2}, b"x", ["\ud800"], {"\udc00": 1}])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(Malformed):
        canonical_bytes(value)
