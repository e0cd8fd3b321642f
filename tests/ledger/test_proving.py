"""Receipts and proofs from the stored tree, as the service's role sees it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.ledger.stored import (
    HANDLER,
    NOW,
    ORIGIN,
    STRANGER,
    Stored,
    entry,
    open_stored,
)

from yiwang.ground.ledger import merkle, proving, service
from yiwang.ground.ledger.inspection import verify_receipt
from yiwang.ground.ledger.proving import CaseReceipt, Viewer
from yiwang.ground.ledger.signing import SigningKey
from yiwang.kit.errors import Refusal

_NUMBER = "3101012026031000001"
_NOISE = 300  # events of others around the case's


@pytest.fixture
async def stored(owner_url: str, service_url: str, worker_url: str) -> AsyncIterator[Stored]:
    """A sealed case 1 of three events among those of others, elsewhere in the city."""
    async with open_stored(owner_url, service_url, worker_url) as found:
        others = [entry(n + 100, place="sh.pd.t9") for n in range(_NOISE)]
        async with found.writing() as tx:
            await service.record(tx, HANDLER, others)
        await found.write_case(1, _NUMBER)
        async with found.writing() as tx:
            await service.record(tx, HANDLER, others)
        assert await found.seal_all(77) == 2 * _NOISE + 3
        yield found


async def _receipt(stored: Stored, case_id: int = 1, viewer: Viewer = Viewer.PUBLIC) -> CaseReceipt:
    async with stored.writing() as tx:
        return await proving.receipt_for(tx, ORIGIN, stored.key.public, case_id, viewer)


def _shown(receipt: CaseReceipt) -> dict[str, Any]:
    verdict = verify_receipt(receipt.file)
    assert verdict.receipt is not None
    members = [m for e in verdict.receipt.entries for m in e.facts or ()]
    return {m.name: m.value for m in members if not isinstance(m, bytes)}


async def test_a_receipt_verifies_with_the_citys_key(stored: Stored) -> None:
    made = await _receipt(stored)
    verdict = verify_receipt(made.file, stored.key.public)
    assert verdict.ok
    assert verdict.trusted
    assert verdict.receipt is not None
    assert verdict.receipt.number == _NUMBER
    assert [e.position for e in verdict.receipt.entries] == [_NOISE, _NOISE + 1, _NOISE + 2]
    assert verdict.receipt.head.size == 2 * _NOISE + 3
    assert (made.events, made.pending) == (3, ())


async def test_the_public_sees_what_happened_but_no_reasons_and_no_names(stored: Stored) -> None:
    made = await _receipt(stored)
    assert _shown(made) == {"number": _NUMBER, "kind": "0101", "unit": "water"}
    for hidden in ("person:12", "请尽快", "not ours"):
        assert hidden not in made.file.decode()


async def test_staff_see_the_reasons_too(stored: Stored) -> None:
    made = await _receipt(stored, viewer=Viewer.STAFF)
    assert _shown(made)["note"] == "请尽快"
    assert _shown(made)["reason"] == "not ours"
    assert "person:12" not in made.file.decode()


async def test_citizens_words_are_shown_to_nobody(stored: Stored) -> None:
    words = {"text": "my neighbour", "title": "neighbour", "address": "Lane 5", "lon": 121.5}
    await stored.write([entry(7, facts={**words, "kind": "0101"})])
    await stored.seal()
    for viewer in Viewer:
        assert _shown(await _receipt(stored, 7, viewer)) == {"kind": "0101"}


async def test_what_is_not_sealed_yet_is_pending_and_not_in_the_file(stored: Stored) -> None:
    await stored.write([entry(1, "case.pass")])
    made = await _receipt(stored)
    assert [(p.action, p.at) for p in made.pending] == [("case.pass", NOW)]
    assert made.events == 3
    assert b"case.pass" not in made.file
    await stored.seal()
    made = await _receipt(stored)
    assert (made.events, made.pending) == (4, ())


async def test_an_older_receipt_stays_true(stored: Stored) -> None:
    old = await _receipt(stored)
    await stored.write([entry(1), entry(2)])
    await stored.seal()
    assert verify_receipt(old.file, stored.key.public).ok


async def test_a_receipt_fails_after_any_change_of_its_values(stored: Stored) -> None:
    data = json.loads((await _receipt(stored, viewer=Viewer.STAFF)).file)

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return value[:-1] + ("0" if value[-1:] != "0" else "1")
        return value + 1 if isinstance(value, int) else 1

    def leaves(value: Any) -> list[tuple[Any, Any]]:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        found: list[tuple[Any, Any]] = []
        for key, inner in pairs:
            if isinstance(inner, dict | list):
                found += leaves(inner)
            else:
                found.append((value, key))
        return found

    places = leaves(data)
    assert len(places) > 80
    for holder, key in places:
        kept = holder[key]
        if kept is None and key in ("actor", "facts"):
            continue
        holder[key] = changed(kept)
        file = json.dumps(data).encode()
        assert not verify_receipt(file, stored.key.public).ok, (key, kept)
        holder[key] = kept
    assert verify_receipt(json.dumps(data).encode(), stored.key.public).ok


async def test_who_does_not_see_the_case_gets_no_receipt(stored: Stored) -> None:
    async with stored.service.begin(STRANGER, NOW) as tx:
        with pytest.raises(Refusal, match=r"ledger\.case_unseen"):
            await proving.receipt_for(tx, ORIGIN, stored.key.public, 1, Viewer.STAFF)
        event_id = await stored.owner.fetchval("select id from events where case_id = 1 limit 1")
        with pytest.raises(Refusal, match=r"ledger\.event_unseen"):
            await proving.proof_of(tx, ORIGIN, event_id)


async def test_a_case_that_waits_is_told_to_wait(stored: Stored) -> None:
    await stored.write_case(2, "3101012026031000002")
    with pytest.raises(Refusal) as refused:
        await _receipt(stored, 2)
    assert (refused.value.code, refused.value.facts["count"]) == ("ledger.case_waiting", 3)
    await stored.owner.execute("delete from ledger_heads")
    with pytest.raises(Refusal, match=r"ledger\.case_waiting"):
        await _receipt(stored, 2)


async def test_an_altered_event_gets_no_receipt(stored: Stored) -> None:
    await stored.owner.execute("update events set after = 'closed' where action = 'case.return'")
    with pytest.raises(Refusal, match=r"ledger\.event_unproven"):
        await _receipt(stored)


async def test_a_slipped_in_event_gets_no_receipt(stored: Stored) -> None:
    await stored.owner.execute(
        "insert into events (xid, at, actor, action, matter, matter_id, case_id, place, article,"
        " rule, facts) select xid, at, actor, 'case.pass', matter, matter_id, case_id, place,"
        " article, rule, facts from events where action = 'case.file'"
    )
    with pytest.raises(Refusal, match=r"ledger\.event_unproven"):
        await _receipt(stored)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ("delete from ledger_tiles where level = 0 and number = 1", "ledger.proof_missing"),
        ("delete from ledger_tiles where level = 1", "ledger.proof_missing"),
        (
            "update ledger_tiles set hashes = set_byte(hashes, 9, get_byte(hashes, 9) # 1)"
            " where level = 0 and number = 2",
            "ledger.case_unproven",
        ),
        (
            "update ledger_heads set signature ="
            " set_byte(signature, 9, 255 - get_byte(signature, 9))",
            "ledger.case_unproven",
        ),
    ],
)
async def test_no_receipt_comes_from_a_spoiled_tree(stored: Stored, spoil: str, code: str) -> None:
    await stored.owner.execute(spoil)
    with pytest.raises(Refusal) as refused:
        await _receipt(stored)
    assert refused.value.code == code


async def test_no_receipt_goes_out_under_another_key(stored: Stored) -> None:
    async with stored.writing() as tx:
        with pytest.raises(Refusal, match=r"ledger\.case_unproven"):
            await proving.receipt_for(tx, ORIGIN, SigningKey.create().public, 1, Viewer.PUBLIC)


async def test_every_event_has_a_proof(stored: Stored) -> None:
    rows = await stored.rows("select id from events where case_id = 1 order by xid, id")
    async with stored.writing() as tx:
        for rank, row in enumerate(rows):
            one = await proving.proof_of(tx, ORIGIN, row["id"])
            assert one.statement.id == row["id"]
            assert one.proof.position == _NOISE + rank
            assert merkle.verify_inclusion(
                one.leaf, one.proof.position, one.proof.size, one.proof.path, one.head.root
            )


async def test_an_event_that_waits_has_no_proof_yet(stored: Stored) -> None:
    await stored.write([entry(9)])
    event_id = await stored.owner.fetchval("select max(id) from events")
    async with stored.writing() as tx:
        with pytest.raises(Refusal, match=r"ledger\.event_waiting"):
            await proving.proof_of(tx, ORIGIN, event_id)
