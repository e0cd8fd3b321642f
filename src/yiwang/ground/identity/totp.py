"""The second factor: time-based one-time passwords (RFC 6238), each good for one use."""

from __future__ import annotations

import secrets
from datetime import datetime

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from yiwang.kit.errors import Refusal

STEP_S = 30
DRIFT = 1  # steps a clock may be off, either way
_NONCE = 12


def generate_secret() -> str:
    """A new secret of 160 bits in Base32, as authenticator apps take it."""
    return pyotp.random_base32(32)


def code_at(secret: str, now: datetime) -> str:
    """The code of `secret` at `now`."""
    return pyotp.TOTP(secret, interval=STEP_S).generate_otp(int(now.timestamp()) // STEP_S)


def accept(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The time step `code` belongs to, or None when it is not good.

    A step up to `last_step` was used before: its code is refused (RFC 6238, 5.2).
    """
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(secret, interval=STEP_S)
    present = int(now.timestamp()) // STEP_S
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        # every step is compared, so that time tells nothing
        if secrets.compare_digest(totp.generate_otp(step), digits) and step > last_step:
            found = step
    return found


def enrolment(secret: str, login: str, issuer: str) -> str:
    """The otpauth address an authenticator app scans."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=login, issuer_name=issuer)


def _cipher(instance: bytes) -> AESGCM:
    derived = HKDF(SHA256(), 32, salt=None, info=b"yiwang second factor").derive(instance)
    return AESGCM(derived)


def seal_secret(secret: str, person: int, instance: bytes) -> bytes:
    """A secret encrypted for storage (AES-256-GCM under the instance's key, bound to its person).

    `instance` is the installation's own random secret.
    """
    nonce = secrets.token_bytes(_NONCE)
    return nonce + _cipher(instance).encrypt(nonce, secret.encode("ascii"), b"%d" % person)


def open_secret(sealed: bytes, person: int, instance: bytes) -> str:
    """The secret behind :func:`seal_secret`.

    Refuses ("identity.secret_unreadable") what another installation or person sealed.
    """
    try:
        plain = _cipher(instance).decrypt(sealed[:_NONCE], sealed[_NONCE:], b"%d" % person)
    except InvalidTag as error:
        raise Refusal("identity.secret_unreadable") from error
    return plain.decode("ascii")
