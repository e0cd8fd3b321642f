"""What a revision changes, where, and whether it still fits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from yiwang.ground.city import City
from yiwang.ground.packs.model import Pack
from yiwang.ground.revision.items import items, name_of, parse, unmarked
from yiwang.ground.revision.model import Body, Change, Difference, Field, Revision, Sort
from yiwang.kit.errors import Refusal

MOST = 500
_OF_THE_CITY = (Sort.KINDS, Sort.CALENDAR, Sort.WORDS)


def changes_of(pack: Pack, wishes: Iterable[tuple[Sort, str, Body | None]]) -> tuple[Change, ...]:
    """The changes somebody wishes for (sort, item, body; None removes), against what is in force.

    An item without a name is named by its body. Refuses an item twice ("revision.twice"), the
    removal of what is not there ("revision.item_missing"), a body that differs in nothing
    ("revision.nothing"), and a body of another name than its item ("revision.renamed").
    """
    known: dict[Sort, dict[str, dict[str, Any]]] = {}
    found: dict[tuple[Sort, str], Change] = {}
    for sort, given, body in wishes:
        if sort not in known:
            known[sort] = items(pack, sort)
        after = None if body is None else parse(pack, sort, body)
        name = given
        if after is not None:
            name = name_of(sort, after)
            if given and given != name:
                raise Refusal("revision.renamed", item=given, name=name)
        before = known[sort].get(name)
        if after is None and before is None:
            raise Refusal("revision.item_missing", sort=sort.value, item=name)
        if (sort, name) in found:
            raise Refusal("revision.twice", item=name)
        if after is not None and unmarked(sort, before) == after:
            raise Refusal("revision.nothing", item=name)
        found[sort, name] = Change(sort, name, before, after)
    if len(found) > MOST:
        raise Refusal("revision.many", count=len(found), limit=MOST)
    return tuple(found.values())


def logins_of(rows: Iterable[tuple[Sort, str, Body | None]]) -> frozenset[str]:
    """Whose appointments these items (sort, item, body) are about."""
    return frozenset(
        str(body.get("login")) if body is not None else item.partition("|")[0]
        for sort, item, body in rows
        if sort is Sort.APPOINTMENTS
    )


def require_times(changes: Iterable[Change], day: date) -> None:
    """Refuse ("identity.appointment_times") an appointment that is over when it begins."""
    for change in changes:
        if change.sort is not Sort.APPOINTMENTS or change.after is None:
            continue
        until = change.after["until"]
        if until is not None and date.fromisoformat(until) <= day:
            raise Refusal("identity.appointment_times")


def stale(pack: Pack, changes: Iterable[Change]) -> list[Change]:
    """The changes whose item is not what it was when they were written."""
    known: dict[Sort, dict[str, dict[str, Any]]] = {}
    found = []
    for change in changes:
        if change.sort not in known:
            known[change.sort] = items(pack, change.sort)
        if known[change.sort].get(change.item) != change.before:
            found.append(change)
    return found


def present(pack: Pack, sort: Sort, item: str) -> Body | None:
    """An item of a pack, or None."""
    return items(pack, sort).get(item)


def same(sort: Sort, one: Body | None, other: Body | None) -> bool:
    """Whether two states of an item say the same, whoever wrote them."""
    return unmarked(sort, one) == unmarked(sort, other)


def difference(change: Change) -> Difference:
    """What a change does, field by field; texts and other nested values by dotted names."""
    before = _flat(unmarked(change.sort, change.before) or {})
    after = _flat(unmarked(change.sort, change.after) or {})
    names = dict.fromkeys([*before, *after])
    rows = tuple(
        Field(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )
    what = "added" if change.before is None else "removed" if change.after is None else "changed"
    return Difference(change.sort.value, change.item, what, rows)


def _flat(body: Body, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, Mapping) and not prefix and name != "value":
            found |= _flat(value, f"{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def place_of(city: City, changes: Iterable[Change]) -> str:
    """The path of the lowest place that holds all that is changed; the city's where none is."""
    paths = [
        _path(city, change.sort, body)
        for change in changes
        for body in (change.before, change.after)
        if body is not None
    ]
    return city.tree.lowest_common(paths).path if paths else city.root_path


def _path(city: City, sort: Sort, body: Body) -> str:
    if sort in _OF_THE_CITY:
        return city.root_path
    code = body.get("place")
    if sort is Sort.APPOINTMENTS:
        post = city.posts.get(str(body["post"]))
        code = None if post is None else city.unit(post.unit).place
    if sort is Sort.POSTS:
        unit = city.units.get(body["unit"])
        code = None if unit is None else unit.place
    place = None if code is None else city.tree.find(str(code))
    return city.root_path if place is None else place.path


def folded(revisions: Iterable[Revision]) -> dict[tuple[Sort, str], Change]:
    """What revisions came to, in the order they came in force: each item's first before and last
    after, without those that are again what they were."""
    found: dict[tuple[Sort, str], Change] = {}
    for revision in sorted(revisions, key=lambda row: row.number or 0):
        for change in revision.parts:
            if change.sort is Sort.APPOINTMENTS:
                continue  # no pack says otherwise
            known = found.get((change.sort, change.item))
            before = change.before if known is None else known.before
            found[change.sort, change.item] = Change(change.sort, change.item, before, change.after)
    return {
        key: row
        for key, row in found.items()
        if unmarked(row.sort, row.before) != unmarked(row.sort, row.after)
    }


def as_of(
    present: Mapping[str, Body],
    sort: Sort,
    day: date,
    in_force: Sequence[tuple[date, Revision]],
    approved: Sequence[Revision],
) -> dict[str, Body]:
    """The items of a sort on a day: later revisions taken back, approved ones that come by then
    put in. `in_force` says of each on which day of the city it came."""
    found = dict(present)
    for since, revision in sorted(in_force, key=lambda row: -(row[1].number or 0)):
        if since > day:
            _put(found, ((row.item, row.before) for row in revision.parts if row.sort is sort))
    for revision in sorted(approved, key=lambda row: (row.effective_on, row.id)):
        if revision.effective_on <= day:
            _put(found, ((row.item, row.after) for row in revision.parts if row.sort is sort))
    return found


def _put(found: dict[str, Body], rows: Iterable[tuple[str, Body | None]]) -> None:
    for item, body in rows:
        if body is None:
            found.pop(item, None)
        else:
            found[item] = body


def reversal(pack: Pack, revision: Revision) -> list[tuple[Sort, str, Body | None]]:
    """The wishes that take a revision back, passing over what is as it was already."""
    wishes: list[tuple[Sort, str, Body | None]] = []
    for change in revision.parts:
        present = items(pack, change.sort).get(change.item)
        if unmarked(change.sort, present) != unmarked(change.sort, change.before):
            wishes.append((change.sort, change.item, unmarked(change.sort, change.before)))
    return wishes
