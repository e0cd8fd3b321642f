"""One procedure, written once: a table of rules that service, API, screens, record and tests read.

A matter has a state; a :class:`Rule` says which action leads from which states to which, who may
do it, which facts must come with it and which fields it may set. Nothing here knows a city.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from yiwang.kit.errors import Fault, Refusal

Facts = Mapping[str, Any]


class Matter(Protocol):
    """What every matter has, whatever its procedure."""

    @property
    def id(self) -> int: ...
    @property
    def version(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def place(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a lifecycle table.

    `start` holds every state the action is possible in, `end` the state after it; None means the
    state stays. `duty` is held over the matter's place or in its unit by whoever acts: see `who`.
    `needs` are facts that must come, `takes` facts that may. `bar` refuses on the matter and on
    who acts, before any fact is known (so that the action is not even offered); `guard` refuses on
    the facts too. Both raise a :class:`Refusal`. `system` marks what only the platform itself does.
    `waits` holds those of the start states in which the matter waits for this action: there it
    stands on the work list of whoever may do it.
    """

    action: str
    start: tuple[str, ...]
    end: str | None
    duty: str
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    article: str = "V"
    bar: Callable[[Any, Any], None] | None = None
    guard: Callable[[Any, Facts, Any], None] | None = None
    system: bool = False
    waits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """All rules of one kind of matter, with its states in the order a reader expects."""

    name: str
    states: tuple[str, ...]
    initial: tuple[str, ...]
    final: tuple[str, ...]
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        seen: set[tuple[str, str]] = set()
        for rule in self.rules:
            for state in rule.start:
                if state not in self.states or (rule.end and rule.end not in self.states):
                    raise ValueError(f"{self.name}.{rule.action}: unknown state")
                if (rule.action, state) in seen:
                    raise ValueError(f"{self.name}.{rule.action}: two rules from {state}")
                seen.add((rule.action, state))
            if not set(rule.waits) <= set(rule.start):
                raise ValueError(f"{self.name}.{rule.action}: waits where it is not possible")

    def rule(self, action: str, state: str) -> Rule | None:
        """The rule of `action` in `state`, or None where it is not possible there."""
        return _index(self).get((action, state))

    def actions(self) -> tuple[str, ...]:
        """Every action of the table, once, in its order."""
        return tuple(dict.fromkeys(rule.action for rule in self.rules))

    def possible(self, state: str) -> tuple[Rule, ...]:
        """The rules that start in `state`."""
        return tuple(rule for rule in self.rules if state in rule.start)


_INDEX: dict[int, dict[tuple[str, str], Rule]] = {}


def _index(table: Table) -> dict[tuple[str, str], Rule]:
    found = _INDEX.get(id(table))
    if found is None:
        found = {(rule.action, state): rule for rule in table.rules for state in rule.start}
        _INDEX[id(table)] = found
    return found


def permit(table: Table, matter: Matter, action: str, facts: Facts, by: Any) -> Rule:
    """The rule under which `by` may do `action` to `matter` now, with these facts.

    Refuses an unknown action, an action not possible in the present state (and says what is),
    missing or unknown facts, and whatever the rule's guard refuses.
    """
    rule = table.rule(action, matter.state)
    if rule is None:
        known = table.actions()
        if action not in known:
            raise Refusal(
                "procedure.action_unknown", matter=table.name, action=action, possible=known
            )
        raise Refusal(
            "procedure.not_possible",
            matter=table.name,
            action=action,
            state=matter.state,
            possible=[row.action for row in table.possible(matter.state) if not row.system],
        )
    told = {"action": action, "matter": table.name}
    faults = [
        Fault(f"/facts/{name}", "procedure.fact_missing", {"fact": name, **told})
        for name in rule.needs
        if facts.get(name) in (None, "", [], ())
    ]
    faults += [
        Fault(f"/facts/{name}", "procedure.fact_unknown", {"fact": name, **told})
        for name in facts
        if name not in rule.needs and name not in rule.takes
    ]
    if faults:
        raise Refusal("procedure.facts", faults=faults)
    if rule.bar is not None:
        rule.bar(matter, by)
    if rule.guard is not None:
        rule.guard(matter, facts, by)
    return rule


def draw(table: Table) -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state}" for state in table.initial]
    edges: dict[tuple[str, str], list[str]] = {}
    for rule in table.rules:
        for state in rule.start:
            edges.setdefault((state, rule.end or state), []).append(rule.action)
    lines += [f"    {a} --> {b}: {', '.join(names)}" for (a, b), names in edges.items()]
    lines += [f"    {state} --> [*]" for state in table.final]
    return "\n".join(lines) + "\n"
