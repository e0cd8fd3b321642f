"""Forms with files, read with the same refusals everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from yiwang.kit.errors import Refusal


@asynccontextmanager
async def read_form(
    request: Request, *, most_files: int, most_fields: int = 100, urlencoded: bool = False
) -> AsyncIterator[FormData]:
    """The form of a request; its files are gone when the block ends.

    Refuses "sources.form_needed" (415) and "sources.form_broken" (400).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data" and not (
        urlencoded and kind == "application/x-www-form-urlencoded"
    ):
        raise Refusal("sources.form_needed")
    try:
        form = await request.form(max_files=most_files, max_fields=most_fields)
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise Refusal("sources.form_broken", reason=error.detail) from error
    except UnicodeDecodeError as error:
        raise Refusal("sources.form_broken", reason="UTF-8") from error
    try:
        yield form
    finally:
        await form.close()
