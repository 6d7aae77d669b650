"""Checkpoints others hold: signed by the log's Ed25519 key, cosigned by witnesses; the text forms are in ``notes``."""

from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from storage.ledger.notes import (
    COSIGNATURE_V1,
    ED25519,
    Checkpoint,
    CheckpointRefused,
    KeyText,
    Note,
    NoteSignature,
    cosigned_message,
    parse_checkpoint,
    parse_key,
    parse_note,
    signature_by,
    split_cosignature,
)


def verifier_key(name: str, public: Ed25519PublicKey) -> str:
    """The text form ``name+id+base64`` to print beside a checkpoint and to pin."""
    return str(KeyText(name, public.public_bytes_raw(), ED25519))


def parse_verifier_key(text: str) -> tuple[str, Ed25519PublicKey]:
    """Name and key of a ``verifier_key``; raises ``CheckpointRefused``."""
    key = parse_key(text, ED25519)
    return key.name, _public(key)


def _public(key: KeyText) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(key.public)
    except ValueError as error:
        raise CheckpointRefused("公钥格式有误") from error


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The note signed under the log's own name; the signer verifies its output before release."""
    body, public = checkpoint.body(), key.public_key()
    identity = KeyText(checkpoint.origin, public.public_bytes_raw(), ED25519).id
    note = Note(body, (NoteSignature(checkpoint.origin, identity, key.sign(body.encode())),)).format()
    if verify_checkpoint(note, checkpoint.origin, public) != checkpoint:
        raise CheckpointRefused("签出的检查点未通过自检")
    return note


def verify_checkpoint(note: str, origin: str, public: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint of a note that this key signed for this origin; raises ``CheckpointRefused``."""
    parsed = parse_note(note)
    signature = signature_by(parsed, KeyText(origin, public.public_bytes_raw(), ED25519))
    if signature is None:
        raise CheckpointRefused("检查点没有该日志的签名", origin=origin)
    _verify(public, signature, parsed.text.encode())
    checkpoint = parse_checkpoint(parsed.text)
    if checkpoint.origin != origin:
        raise CheckpointRefused("检查点没有该日志的签名", origin=origin)
    return checkpoint


def _verify(public: Ed25519PublicKey, signature: bytes, message: bytes) -> None:
    try:
        public.verify(signature, message)
    except InvalidSignature as error:
        raise CheckpointRefused("检查点签名无效") from error


def verify_cosignature(note: str, witness: str) -> datetime:
    """When the witness (the text of its key) cosigned; raises ``CheckpointRefused`` when it did not."""
    key, parsed = parse_key(witness, COSIGNATURE_V1), parse_note(note)
    carried = signature_by(parsed, key)
    if carried is None:
        raise CheckpointRefused("检查点没有该见证人的会签；文件若是刚给出时保存的，请重新下载后再核对",
                                witness=key.name)
    seconds, signature = split_cosignature(carried)
    _verify(_public(key), signature, cosigned_message(parsed.text, seconds))
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise CheckpointRefused("见证签名的时间超出范围", witness=key.name) from error
