"""Who holds which post is revised by two persons too."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.revision import scene
from tests.revision.scene import refused
from tests.world import World

from yiwang.ground.identity import service as people
from yiwang.ground.revision import service, store
from yiwang.ground.revision.model import Revision, Sort

HANDLER = "310101_construction.handler"
ADMIN, SECURITY = "310000_centre.sysadmin", "310000_centre.secadmin"


async def _hire(world: World, login: str) -> int:
    async with world.as_worker() as tx:
        return int(
            await tx.fetchval(
                "insert into persons (login, name, created_at) values ($1, $1, $2) returning id",
                login,
                tx.now,
            )
        )


def _wish(login: str, post: str, until: str | None = None) -> tuple[Sort, str, Any]:
    return (Sort.APPOINTMENTS, "", {"login": login, "post": post, "until": until})


async def _held(world: World, number: int) -> list[tuple[str, str, Any]]:
    async with world.as_worker() as tx:
        rows = await people.appointments_of(tx, [number])
    return [(row.post, row.granted_by, row.until) for row in rows]


async def _check(world: World, revision: Revision) -> set[str]:
    async with world.as_worker() as tx:
        return {error.code for error in await service.check(tx, world.city.pack, revision)}


async def test_a_post_is_given_prolonged_ended_and_given_back(world: World) -> None:
    number = await _hire(world, "li.na")
    author = await scene.admin(world, "sysadmin")
    done = await scene.pass_through(world, _wish("li.na", HANDLER, "2026-04-01"))
    assert done.state == "in_force"
    [(post, by, until)] = await _held(world, number)
    assert (post, by) == (HANDLER, f"person:{author.person}")
    assert until.astimezone(world.city.zone).isoformat() == "2026-04-01T00:00:00+08:00"
    facts = await world.row(
        "select place::text as place, facts->>'revision' as revision from events"
        " where action = 'person.appoint' and matter_id = $1",
        number,
    )
    assert facts["revision"] == str(done.id)
    assert facts["place"].startswith("310000.310101")

    item = f"li.na|{HANDLER}"
    longer = {"login": "li.na", "post": HANDLER, "until": None}
    await scene.pass_through(world, (Sort.APPOINTMENTS, item, longer))
    assert [(row[0], row[2]) for row in await _held(world, number)] == [(HANDLER, None)]
    ended = await scene.pass_through(world, (Sort.APPOINTMENTS, item, None))
    assert await _held(world, number) == []

    async with world.as_(author) as tx:
        told = await store.of_item(tx, Sort.APPOINTMENTS, item)
        assert len(told) == 3
        back = await service.take_back(tx, world.city, author, ended.id)
    assert back.changes[0]["after"] == longer
    assert back.place == world.city.unit_paths["310101_construction"]


async def test_what_does_not_fit_is_found_before(world: World) -> None:
    await _hire(world, "li.na")
    author = await scene.admin(world, "sysadmin")
    nobody = await scene.draft(world, author, _wish("nobody", HANDLER))
    assert await _check(world, nobody) == {"revision.person_unknown"}
    nothing = await scene.draft(world, author, _wish("li.na", "no.such"))
    assert await _check(world, nothing) == {"revision.post_unknown"}
    both = await scene.draft(world, author, _wish("li.na", ADMIN), _wish("li.na", SECURITY))
    assert await _check(world, both) == {"revision.apart"}
    with refused("revision.check"):
        await scene.act(world, author, both.id, "submit")
    with refused("identity.appointment_times"):
        await scene.draft(world, author, _wish("li.na", HANDLER, "2026-03-10"))
    with refused("revision.item_missing"):
        await scene.draft(world, author, (Sort.APPOINTMENTS, f"li.na|{HANDLER}", None))


async def test_nobody_has_a_hand_in_their_own_posts(world: World) -> None:
    author, other = await scene.admin(world, "sysadmin"), await scene.admin(world, "secadmin")
    async with world.as_worker() as tx:
        own = (await people.person_of(tx, author.person or 0)).login
        theirs = (await people.person_of(tx, other.person or 0)).login
    with refused("identity.oneself"):
        await scene.draft(world, author, _wish(own, HANDLER))
    made = await scene.draft(world, author, _wish(theirs, HANDLER))
    await scene.act(world, author, made.id, "submit")
    with refused("identity.oneself"):
        await scene.act(world, other, made.id, "approve")


async def test_what_was_given_by_hand_meanwhile_goes_back_to_its_author(world: World) -> None:
    number = await _hire(world, "li.na")
    author, other = await scene.admin(world, "sysadmin"), await scene.admin(world, "secadmin")
    made = await scene.draft(world, author, _wish("li.na", HANDLER))
    await scene.act(world, author, made.id, "submit")
    await scene.act(world, other, made.id, "approve")
    async with world.as_worker() as tx:
        await people.appoint(tx, number, HANDLER, world.city.posts, by="test")
    await scene.worker(world).revise()
    row = await world.row("select state from revisions where id = $1", made.id)
    assert row["state"] == "draft"
    assert len(await _held(world, number)) == 1


async def test_an_appointment_put_off_until_it_is_over_is_none(world: World) -> None:
    number = await _hire(world, "li.na")
    author, other = await scene.admin(world, "sysadmin"), await scene.admin(world, "secadmin")
    made = await scene.draft(
        world, author, _wish("li.na", HANDLER, "2026-03-11"), on=date(2026, 3, 10)
    )
    await scene.act(world, author, made.id, "submit")
    world.now = world.now.replace(day=12)
    await scene.act(world, other, made.id, "approve")
    assert await scene.worker(world).revise() == 1
    assert await _held(world, number) == []
