"""What is wrong in a pack: file, line, sentence and remedy in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from yiwang.kit import words


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A place in a file of the pack; lines count from 1, 0 stands for the file as a whole."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, order=True)
class PackError:
    """One thing that is wrong, and how to put it right."""

    file: str
    line: int
    code: str
    message_en: str
    message_zh: str
    remedy_en: str
    remedy_zh: str

    def say(self, language: str = "en") -> str:
        """One printable line: where, what, remedy."""
        chinese = language == "zh"
        message = self.message_zh if chinese else self.message_en
        remedy = self.remedy_zh if chinese else self.remedy_en
        return f"{self.file}:{self.line}: {message} {remedy}"


class PackErrors(Exception):
    """The pack cannot be used; `errors` holds everything found, in order of file and line."""

    def __init__(self, errors: tuple[PackError, ...]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors

    def say(self, language: str = "en") -> str:
        """All errors, one per line."""
        return "\n".join(error.say(language) for error in self.errors)

    def __str__(self) -> str:
        return self.say()


class Findings:
    """Gathers errors while a pack is read and checked; nothing stops at the first."""

    def __init__(self) -> None:
        self._found: set[PackError] = set()

    def add(self, spot: Spot, code: str, **facts: Any) -> None:
        """Note the error `packs.<code>` at `spot`, or that of another room, named in full; `facts`
        fill its sentences."""
        name = code if "." in code else f"packs.{code}"
        remedy = f"{name}.remedy"
        self._found.add(
            PackError(
                spot.file,
                spot.line,
                name,
                words.sentence(name, "en", facts),
                words.sentence(name, "zh", facts),
                words.sentence(remedy, "en", facts),
                words.sentence(remedy, "zh", facts),
            )
        )

    @property
    def errors(self) -> tuple[PackError, ...]:
        """All errors so far, ordered by file and line."""
        return tuple(sorted(self._found))
