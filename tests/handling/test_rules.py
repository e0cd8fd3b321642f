"""What goes together, whose clock the case follows, which photos prove something."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from yiwang.matters.handling import rules

ACTIONS = st.sampled_from(["accept", "finish", "contact", "recall", "ask_extension", "resume"])


@given(st.lists(st.tuples(st.integers(1, 4), ACTIONS), max_size=30))
def test_runs_keep_the_order_and_hold_each_order_once(keys: list[tuple[int, str]]) -> None:
    found = rules.runs(keys)
    assert [i for run in found for i in run] == list(range(len(keys)))
    for run in found:
        touched = [keys[i][0] for i in run]
        assert len(set(touched)) == len(touched)
        if len(run) > 1:
            assert all(keys[i][1] in rules.PLAIN for i in run)


def test_plain_actions_on_different_orders_are_one_run() -> None:
    keys = [(1, "accept"), (2, "finish"), (3, "accept"), (1, "finish"), (4, "recall"), (5, "urge")]
    assert rules.runs(keys) == [[0, 1, 2], [3], [4], [5]]


def test_evidence_belongs_to_the_case_and_shows_what_is_asked() -> None:
    known = [(1, 7, "before"), (2, 7, "after"), (3, 8, "after"), (4, None, "after")]
    assert rules.evidence_fault([1, 2], known, 7, ["before", "after"]) is None
    assert rules.evidence_fault([], known, 7) is None
    code, facts = rules.evidence_fault([1, 3, 4, 9], known, 7) or ("", {})
    assert (code, facts) == ("handling.evidence_unknown", {"photos": "3, 4, 9"})
    code, facts = rules.evidence_fault([1], known, 7, ["before", "after"]) or ("", {})
    assert (code, facts) == ("handling.evidence_missing", {"roles": "after"})
