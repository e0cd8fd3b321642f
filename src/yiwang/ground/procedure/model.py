"""What a procedure is made of: its table, its relation and its model; and one change by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

from yiwang.kit.lifecycle import Facts, Matter, Rule, Table

M = TypeVar("M", bound=Matter)


@dataclass(frozen=True)
class Procedure(Generic[M]):
    """One kind of matter: its lifecycle, its table in the database and its value.

    `units` gives the units a matter belongs to, `case_id` the case it is part of. The fields of
    `model` are the columns of `relation`.
    """

    table: Table
    relation: str
    model: type[M]
    units: Callable[[M], Iterable[str]]
    case_id: Callable[[M], int | None]

    def names(self) -> tuple[str, ...]:
        """The columns, in the model's order."""
        return _names(self.model)

    def read(self, row: Any) -> M:
        """A row of the relation as the model."""
        return self.model(
            **{
                name: tuple(value) if isinstance(value := row[name], list) else value
                for name in self.names()
            }
        )


@cache
def _names(model: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(model))


@dataclass(frozen=True, slots=True)
class Change(Generic[M]):
    """One matter before and after one action."""

    before: M
    after: M
    rule: Rule
    facts: Facts
    at: datetime | None = None  # when it was done; the transaction's moment where not given
