"""Whether a revised city fits together: the pack's own checker, and what only a running city asks.

Every finding names the item (`<sort>/<item>` in the place of a file) and the remedy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from yiwang.ground.identity.rules import require_apart
from yiwang.ground.judgement.settings import read_match_settings
from yiwang.ground.packs import checking as packs
from yiwang.ground.packs.checking import Draft
from yiwang.ground.packs.findings import Findings, PackError, Spot
from yiwang.ground.packs.model import Pack
from yiwang.ground.packs.screen import check_screen
from yiwang.ground.revision.items import items
from yiwang.ground.revision.model import Change, Sort, Staffed
from yiwang.kit.errors import Refusal

# The checker's name for each sort, and whether it counts rows instead of naming them.
_TABLES: Mapping[Sort, tuple[str, bool]] = {
    Sort.UNITS: ("unit", False),
    Sort.POSTS: ("post", False),
    Sort.KINDS: ("kind", False),
    Sort.LIMITS: ("limit", True),
    Sort.RESPONSIBILITIES: ("responsibility", True),
    Sort.CALENDAR: ("calendar", False),
    Sort.SETTINGS: ("setting", True),
    Sort.WORDS: ("word", False),
}
_REQUIRED: Mapping[Sort, tuple[str, ...]] = {
    Sort.UNITS: ("code", "place"),
    Sort.POSTS: ("code", "unit"),
    Sort.KINDS: ("scheme", "version", "code", "family"),
    Sort.LIMITS: ("kind", "place"),
    Sort.RESPONSIBILITIES: ("kind", "place", "lead"),
    Sort.SETTINGS: ("key", "place"),
    Sort.WORDS: ("key",),
}
_MOST_AMOUNT = 1e9
# The origin of the local metres in which open cases lie.
_FIXED = ("place.centre",)
_ADMINISTRATION = ("sysadmin", "secadmin")


def check(
    pack: Pack,
    changes: Iterable[Change],
    busy_units: Collection[str] = (),
    busy_kinds: Collection[str] = (),
) -> tuple[PackError, ...]:
    """What is wrong in a changed pack; `busy_*` are those that open matters stand on."""
    findings = Findings()
    packs.check(Draft(pack, _where(pack), {}), findings)
    for change in changes:
        spot = Spot(f"{change.sort.value}/{change.item}", 0)
        if change.sort is Sort.APPOINTMENTS:
            _check_appointment(pack, change, spot, findings)
        elif change.after is not None:
            _check_body(pack, change, change.after, spot, findings)
        elif change.sort is Sort.UNITS and change.item in busy_units:
            findings.add(spot, "revision.unit_busy", unit=change.item)
        elif change.sort is Sort.KINDS and change.item in busy_kinds:
            findings.add(spot, "revision.kind_busy", kind=change.item)
    _check_posts(pack, findings)
    return findings.errors


def _check_appointment(pack: Pack, change: Change, spot: Spot, findings: Findings) -> None:
    """Somebody who is there gets a post that is there, and no two administrations in one hand."""
    if change.after is None or not isinstance(pack, Staffed):
        return
    login, post = change.after["login"], change.after["post"]
    posts = {row.code: row for row in pack.posts}
    if login not in pack.logins:
        findings.add(spot, "revision.person_unknown", login=login)
    if post not in posts:
        findings.add(spot, "revision.post_unknown", post=post)
        return
    try:
        require_apart(post, (row.post for row in pack.appointments if row.login == login), posts)
    except Refusal as refusal:
        findings.add(spot, "revision.apart", login=login, **refusal.facts)


def _where(pack: Pack) -> dict[tuple[str, str | int], Spot]:
    found: dict[tuple[str, str | int], Spot] = {}
    for sort, (table, counted) in _TABLES.items():
        for index, name in enumerate(items(pack, sort)):
            found[table, index if counted else name] = Spot(f"{sort.value}/{name}", 0)
    return found


def _check_body(
    pack: Pack, change: Change, body: Mapping[str, Any], spot: Spot, findings: Findings
) -> None:
    for field in _REQUIRED.get(change.sort, ()):
        if not body[field]:
            findings.add(spot, "value_missing", field=field)
    if change.sort is Sort.LIMITS and not 0 < body["amount"] < _MOST_AMOUNT:
        findings.add(
            spot, "value_wrong", field="amount", value=body["amount"], expected="a number > 0"
        )
    if change.sort is Sort.POSTS and body["code"].rpartition(".")[0] != body["unit"]:
        expected = f"{body['unit']}.…"
        findings.add(spot, "value_wrong", field="code", value=body["code"], expected=expected)
    if change.sort is Sort.SETTINGS:
        _check_setting(pack, change, body, spot, findings)


def _check_setting(
    pack: Pack, change: Change, body: Mapping[str, Any], spot: Spot, findings: Findings
) -> None:
    """A setting keeps the type it has: whoever asks for it counts on that."""
    if body["key"] in _FIXED:
        findings.add(spot, "revision.setting_fixed", key=body["key"])
    if body["key"] == "screen":
        check_screen(body["value"], findings)
    same = [row.value for row in pack.settings if row.key == body["key"]]
    if change.before is not None:
        same = [change.before["value"]]
    kinds = {_type(value) for value in same}
    if len(kinds) == 1 and _type(body["value"]) not in kinds:
        told = ", ".join(kinds)
        findings.add(spot, "value_wrong", field="value", value=body["value"], expected=told)

    elif (expected := _meant(body["key"], body["value"])) is not None:
        findings.add(spot, "value_wrong", field=body["key"], value=body["value"], expected=expected)


def _meant(key: str, value: Any) -> str | None:
    """What a setting that is read with every case must be, where the value is none; else None."""
    try:
        if key.startswith(("match.", "location.")):
            read_match_settings({key: value})
        elif key == "case.number_pattern":
            value.format(division="000000", date="20260101", sequence=1)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        return str(error)
    return None


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "true, false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a table" if isinstance(value, dict) else "a list"


def _check_posts(pack: Pack, findings: Findings) -> None:
    """Every post is in a unit, and the administration of the city is in somebody's hands."""
    units = {unit.code: unit for unit in pack.units}
    held: set[str] = set()
    for post in pack.posts:
        unit = units.get(post.unit)
        if unit is None:
            findings.add(Spot(f"posts/{post.code}", 0), "post_without_unit", post=post.code)
        elif unit.place == pack.root:
            held.update(post.duties)
    for duty in _ADMINISTRATION:
        if duty not in held:
            findings.add(Spot("posts", 0), "revision.administration_missing", duty=duty)
