"""What a reporter keeps: the number of the report and the token that opens it."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

import msgspec

from yiwang.kit import ids
from yiwang.kit.errors import Refusal

PREFIX = "R"
PATH = "/api/v1/receipts/"
_TOKEN_BYTES = 12  # 24 hexadecimal digits


def number_of(report_id: int) -> str:
    """The number of a report, as it is told to people."""
    return ids.encode(PREFIX, report_id)


def report_id_of(number: str) -> int | None:
    """The id behind a number; None where it is mistyped or none of ours."""
    return ids.decode(PREFIX, number)


class Seals:
    """Makes and knows the tokens of receipts; none is ever stored.

    `secret` is the installation's own. HMAC-SHA256 (RFC 2104) under a key derived from it.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"yiwang receipts", hashlib.sha256)

    def token(self, number: str) -> str:
        """The token of a number."""
        mark = hmac.digest(self._key, number.encode("ascii"), "sha256")
        return mark[:_TOKEN_BYTES].hex()

    def open(self, number: str, token: str) -> int:
        """The report a receipt belongs to.

        Refuses ("sources.receipt_unknown", 404) a wrong number and a wrong token alike.
        """
        found = report_id_of(number)
        if found is None:
            raise Refusal("sources.receipt_unknown")
        good = self.token(number_of(found)).encode("ascii")
        if not hmac.compare_digest(good, token.strip().lower().encode("utf-8", "replace")):
            raise Refusal("sources.receipt_unknown")
        return found

    def receipt(self, report_id: int, received_at: datetime, synthetic: bool) -> bytes:
        """The answer to a report, as JSON."""
        number = number_of(report_id)
        token = self.token(number)
        return (
            b'{"number":"%b","token":"%b","received_at":"%b","synthetic":%b,'
            b'"links":{"self":"%b%b?token=%b","photos":"%b%b/photos?token=%b"}}'
        ) % (
            number.encode(),
            token.encode(),
            received_at.isoformat().replace("+00:00", "Z").encode(),
            b"true" if synthetic else b"false",
            *(PATH.encode(), number.encode(), token.encode()),
            *(PATH.encode(), number.encode(), token.encode()),
        )


class Links(msgspec.Struct):
    """Where to go with a receipt."""

    self: str
    photos: str


class Receipt(msgspec.Struct):
    """The answer to a report."""

    number: str
    token: str
    received_at: datetime
    synthetic: bool
    links: Links
