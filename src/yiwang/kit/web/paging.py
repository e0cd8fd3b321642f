"""Cursor paging: an opaque word that says where the next page starts."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Query
from pydantic import BaseModel, Field

from yiwang.kit.errors import Refusal

T = TypeVar("T")
R = TypeVar("R")

MOST = 200
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items of one page / 每页条数")]
After = Annotated[
    str | None, Query(max_length=512, description="`next` of the page before / 上一页的 `next`")
]
_LARGEST = 2**63


class Cursor:
    """The sort values of the last item of a page, written as one word.

    It is neither secret nor signed: whoever forges one sees what they may see, elsewhere.
    """

    @staticmethod
    def encode(values: Sequence[Any]) -> str:
        """The word for these values (texts, whole numbers, floats, moments, None)."""
        return urlsafe_b64encode(msgspec.json.encode(list(values))).decode("ascii").rstrip("=")

    @staticmethod
    def decode(word: str, *sorts: Any) -> tuple[Any, ...]:
        """The values of a word, each of the type named in `sorts`.

        Refuses ("web.cursor_bad") what was not made by :meth:`encode` for the same sort order.
        """
        try:
            raw = urlsafe_b64decode(word + "=" * (-len(word) % 4))
            row = msgspec.json.decode(raw)
            if not isinstance(row, list) or len(row) != len(sorts):
                raise Refusal("web.cursor_bad")
            values = tuple(
                msgspec.convert(value, sort) for value, sort in zip(row, sorts, strict=True)
            )
        except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
            raise Refusal("web.cursor_bad") from error
        for value in values:
            # what PostgreSQL cannot hold was not ours either
            if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
                raise Refusal("web.cursor_bad")
            if isinstance(value, str) and "\x00" in value:
                raise Refusal("web.cursor_bad")
        return values


class Page(BaseModel, Generic[T]):
    """One page of a list. `next` is the cursor of the page after it, None on the last one."""

    items: list[T]
    next: str | None = Field(None, description="Give it as `after` for the next page / 下一页游标")
    total: int | None = Field(
        None, description="How many there are, where counted / 总数（如已统计）"
    )


def cut(
    rows: Sequence[R], limit: int, key: Callable[[R], Sequence[Any]]
) -> tuple[Sequence[R], str | None]:
    """The rows of one page and the cursor of the next, from `limit` + 1 rows asked for."""
    if len(rows) <= limit:
        return rows, None
    page = rows[:limit]
    return page, Cursor.encode(key(page[-1]))
