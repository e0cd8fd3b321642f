"""Notices of a person and of their units; read by each person for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from yiwang.ground.authority.model import Actor
from yiwang.ground.city import City
from yiwang.kit import words
from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.web.paging import Cursor

_FRESH = timedelta(days=90)  # what is older is not counted as unread any more
_COUNTED = 200

# Of each unit and of the person the newest, found in the order of their indexes.
_MINE = """
  select n.* from (
    select u.unit, null::bigint as person from unnest($1::text[]) as u(unit)
    union all select null, $2::bigint
  ) whose
  cross join lateral (
    select * from (
      (select * from notices where whose.unit is not null and unit = whose.unit
         and audience = 'unit' and {0} order by id desc limit {1})
      union all
      (select * from notices where whose.person is not null and person_id = whose.person
         and audience = 'person' and {0} order by id desc limit {1})
    ) found
  ) n
"""
_MARK = "coalesce((select up_to from notice_marks where person_id = $2::bigint), 0)"
_READ = (
    "exists (select 1 from notice_reads x where x.person_id = $2::bigint and x.notice_id = {}.id)"
)
_IS_UNREAD = f"id > {_MARK} and at > $3 and not {_READ.format('notices')}"
_IS_READ = f"not (id > {_MARK} and at > $3 and not {_READ.format('notices')})"


async def page(
    tx: Tx, city: City, actor: Actor, limit: int, after: str | None, *, unread: bool = False
) -> dict[str, Any]:
    """One page, unread ones first, the newest first among each; `unread` leaves out the others.

    Refuses a cursor that is none ("web.cursor_bad").
    """
    done, last = Cursor.decode(after, bool, int) if after else (False, 2**62)
    rows: list[tuple[Row, bool]] = []
    if not done:
        rows += [(row, False) for row in await _fetch(tx, actor, _IS_UNREAD, limit + 1, last)]
        last = 2**62
    if len(rows) <= limit and not unread:
        rest = limit + 1 - len(rows)
        rows += [(row, True) for row in await _fetch(tx, actor, _IS_READ, rest, last)]
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        following = Cursor.encode([rows[-1][1], rows[-1][0]["id"]])
    return {
        "items": [_notice(city, row, read=read) for row, read in rows],
        "next": following,
        "unread": await count(tx, actor),
    }


async def _fetch(tx: Tx, actor: Actor, which: str, limit: int, before: int) -> list[Row]:
    mine = _MINE.format(f"id < $4 and {which}", limit)
    return await tx.fetch(
        f"select m.*, c.number from ({mine}) m left join cases c on c.id = m.case_id"
        f" order by m.id desc limit {limit}",
        *(list(actor.units), actor.person, tx.now - _FRESH, before),
    )


async def count(tx: Tx, actor: Actor) -> int:
    """How many are unread, counted as far as 200."""
    mine = _MINE.format(_IS_UNREAD, _COUNTED)
    args = (list(actor.units), actor.person, tx.now - _FRESH)
    rows = await tx.fetchval(f"select count(*) from ({mine}) m", *args)
    return min(int(rows), _COUNTED)


async def mark(tx: Tx, actor: Actor, ids: Sequence[int], up_to: int | None) -> int:
    """Mark notices as read by this person: some, or all up to one; how many are unread then.

    Others' notices are passed over. Marking up to a notice that is still to come marks none of
    those to come.
    """
    if actor.person is None:
        raise Refusal("gate.person_only")
    if ids:
        await tx.execute(
            "insert into notice_reads (person_id, notice_id, read_at)"
            " select $2::bigint, id, $4 from notices where id = any($3)"
            " and (unit = any($1::text[]) and audience = 'unit'"
            "      or person_id = $2::bigint and audience = 'person')"
            " on conflict do nothing",
            *(list(actor.units), actor.person, list(ids), tx.now),
        )
    if up_to is not None:
        mine = _MINE.format("id <= $3", 1)
        newest = await tx.fetchval(
            f"select max(id) from ({mine}) m", list(actor.units), actor.person, up_to
        )
        if newest is not None:
            await tx.execute(
                "insert into notice_marks (person_id, up_to) values ($1, $2)"
                " on conflict (person_id)"
                " do update set up_to = greatest(notice_marks.up_to, excluded.up_to)",
                *(actor.person, newest),
            )
            await tx.execute(
                "delete from notice_reads where person_id = $1 and notice_id <= $2",
                *(actor.person, newest),
            )
    return await count(tx, actor)


def _notice(city: City, row: Row, *, read: bool) -> dict[str, Any]:
    unit = city.unit_name(row["unit"]) if row["unit"] else None
    return {
        "id": row["id"],
        "at": row["at"].isoformat(),
        "read": read,
        "audience": row["audience"],
        "unit": row["unit"],
        "unit_name": {"zh": unit.zh, "en": unit.en} if unit else None,
        "case_id": row["case_id"],
        "number": row["number"],
        "code": row["code"],
        "says": says(row["code"], row["facts"]),
    }


def says(code: str, facts: dict[str, Any]) -> dict[str, str]:
    """A notice as a sentence in every language; the code where nobody wrote one."""
    name = f"notice.{code.replace('.', '_')}"
    if name not in words.problems():
        return dict.fromkeys(words.LANGUAGES, code)
    told = {key: "–" if value is None else value for key, value in facts.items()}
    return {language: words.sentence(name, language, told) for language in words.LANGUAGES}
