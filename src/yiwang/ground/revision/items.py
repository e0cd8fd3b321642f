"""The items of a pack by their names, and a pack with some of them changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import msgspec

from yiwang.ground.packs.checking import REVISED, origin_file
from yiwang.ground.packs.model import (
    CalendarDay,
    Kind,
    Limit,
    Pack,
    Post,
    Responsibility,
    Setting,
    Text,
    Unit,
)
from yiwang.ground.packs.screen import FILE as SCREEN
from yiwang.ground.revision.model import Appointed, Body, Change, Sort
from yiwang.kit.errors import Fault, Refusal


@dataclass(frozen=True, slots=True)
class Word:
    """One of the city's own words."""

    key: str
    zh: str
    en: str


MODELS: Mapping[Sort, type[Any]] = {
    Sort.UNITS: Unit,
    Sort.POSTS: Post,
    Sort.KINDS: Kind,
    Sort.LIMITS: Limit,
    Sort.RESPONSIBILITIES: Responsibility,
    Sort.CALENDAR: CalendarDay,
    Sort.SETTINGS: Setting,
    Sort.WORDS: Word,
    Sort.APPOINTMENTS: Appointed,
}
# The pack's own file of the sorts whose rows say where they come from.
FILES: Mapping[Sort, str] = {
    Sort.LIMITS: "limits.csv",
    Sort.RESPONSIBILITIES: "responsibility.csv",
    Sort.SETTINGS: "pack.toml",
}
_RULED: Mapping[Sort, tuple[str, ...]] = {
    Sort.LIMITS: ("kind", "stage", "milestone", "place", "valid_from"),
    Sort.RESPONSIBILITIES: ("kind", "place", "valid_from"),
    Sort.SETTINGS: ("key", "place", "valid_from"),
}
_NAMED: Mapping[Sort, str] = {
    Sort.UNITS: "code",
    Sort.POSTS: "code",
    Sort.KINDS: "key",
    Sort.CALENDAR: "day",
    Sort.WORDS: "key",
}


def name_of(sort: Sort, body: Body) -> str:
    """What an item is called, for ever: what tells it from every other of its sort.

    A rule is named by what it is about, its place, its first day and its file or overlay.
    """
    if sort is Sort.APPOINTMENTS:
        return f"{body['login']}|{body['post']}"
    if sort not in _RULED:
        return str(body[_NAMED[sort]])
    parts = [str(body[field] or "") for field in _RULED[sort]]
    return "|".join([*parts, origin_file(body["source"])])


def bodies(pack: Pack, sort: Sort) -> list[dict[str, Any]]:
    """All items of a sort as JSON, in the pack's order."""
    if sort is Sort.WORDS:
        return [{"key": key, "zh": text.zh, "en": text.en} for key, text in pack.words.items()]
    # a pack that nobody staffed has no appointments
    found: list[dict[str, Any]] = _as_json(getattr(pack, sort.value, ()))
    return found


def _as_json(value: Any) -> Any:
    """The value as the database gives it back: lists for tuples, texts for days."""
    return msgspec.json.decode(msgspec.json.encode(value))


def items(pack: Pack, sort: Sort) -> dict[str, dict[str, Any]]:
    """All items of a sort by name, in the pack's order."""
    return {name_of(sort, body): body for body in bodies(pack, sort)}


def parse(pack: Pack, sort: Sort, given: Body) -> dict[str, Any]:
    """An item as somebody wrote it, complete and in the form of the pack's own.

    Refuses fields that do not fit ("revision.body"). `source` may name an overlay of the pack;
    without one the item is of the pack's own file. A kind's key follows from its parts.
    """
    body = dict(given)
    if sort is Sort.KINDS:
        body["key"] = "/".join(str(body.get(part, "")) for part in ("scheme", "version", "code"))
    if sort in FILES:
        known = {FILES[sort], *(overlay.name for overlay in pack.overlays)}
        if sort is Sort.SETTINGS:
            known.add(SCREEN)
        source = origin_file(str(body.get("source") or FILES[sort]))
        if source not in known:
            told = {"field": "source", "expected": ", ".join(sorted(known))}
            raise Refusal("revision.body", faults=[Fault("/body/source", "revision.field", told)])
        body["source"] = source
    model = MODELS[sort]
    foreign = sorted(set(body) - {field.name for field in fields(model)})
    if foreign:
        raise Refusal("revision.body", faults=[_foreign(model, name) for name in foreign])
    try:
        found: dict[str, Any] = _as_json(msgspec.convert(body, model, strict=False))
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        told = {"field": "", "expected": str(error)}
        raise Refusal("revision.body", faults=[Fault("/body", "revision.field", told)]) from error
    return found


def _foreign(model: type[Any], name: str) -> Fault:
    expected = ", ".join(field.name for field in fields(model))
    return Fault(f"/body/{name}", "revision.field", {"field": name, "expected": expected})


def changed(pack: Pack, changes: Iterable[Change], revision: int) -> Pack:
    """The pack with these changes; rows that say where they come from name the revision.

    New rows stand behind the last of their file or overlay, as the database keeps them.
    """
    found: dict[str, Any] = {}
    by_sort: dict[Sort, list[Change]] = {}
    for change in changes:
        by_sort.setdefault(change.sort, []).append(change)
    for sort, rows in by_sort.items():
        present = items(pack, sort)
        for row in rows:
            if row.after is None:
                present.pop(row.item, None)
                continue
            body = marked(sort, row.after, revision)
            if row.item in present:
                present[row.item] = body
            else:
                present = _placed(sort, present, row.item, body)
        values = [msgspec.convert(body, MODELS[sort], strict=False) for body in present.values()]
        if sort is Sort.WORDS:
            found["words"] = {word.key: Text(word.zh, word.en) for word in values}
        else:
            found[sort.value] = tuple(values)
    return replace(pack, **found)


def marked(sort: Sort, body: Body, revision: int) -> dict[str, Any]:
    """The item as it comes in force: where it says its source, with the revision behind it."""
    if sort not in FILES:
        return dict(body)
    return {**body, "source": f"{origin_file(body['source'])}{REVISED}{revision}"}


def unmarked(sort: Sort, body: Body | None) -> Body | None:
    """The item without the revision that changed it, to compare what it says."""
    if body is None or sort not in FILES:
        return body
    return {**body, "source": origin_file(body["source"])}


def follows(sort: Sort, bodies: Sequence[Body], body: Body) -> int:
    """Behind how many of the items a new one stands: behind the last of its file or overlay.

    A pack's own row stands before every overlay's, an overlay's first row at the end.
    """
    if sort not in FILES:
        return len(bodies)
    source = origin_file(body["source"])
    same = [i for i, row in enumerate(bodies, 1) if origin_file(row["source"]) == source]
    if same:
        return same[-1]
    return 0 if source == FILES[sort] else len(bodies)


def _placed(
    sort: Sort, present: dict[str, dict[str, Any]], name: str, body: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    rows = list(present.items())
    rows.insert(follows(sort, list(present.values()), body), (name, body))
    return dict(rows)
