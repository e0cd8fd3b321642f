"""Keys of a ledger, and its heads signed with them (Ed25519, RFC 8032).

What is signed is the body of a C2SP checkpoint: origin, size and root, a line each, and the
time as an extension line. :func:`write_note` gives the whole signed note, which witnesses and
monitors of transparency logs read; :func:`read_note` reads it back.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from yiwang.ground.ledger.canonical import MAX_INTEGER, read_time, write_time
from yiwang.ground.ledger.model import DIGEST_BYTES, Head
from yiwang.kit.errors import Refusal

PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
_KEY_ID_BYTES = 8
_NOTE_KEY_BYTES = 4
_ED25519 = b"\x01"  # the algorithm's number in C2SP signed notes
_DASH = "\u2014"
_TIME = "at "


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a ledger's key: 32 bytes."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != PUBLIC_BYTES:
            raise Refusal("ledger.key_unreadable")

    @classmethod
    def load(cls, pem: bytes) -> Self:
        """Read a public key from PEM; refuses anything but an Ed25519 public key."""
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            raise Refusal("ledger.key_unreadable") from None
        if not isinstance(key, Ed25519PublicKey):
            raise Refusal("ledger.key_unreadable")
        return cls(key.public_bytes_raw())

    @property
    def key_id(self) -> str:
        """The first 8 bytes of SHA-256 of the key, in hexadecimal."""
        return hashlib.sha256(self.raw).digest()[:_KEY_ID_BYTES].hex()

    def pem(self) -> bytes:
        """The key in PEM (SubjectPublicKeyInfo)."""
        key = Ed25519PublicKey.from_public_bytes(self.raw)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` over `message` was made with this key's private half."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private half of a ledger's key; it never shows in a representation."""

    _key: Ed25519PrivateKey

    @classmethod
    def create(cls) -> Self:
        """A new random key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, pem: bytes, password: bytes | None = None) -> Self:
        """Read a private key from PEM (PKCS #8); refuses anything but an Ed25519 key."""
        try:
            key = load_pem_private_key(pem, password)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise Refusal("ledger.key_unreadable") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise Refusal("ledger.key_unreadable")
        return cls(key)

    @property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self._key.public_key().public_bytes_raw())

    def pem(self, password: bytes | None = None) -> bytes:
        """The key in PEM (PKCS #8), encrypted where a password is given."""
        lock = BestAvailableEncryption(password) if password else NoEncryption()
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)

    def sign(self, message: bytes) -> bytes:
        """Sign any message."""
        return self._key.sign(message)


def body(origin: str, size: int, root: bytes, at: datetime) -> bytes:
    """The signed text of a head; refuses an origin that is no name of a log."""
    if not origin or not origin.isprintable() or "+" in origin or " " in origin:
        raise Refusal("ledger.origin", origin=origin)
    if not 0 <= size <= MAX_INTEGER or len(root) != DIGEST_BYTES:
        raise Refusal("ledger.head_values", size=size)
    line = base64.b64encode(root).decode("ascii")
    try:
        return f"{origin}\n{size}\n{line}\n{_TIME}{write_time(at)}\n".encode()
    except UnicodeEncodeError:
        raise Refusal("ledger.origin", origin=origin) from None


def sign(key: SigningKey, origin: str, size: int, root: bytes, at: datetime) -> Head:
    """Sign the state of a tree."""
    signature = key.sign(body(origin, size, root, at))
    return Head(origin, size, root, at, key.public.key_id, signature)


def verify(head: Head, key: PublicKey) -> bool:
    """Whether `key` signed this head; False also for a head that could not be signed."""
    try:
        message = body(head.origin, head.size, head.root, head.at)
    except Refusal:
        return False
    return head.key_id == key.key_id and key.verifies(head.signature, message)


def write_note(head: Head, key: PublicKey) -> str:
    """The head as a C2SP signed note."""
    text = body(head.origin, head.size, head.root, head.at).decode()
    signed = base64.b64encode(_note_key(head.origin, key) + head.signature).decode("ascii")
    return f"{text}\n{_DASH} {head.origin} {signed}\n"


def read_note(text: str, key: PublicKey) -> Head:
    """The head of a signed note; refuses one that is not written so or not signed by `key`.

    Signatures of others (witnesses) may stand beside the ledger's own.
    """
    parts = text.split("\n\n")
    lines = parts[0].split("\n")
    if len(parts) != 2 or len(lines) != 4 or not lines[3].startswith(_TIME):
        raise Refusal("ledger.note")
    origin, size, root, time = lines
    prefix = f"{_DASH} {origin} "
    try:
        marks = [
            base64.b64decode(line.removeprefix(prefix), validate=True)
            for line in parts[1].splitlines()
            if line.startswith(prefix)
        ]
        own = [mark for mark in marks if mark.startswith(_note_key(origin, key))]
        signature = own[0][_NOTE_KEY_BYTES:]
        at = read_time(time.removeprefix(_TIME))
        head = Head(origin, int(size), base64.b64decode(root), at, key.key_id, signature)
        same = body(origin, head.size, head.root, at).decode() == parts[0] + "\n"
    except (ValueError, IndexError):
        raise Refusal("ledger.note") from None
    if not same or not verify(head, key):
        raise Refusal("ledger.note")
    return head


def _note_key(name: str, key: PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.raw).digest()[:_NOTE_KEY_BYTES]
