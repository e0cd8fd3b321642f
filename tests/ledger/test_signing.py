"""Keys, signed heads and their notes."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.ground.ledger import signing
from yiwang.ground.ledger.model import Head
from yiwang.ground.ledger.signing import PublicKey, SigningKey
from yiwang.kit.errors import Refusal

_AT = datetime(2026, 5, 6, 7, 8, 9, 10, tzinfo=UTC)
_ROOT = hashlib.sha256(b"root").digest()
_KEY = SigningKey.create()
_HEAD = signing.sign(_KEY, "city.example/ledger", 1234, _ROOT, _AT)


def test_a_known_signature() -> None:
    """RFC 8032, 7.1, test 1: Ed25519 of the empty message."""
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    pem = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    key = SigningKey.load(pem)
    assert key.public.raw.hex() == public
    assert key.public.key_id == hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974")


def test_keys_round_trip_through_pem() -> None:
    message = b"message"
    for password in (None, b"secret"):
        loaded = SigningKey.load(_KEY.pem(password), password)
        assert loaded.public == _KEY.public
        assert _KEY.public.verifies(loaded.sign(message), message)
    assert PublicKey.load(_KEY.public.pem()) == _KEY.public


def test_two_keys_are_two() -> None:
    assert SigningKey.create().public.key_id != SigningKey.create().public.key_id


def test_a_key_does_not_show_itself() -> None:
    secret = _KEY.pem().splitlines()[1].decode()
    assert secret not in repr(_KEY)


def test_other_keys_are_refused() -> None:
    other = generate_private_key(SECP256R1())
    private = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for pem, password in (
        (private, None),
        (b"rubbish", None),
        (_KEY.pem(b"secret"), None),
        (_KEY.pem(b"secret"), b"wrong"),
        (_KEY.pem(), b"needless"),
    ):
        with pytest.raises(Refusal, match="key_unreadable"):
            SigningKey.load(pem, password)
    for pem in (public, b"", _KEY.pem()):
        with pytest.raises(Refusal, match="key_unreadable"):
            PublicKey.load(pem)
    with pytest.raises(Refusal, match="key_unreadable"):
        PublicKey(b"short")


def test_a_head_is_signed_and_verified() -> None:
    assert signing.verify(_HEAD, _KEY.public)
    assert not signing.verify(_HEAD, SigningKey.create().public)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "other.example/ledger"},
        {"origin": ""},
        {"size": 1235},
        {"size": -1},
        {"root": bytes(32)},
        {"root": b""},
        {"at": _AT + timedelta(microseconds=1)},
        {"at": _AT.replace(tzinfo=None)},
        {"key_id": "0" * 16},
        {"signature": bytes(64)},
        {"signature": b""},
    ],
)
def test_an_altered_head_does_not_verify(change: dict[str, Any]) -> None:
    assert not signing.verify(replace(_HEAD, **change), _KEY.public)


@pytest.mark.parametrize("origin", ["", "two words", "a\nb", "a+b", "\ud800", "a\u00a0b"])
def test_origins_are_names(origin: str) -> None:
    with pytest.raises(Refusal, match=r"ledger\.origin"):
        signing.sign(_KEY, origin, 1, _ROOT, _AT)


def test_a_note_is_a_checkpoint_and_reads_back() -> None:
    note = signing.write_note(_HEAD, _KEY.public)
    lines = note.split("\n")
    assert lines[:2] == ["city.example/ledger", "1234"]
    assert lines[3] == "at 2026-05-06T07:08:09.000010Z"
    assert lines[4] == ""
    assert lines[5].startswith("— city.example/ledger ")
    assert signing.read_note(note, _KEY.public) == _HEAD


def test_a_note_may_carry_witnesses() -> None:
    note = signing.write_note(_HEAD, _KEY.public) + "— witness.example AAAAAAAAAAAA\n"
    assert signing.read_note(note, _KEY.public) == _HEAD


@settings(deadline=None)
@given(st.data())
def test_no_altered_note_reads_as_another_head(data: st.DataObject) -> None:
    note = signing.write_note(_HEAD, _KEY.public)
    at = data.draw(st.integers(0, len(note) - 1))
    sign = data.draw(st.characters(max_codepoint=0x2100, exclude_categories=["Cs"]))
    head: Head | None = None
    with suppress(Refusal):
        head = signing.read_note(note[:at] + sign + note[at + 1 :], _KEY.public)
    assert head in (None, _HEAD)


@pytest.mark.parametrize("text", ["", "\n\n", "a\n1\nb\nat c\n\n— a b\n", "x" * 1000])
def test_rubbish_is_no_note(text: str) -> None:
    with pytest.raises(Refusal, match=r"ledger\.note"):
        signing.read_note(text, _KEY.public)
