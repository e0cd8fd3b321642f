"""The full check finds every alteration, deletion, swap, insertion and forged head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.ground.ledger import canonical, merkle, signing, tiles
from yiwang.ground.ledger.model import Batch, Event, Finding, Head
from yiwang.ground.ledger.signing import SigningKey
from yiwang.ground.ledger.tiles import Address
from yiwang.ground.ledger.verifying import LedgerCheck, Outcome
from yiwang.kit.words import problems

MakeEvent = Callable[..., Event]
_LATER = datetime(2026, 4, 1, tzinfo=UTC)
_PATIENCE = timedelta(hours=1)
_SIZES = [5, 1, 260, 300, 2, 40]  # 608 events over three tiles
_TOTAL = sum(_SIZES)


class Sealed(Protocol):
    """A ledger as the database would hold it (see conftest)."""

    key: SigningKey
    events: list[Event]
    batches: list[Batch]
    heads: list[Head]
    tiles: dict[Address, bytes]


Seal = Callable[[list[int]], Sealed]


def _fields(code: str) -> set[str]:
    """The facts that the sentences of a code need."""
    row = problems()[code]
    return {name for _, name, _, _ in Formatter().parse(row["zh"] + row["en"]) if name}


@dataclass
class Found:
    """What one run found."""

    findings: list[Finding]
    outcome: Outcome

    @property
    def codes(self) -> list[str]:
        """The codes, in order."""
        assert self.outcome.found == len(self.findings)
        for finding in self.findings:
            assert _fields(finding.code) <= finding.facts.keys()
        return [finding.code for finding in self.findings]

    def of(self, code: str, name: str) -> list[Any]:
        """One fact of every finding with this code."""
        return [finding.facts[name] for finding in self.findings if finding.code == code]


def _run(sealed: Sealed, origin: str, chunk: int = 2, known: Sequence[Head] = ()) -> Found:
    """Read the ledger chunk by chunk, as the service would from the tables."""
    public = sealed.key.public
    check = LedgerCheck(origin, {public.key_id: public}, known)
    findings: list[Finding] = []
    heads = sorted(sealed.heads, key=lambda head: head.size)
    events = sorted(sealed.events, key=lambda event: event.key)
    for at in range(0, len(sealed.batches), chunk):
        part = sealed.batches[at : at + chunk]
        rows = [e for e in events if check.reached < e.key <= part[-1].last]
        due = [head for head in heads if head.size <= part[-1].end]
        heads = heads[len(due) :]
        needed = check.tiles_for(part)
        stored = {a: sealed.tiles[a] for a in needed if a in sealed.tiles}
        findings += check.feed(part, rows, stored, due)
    rest = [event for event in events if event.key > check.reached]
    last, outcome = check.close(rest, heads, _LATER, _PATIENCE)
    return Found(findings + last, outcome)


@pytest.mark.parametrize("chunk", [1, 2, 6])
def test_a_true_ledger_passes(seal: Seal, origin: str, chunk: int) -> None:
    found = _run(seal(_SIZES), origin, chunk)
    assert found.codes == []
    assert found.outcome == Outcome(_TOTAL, len(_SIZES), len(_SIZES), 0, 0)
    assert found.outcome.ok


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 700), max_size=5), st.integers(1, 5))
def test_true_ledgers_of_any_shape_pass(
    seal: Seal, origin: str, sizes: list[int], chunk: int
) -> None:
    assert _run(seal(sizes), origin, chunk).codes == []


def _changed(event: Event, name: str) -> Any:
    value = getattr(event, name)
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, int):
        return value + 100_000 if name == "xid" else -value
    return {"x": 1} if name == "facts" else f"{value}."


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_an_altered_event_is_named(seal: Seal, origin: str, data: st.DataObject) -> None:
    sealed = seal(_SIZES)
    at = data.draw(st.integers(0, _TOTAL - 1))
    name = data.draw(st.sampled_from([f.name for f in fields(Event)]))
    event = sealed.events[at]
    sealed.events[at] = replace(event, **{name: _changed(event, name)})
    found = _run(sealed, origin)
    if name in ("xid", "id"):  # it now stands elsewhere, or beyond all that is sealed
        assert not found.outcome.ok
        assert at in found.of("ledger.event_missing", "position") + found.of(
            "ledger.event_altered", "position"
        )
    else:
        assert found.codes == ["ledger.event_altered"]
        assert found.findings[0].facts == {"position": at, "id": event.id}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_altered_character_of_any_text_is_found(
    seal: Seal, origin: str, data: st.DataObject
) -> None:
    sealed = seal([3])
    name = data.draw(st.sampled_from(["actor", "unit", "action", "place", "rule", "after"]))
    text = getattr(sealed.events[1], name)
    at = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda c: c != text[at]))
    altered = text[:at] + sign + text[at + 1 :]
    sealed.events[1] = replace(sealed.events[1], **{name: altered})
    assert _run(sealed, origin).codes == ["ledger.event_altered"]


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, _TOTAL - 1), min_size=1, max_size=9))
def test_missing_events_are_named(seal: Seal, origin: str, gone: set[int]) -> None:
    sealed = seal(_SIZES)
    sealed.events = [event for at, event in enumerate(sealed.events) if at not in gone]
    found = _run(sealed, origin)
    assert set(found.codes) == {"ledger.event_missing"}
    assert found.of("ledger.event_missing", "position") == sorted(gone)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, _TOTAL - 2))
def test_an_event_slipped_in_is_named(seal: Seal, origin: str, at: int) -> None:
    sealed = seal(_SIZES)
    before = sealed.events[at]
    sealed.events.append(replace(before, id=100_000 + at, salt=bytes(16)))
    found = _run(sealed, origin)
    if before.xid == sealed.events[_TOTAL - 1].xid:
        assert found.codes == ["ledger.events_waiting"]
    else:
        assert found.codes == ["ledger.event_extra"]
        assert found.of("ledger.event_extra", "id") == [100_000 + at]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, _TOTAL - 1), st.integers(0, _TOTAL - 1))
def test_two_events_that_exchanged_their_contents_are_named(
    seal: Seal, origin: str, one: int, other: int
) -> None:
    sealed = seal(_SIZES)
    first, second = sealed.events[one], sealed.events[other]
    sealed.events[one] = replace(second, id=first.id, xid=first.xid)
    sealed.events[other] = replace(first, id=second.id, xid=second.xid)
    found = _run(sealed, origin)
    altered = found.of("ledger.event_altered", "position")
    assert altered == sorted({one, other}) if one != other else found.outcome.ok


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_exchanged_hashes_show_as_reordered(seal: Seal, origin: str, data: st.DataObject) -> None:
    sealed = seal([200])
    one = data.draw(st.integers(0, 198))
    other = data.draw(st.integers(one + 1, 199))
    hashes = tiles.leaves(0, 200, sealed.tiles)
    hashes[one], hashes[other] = hashes[other], hashes[one]
    sealed.tiles[Address(0, 0)] = b"".join(hashes)
    found = _run(sealed, origin)
    places = found.of("ledger.event_reordered", "position")
    assert set(found.codes) == {"ledger.event_reordered", "ledger.head_differs"}
    assert set(places) <= {one, other} or other == one + 2
    assert len(places) <= 2


def test_events_that_come_twice_or_out_of_order_are_named(seal: Seal, origin: str) -> None:
    sealed = seal([6])
    key = sealed.key.public
    for rows, code in (
        ([*sealed.events[:3], *sealed.events[2:]], "ledger.event_repeated"),
        ([sealed.events[n] for n in (0, 2, 1, 3, 4, 5)], "ledger.event_disordered"),
    ):
        check = LedgerCheck(origin, {key.key_id: key})
        found = check.feed(sealed.batches, rows, sealed.tiles, sealed.heads)
        assert [finding.code for finding in found] == [code]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_altered_tile_is_found(seal: Seal, origin: str, data: st.DataObject) -> None:
    sealed = seal(_SIZES)
    address = data.draw(st.sampled_from(sorted(sealed.tiles)))
    tile = bytearray(sealed.tiles[address])
    what = data.draw(st.sampled_from(["byte", "cut", "gone", "more"]))
    at = data.draw(st.integers(0, len(tile) - 1))
    if what == "byte":
        tile[at] ^= data.draw(st.integers(1, 255))
    sealed.tiles[address] = bytes(tile[:at]) if what == "cut" else bytes(tile)
    if what == "gone":
        del sealed.tiles[address]
    if what == "more" and len(tile) < tiles.TILE_BYTES:
        sealed.tiles[address] += bytes(32)
        assert _run(sealed, origin).codes == ["ledger.tile_beyond"]
    elif what != "more":
        assert not _run(sealed, origin).outcome.ok


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_altered_batch_is_found(seal: Seal, origin: str, data: st.DataObject) -> None:
    sealed = seal(_SIZES)
    at = data.draw(st.integers(0, len(_SIZES) - 1))
    name = data.draw(st.sampled_from([f.name for f in fields(Batch)]))
    batch = sealed.batches[at]
    other = data.draw(st.integers(-3, 1000).filter(lambda n: n != getattr(batch, name)))
    sealed.batches[at] = replace(batch, **{name: other})
    assert not _run(sealed, origin).outcome.ok


@pytest.mark.parametrize("count", [2**40, 0, -1])
def test_an_impossible_batch_costs_nothing(seal: Seal, origin: str, count: int) -> None:
    sealed = seal([3, 3])
    sealed.batches[0] = replace(sealed.batches[0], count=count)
    found = _run(sealed, origin)
    assert "ledger.batch_wrong" in found.codes
    assert "ledger.event_altered" not in found.codes


@pytest.mark.parametrize("at", range(len(_SIZES)))
def test_a_missing_batch_is_found_and_its_events_still_compared(
    seal: Seal, origin: str, at: int
) -> None:
    sealed = seal(_SIZES)
    del sealed.batches[at]
    found = _run(sealed, origin, 1)
    last = at == len(_SIZES) - 1
    assert ("ledger.head_beyond" if last else "ledger.batch_wrong") in found.codes
    assert "ledger.event_extra" not in found.codes


def test_events_and_tiles_altered_together_show_at_the_head(seal: Seal, origin: str) -> None:
    sealed = seal(_SIZES)
    sealed.events[100] = replace(sealed.events[100], after="closed")
    forged = _reseal(seal, sealed)
    forged.heads = sealed.heads
    found = _run(forged, origin)
    assert found.codes == ["ledger.head_differs"]
    assert found.findings[0].facts == {"size": 266, "first": 6}


def _reseal(seal: Seal, sealed: Sealed) -> Sealed:
    """What a forger makes who writes tiles and heads anew, with the ledger's own key."""
    forged = seal(_SIZES)
    edge: dict[Address, bytes] = {}
    forged.events, forged.tiles, forged.heads = sealed.events, {}, []
    for batch in sealed.batches:
        part = sealed.events[batch.first_position : batch.end]
        growth = tiles.append(batch.first_position, edge, _hashes(part))
        forged.tiles.update(growth.changed)
        edge = dict(growth.edge)
        origin, at = sealed.heads[0].origin, part[-1].at
        forged.heads.append(signing.sign(sealed.key, origin, batch.end, growth.root, at))
    return forged


def _hashes(events: Sequence[Event]) -> list[bytes]:
    return [merkle.hash_leaf(canonical.leaf(event)) for event in events]


def test_even_a_forger_with_the_key_is_caught_by_a_published_head(seal: Seal, origin: str) -> None:
    sealed = seal(_SIZES)
    published = sealed.heads[3]
    sealed.events[100] = replace(sealed.events[100], after="closed")
    forged = _reseal(seal, sealed)
    assert _run(forged, origin).codes == []
    found = _run(forged, origin, known=[published])
    assert found.codes == ["ledger.head_differs"]
    assert found.outcome.heads == len(_SIZES) + 1


def test_a_record_cut_short_is_caught_by_a_published_head(seal: Seal, origin: str) -> None:
    sealed = seal(_SIZES)
    short = seal(_SIZES[:-1])
    assert _run(short, origin).codes == []
    found = _run(short, origin, known=[sealed.heads[-1]])
    assert found.codes == ["ledger.head_beyond"]
    assert found.findings[0].facts == {"size": _TOTAL, "events": _TOTAL - 40}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"signature": bytes(64)}, "ledger.head_signature"),
        ({"root": bytes(32)}, "ledger.head_signature"),
        ({"at": _LATER}, "ledger.head_signature"),
        ({"size": 7}, "ledger.head_signature"),
        ({"size": -1}, "ledger.head_signature"),
        ({"size": 10**9}, "ledger.head_signature"),
        ({"key_id": "0" * 16}, "ledger.head_key"),
        ({"origin": "other.example"}, "ledger.head_origin"),
    ],
)
def test_a_wrong_head_is_named(seal: Seal, origin: str, change: dict[str, Any], code: str) -> None:
    sealed = seal(_SIZES)
    sealed.heads[2] = replace(sealed.heads[2], **change)
    assert _run(sealed, origin).codes == [code]


def test_a_head_with_a_wrong_root_is_named_once(seal: Seal, origin: str) -> None:
    sealed = seal(_SIZES)
    head = sealed.heads[2]
    sealed.heads[2] = signing.sign(sealed.key, origin, head.size, bytes(32), head.at)
    found = _run(sealed, origin)
    assert found.codes == ["ledger.head_differs"]


def test_what_no_head_covers_is_named(seal: Seal, origin: str) -> None:
    sealed = seal(_SIZES)
    del sealed.heads[-2:]
    found = _run(sealed, origin)
    assert found.codes == ["ledger.tail_unsigned"]
    assert found.findings[0].facts == {"first": 566, "end": _TOTAL}


def test_waiting_events_are_counted_and_late_ones_found(
    seal: Seal, origin: str, make_event: MakeEvent
) -> None:
    sealed = seal(_SIZES)
    sealed.events += [make_event(_TOTAL + n, at=_LATER) for n in range(4)]
    found = _run(sealed, origin)
    assert (found.codes, found.outcome.waiting) == ([], 4)
    sealed.events.append(make_event(_TOTAL + 9))
    found = _run(sealed, origin)
    assert found.codes == ["ledger.events_waiting"]
    assert found.findings[0].facts["count"] == 1


def test_an_event_that_never_could_be_recorded_is_altered(seal: Seal, origin: str) -> None:
    sealed = seal([3])
    sealed.events[1] = replace(sealed.events[1], facts={"n": 2**53 + 1})
    assert _run(sealed, origin).codes == ["ledger.event_altered"]


def test_an_empty_ledger_passes(seal: Seal, origin: str) -> None:
    found = _run(seal([]), origin)
    assert (found.codes, found.outcome.events) == ([], 0)


def test_heads_that_come_too_late_do_not_pass_in_silence(seal: Seal, origin: str) -> None:
    sealed = seal([3, 3])
    key = sealed.key.public
    check = LedgerCheck(origin, {key.key_id: key})
    assert check.feed(sealed.batches, sealed.events, sealed.tiles, sealed.heads[1:]) == []
    found, _ = check.close([], sealed.heads[:1], _LATER, _PATIENCE)
    assert [finding.code for finding in found] == ["ledger.head_passed"]
