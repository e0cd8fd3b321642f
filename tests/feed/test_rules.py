"""Whose news is what: the groups of listeners agree with the rule, for every event and reach."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.kit.errors import Refusal
from yiwang.kit.web.sse import Happening
from yiwang.matters.feed import rules
from yiwang.matters.feed.audience import WAITING, Audience
from yiwang.matters.feed.model import MATTERS, Occurrence, Reach, Wanted, Webhook

AT = datetime(2026, 3, 1, tzinfo=UTC)
PLACES = ("c", "c.d1", "c.d1.t1", "c.d2", "c.d10")
UNITS = ("u1", "u2", "u3")
ACTORS = ("person:1", "person:2", "platform")

occurrences = st.builds(
    Occurrence,
    xid=st.integers(1, 9),
    id=st.integers(1, 9),
    at=st.just(AT),
    actor=st.sampled_from(ACTORS),
    unit=st.sampled_from((None, *UNITS)),
    action=st.sampled_from(("case.file", "order.accept", "person.create")),
    matter=st.sampled_from(("case", "order", "person")),
    matter_id=st.just(1),
    case_id=st.sampled_from((None, 1, 2)),
    place=st.sampled_from(PLACES),
    article=st.just("V"),
    before=st.none(),
    after=st.none(),
    parties=st.lists(st.sampled_from(UNITS), max_size=2).map(tuple),
    number=st.none(),
    kind=st.none(),
)
reaches = st.builds(
    Reach,
    places=st.lists(st.sampled_from(PLACES), max_size=2, unique=True).map(tuple),
    units=st.lists(st.sampled_from(UNITS), max_size=2, unique=True).map(tuple),
    actor=st.sampled_from(ACTORS),
)
wishes = st.builds(
    Wanted,
    matters=st.frozensets(st.sampled_from(MATTERS), max_size=2),
    actions=st.frozensets(st.sampled_from(("*", "case.*", "case.file", "order.*")), max_size=2),
    place=st.sampled_from(("", *PLACES)),
    case_id=st.sampled_from((None, 1)),
)


@given(st.lists(st.tuples(reaches, wishes), max_size=6), st.lists(occurrences, max_size=6))
def test_a_listener_gets_exactly_what_concerns_it_and_what_it_wants(
    asked: list[tuple[Reach, Wanted]], happened: list[Occurrence]
) -> None:
    audience = Audience()
    joined = [(reach, wanted, audience.join(reach, wanted)) for reach, wanted in asked]
    for row in happened:
        chosen = {listener for group in audience.groups_of(row) for listener in group.listeners}
        expected = {
            listener
            for reach, wanted, listener in joined
            if rules.concerns(reach, row) and rules.fits(wanted, row)
        }
        assert chosen == expected
    for reach, wanted, listener in joined:
        audience.leave(reach, wanted, listener)
    assert len(audience) == 0
    assert all(not audience.groups_of(row) for row in happened)


def test_events_of_people_and_keys_are_no_news() -> None:
    assert not set(MATTERS) & {"person", "key", "export", "webhook"}


def _happening(number: int) -> Happening:
    return Happening(f"1-{number}", "yiwang.case.file", {})


def test_one_decision_serves_all_listeners_of_a_kind_and_a_slow_one_ends_alone() -> None:
    audience = Audience()
    reach, wanted = Reach(("c",), (), "person:1"), Wanted()
    listeners = [audience.join(reach, wanted) for _ in range(1000)]
    row = Occurrence(
        *(1, 1, AT, "platform", None, "case.file", "case", 1, 1, "c.d1", "V", None, None),
        *((), None, None),
    )
    assert len(audience.groups_of(row)) == 1
    listeners[0].end()
    for number in range(WAITING + 1):
        audience.tell(_happening(number), audience.groups_of(row))
    assert all(listener.ended for listener in listeners)
    assert audience.streams_of("person:1") == 1000


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "1-2-3", "a-b", "1 - 2", "9" * 19 + "-1"])
def test_what_is_no_event_id_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        rules.parse_key(text)
    assert refused.value.code == "feed.resume_bad"


def test_an_event_id_is_read_back() -> None:
    assert rules.parse_key(" 730-18 ") == (730, 18)


@pytest.mark.parametrize("action", ["case", "person.*", "case.", "*.*", "case.file ", "Case.file"])
def test_an_unknown_action_is_refused(action: str) -> None:
    with pytest.raises(Refusal) as refused:
        rules.check_actions([action])
    assert refused.value.code == "feed.action_unknown"
    assert "case.*" in (refused.value.possible or ())


def test_actions_are_kept_once_in_their_order() -> None:
    assert rules.check_actions(["order.*", "case.file", "order.*"]) == ("order.*", "case.file")


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 1), (1, 1), (2, 2), (5, 16), (12, 2048), (13, 3600), (10**6, 3600)],
)
def test_patience_doubles_up_to_an_hour(failures: int, seconds: int) -> None:
    assert rules.backoff(failures) == timedelta(seconds=seconds)


def test_a_receiver_is_given_up_after_its_days() -> None:
    assert not rules.gives_up(None, AT, 5)
    assert not rules.gives_up(AT, AT + timedelta(days=4, hours=23), 5)
    assert rules.gives_up(AT, AT + timedelta(days=5), 5)


@given(occurrences, st.sampled_from(PLACES), st.sampled_from((None, *UNITS)))
def test_a_webhook_gets_its_place_and_its_unit_only(
    row: Occurrence, place: str, unit: str | None
) -> None:
    webhook = Webhook(
        *(1, "https://a.example", b"", ("*",), place, unit, True, "key:1", AT, (0, 0), 0, AT),
        *(None, None, None, 0, None, None),
    )
    inside = row.place == place or row.place.startswith(place + ".")
    party = unit is None or unit == row.unit or unit in row.parties
    assert rules.is_due_to(webhook, row) == (inside and party and row.matter != "person")


def test_a_delivery_is_signed_as_standard_webhooks_does() -> None:
    """Checked the way a receiver checks: from the text of the secret."""
    secret = bytes(range(32))
    text = rules.secret_text(secret)
    key = base64.b64decode(text.removeprefix("whsec_"))
    expected = hmac.new(key, b"wh1_1-2.1700000000." + b"[]", hashlib.sha256).digest()
    signature = rules.sign(secret, "wh1_1-2", 1700000000, b"[]")
    assert signature == "v1," + base64.b64encode(expected).decode()
