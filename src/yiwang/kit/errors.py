"""Refusals: what a person may not do, or may not do like this, with a stable code and a sentence.

Anything that is not a :class:`Refusal` and still escapes is a bug and stays loud.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yiwang.kit import words


@dataclass(frozen=True, slots=True)
class Fault:
    """One field of a request that is wrong: where, which code, what about it."""

    pointer: str
    code: str
    facts: Mapping[str, Any]

    def say(self, language: str) -> str:
        """The sentence of this fault in `language`."""
        return words.sentence(self.code, language, self.facts)


class Refusal(Exception):
    """A request that is answered with "no", and with what is possible instead.

    `code` is stable and names a sentence in `words/problems/`; `facts` fill the sentence.
    `possible` lists the actions open now, `faults` the single fields that are wrong.
    """

    def __init__(
        self,
        code: str,
        *,
        possible: Sequence[str] | None = None,
        faults: Sequence[Fault] = (),
        **facts: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.facts: dict[str, Any] = facts
        self.possible = None if possible is None else tuple(possible)
        self.faults = tuple(faults)
        if possible is not None:
            self.facts["possible"] = ", ".join(possible) or "–"

    @property
    def status(self) -> int:
        """The HTTP status that goes with this code."""
        return words.status(self.code)

    def say(self, language: str = "en") -> str:
        """The sentence of this refusal in `language` ("en" or "zh")."""
        return words.sentence(self.code, language, self.facts)

    def __str__(self) -> str:
        return f"{self.code}: {self.say()}"
