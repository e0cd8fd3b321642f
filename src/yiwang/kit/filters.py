"""What a list may be filtered by: typed declarations that turn a caller's words into SQL.

Values become parameters. Words from a closed vocabulary (states) stand in the SQL as literals, so
that PostgreSQL can prove the predicate of a partial index.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Meaning = Callable[[str], Any]  # a caller's word to the value the column holds; may refuse
LONGEST = 200
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(slots=True)
class Asking:
    """What a filter needs to become SQL: room for its values, the moment, the city's meanings."""

    now: datetime
    meanings: Mapping[str, Meaning]
    args: list[Any] = field(default_factory=list)

    def take(self, value: Any) -> str:
        """The mark of a new parameter."""
        self.args.append(value)
        return f"${len(self.args)}"


class Filter(Protocol):
    """One thing one may filter by: the words it goes by, and its SQL for a word's value."""

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters of a query that it answers to."""
        ...

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """The SQL condition; ValueError for a text that is no value of it."""
        ...

    def schema(self, name: str) -> dict[str, Any]:
        """The JSON schema of a value."""
        ...

    def expected(self, name: str) -> tuple[str, str]:
        """What a value looks like, in Chinese and in English."""
        ...


@dataclass(frozen=True, slots=True)
class Equals:
    """A column equals the value; `meaning` turns the caller's word into it."""

    name: str
    column: str
    meaning: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column = value`; several values where the meaning gives a list."""
        value = asking.meanings[self.meaning](text) if self.meaning else text
        if isinstance(value, list):
            return f"{self.column} = any({asking.take(value)}::text[])"
        return f"{self.column} = {asking.take(value)}"

    def schema(self, name: str) -> dict[str, Any]:
        """A text."""
        return {"type": "string", "minLength": 1, "maxLength": LONGEST}

    def expected(self, name: str) -> tuple[str, str]:
        """A text."""
        return f"1–{LONGEST} 字的文本", f"a text of 1 to {LONGEST} characters"


@dataclass(frozen=True, slots=True)
class Number:
    """A column equals a whole number, such as the id of a matter."""

    name: str
    column: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column = number`."""
        if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 2**63:
            raise ValueError(text)
        return f"{self.column} = {asking.take(int(text))}"

    def schema(self, name: str) -> dict[str, Any]:
        """A whole number above 0."""
        return {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}

    def expected(self, name: str) -> tuple[str, str]:
        """A whole number above 0."""
        return "大于 0 的整数", "a whole number above 0"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A column is one of a closed set of words, several of them parted by commas.

    `groups` are shorthands for several words ("open"). The words are our own, never the caller's,
    when they enter the SQL.
    """

    name: str
    column: str
    words: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column in ('a', 'b')`, in the order of the vocabulary."""
        chosen: set[str] = set()
        for part in text.split(","):
            if part not in self.groups and part not in self.words:
                raise ValueError(part)
            chosen.update(self.groups.get(part, (part,)))
        inside = ", ".join(f"'{word}'" for word in self.words if word in chosen)
        return f"{self.column} in ({inside})"

    def schema(self, name: str) -> dict[str, Any]:
        """A comma list of the words and groups."""
        any_word = "|".join((*self.groups, *self.words))
        return {"type": "string", "pattern": f"^({any_word})(,({any_word}))*$"}

    def expected(self, name: str) -> tuple[str, str]:
        """The words."""
        words = ", ".join((*self.groups, *self.words))
        return f"{words} 中的一个或几个（以逗号分隔）", f"one or more of {words}, parted by commas"


@dataclass(frozen=True, slots=True)
class Range:
    """A moment from `<name>_from` (inclusive) to `<name>_to` (exclusive), as in RFC 3339."""

    name: str
    column: str

    @property
    def names(self) -> tuple[str, ...]:
        """Both ends."""
        return (f"{self.name}_from", f"{self.name}_to")

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column >= moment` or `column < moment`."""
        # an unescaped "+" of an offset arrives as a space
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        if moment.tzinfo is None:
            raise ValueError(text)
        sign = ">=" if name == self.names[0] else "<"
        return f"{self.column} {sign} {asking.take(moment)}"

    def schema(self, name: str) -> dict[str, Any]:
        """A moment."""
        return {"type": "string", "format": "date-time"}

    def expected(self, name: str) -> tuple[str, str]:
        """A moment with its offset."""
        return (
            "带时区的时间，如 2024-05-01T08:00:00+08:00",
            "a time with its offset, such as 2024-05-01T08:00:00+08:00",
        )


@dataclass(frozen=True, slots=True)
class Within:
    """A place and everything in it; `meaning` turns its code into an ltree path."""

    name: str
    column: str
    meaning: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column <@ path`."""
        return f"{self.column} <@ {asking.take(asking.meanings[self.meaning](text))}::ltree"

    def schema(self, name: str) -> dict[str, Any]:
        """A code."""
        return {"type": "string", "minLength": 1, "maxLength": LONGEST}

    def expected(self, name: str) -> tuple[str, str]:
        """A place's code."""
        return "区域代码", "the code of a place"


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false: `yes` and `no` are the conditions; `{now}` in them is the moment."""

    name: str
    yes: str
    no: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """The condition of the flag's value."""
        if text not in _FLAGS:
            raise ValueError(text)
        sql = self.yes if _FLAGS[text] else self.no
        return sql.replace("{now}", asking.take(asking.now)) if "{now}" in sql else sql

    def schema(self, name: str) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}

    def expected(self, name: str) -> tuple[str, str]:
        """A boolean."""
        return "true 或 false", "true or false"


@dataclass(frozen=True, slots=True)
class Search:
    """The rows a search function finds: `function(text, most)` gives their ids."""

    name: str
    function: str
    most: int

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`id` is one of those found; found once, before anything else is read."""
        return f"id = any(array(select {self.function}({asking.take(text)}, {self.most})))"

    def schema(self, name: str) -> dict[str, Any]:
        """A text."""
        return {"type": "string", "minLength": 1, "maxLength": LONGEST}

    def expected(self, name: str) -> tuple[str, str]:
        """A text."""
        return f"1–{LONGEST} 字的文本", f"a text of 1 to {LONGEST} characters"
