"""What kind a text is about, by the words of the kinds themselves.

Every kind brings its names and keywords. A text is read once; what it contains is weighed: longer
words and words of few kinds weigh more, words at the beginning or in the title more again, and a
word that the writer denies ("不是…") counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any

from yiwang.ground.judgement.model import Guess, Hints, Question
from yiwang.ground.judgement.text import plain
from yiwang.ground.packs.model import Kind

_LEAD = 30  # characters that count as the beginning
_LEAD_FACTOR = 1.5
_NAME_FACTOR = 1.5  # a kind's own name says more than a keyword
_ENOUGH = 0.7  # a score of this size is believed to 1 - 1/e where nothing speaks against it
_BEST = 4  # guesses and runners-up given
# "没有" is not among them: "no lamp here" is about lamps.
_DENIALS = (
    *("不是", "并非", "而非", "绝非", "不属于"),
    *("is not", "isn't", "not a", "not the", "rather than", "instead of"),
)
_DENIAL_REACH = 10  # characters between a denial and what it denies
_DENIAL_ENDS = frozenset(",.;:!?,。;:!?、\n")  # normal form: full-width marks are ordinary here
_ASKING = "是不是"  # "is it or not" denies nothing


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    weights: tuple[tuple[int, float], ...]  # position of the kind, weight


class KeywordClassifier:
    """A :class:`~.model.Classifier` from the keywords of kinds, without any training."""

    __slots__ = ("_index", "_keys", "_kinds", "threshold")

    def __init__(
        self, kinds: tuple[Kind, ...], index: dict[str, tuple[_Word, ...]], threshold: float
    ) -> None:
        self._kinds = kinds
        self._keys = tuple(kind.key for kind in kinds)
        self._index = index
        self.threshold = threshold

    @classmethod
    def build(cls, kinds: Iterable[Kind], threshold: float = 0.5) -> KeywordClassifier:
        """A classifier of the given kinds that have none below them.

        Words of one character are left out. A best guess with a confidence below `threshold` is
        no guess.
        """
        given = tuple(kinds)
        major = {kind.parent for kind in given}
        leaves = [kind for kind in given if kind.key not in major]
        owners: dict[str, dict[int, float]] = {}
        for position, kind in enumerate(leaves):
            for word, factor in _words(kind):
                mine = owners.setdefault(word, {})
                mine[position] = max(factor, mine.get(position, 0.0))
        index: dict[str, list[_Word]] = {}
        for word in sorted(owners, key=lambda word: (-len(word), word)):
            worth = _length(word) * _rarity(len(owners[word]), len(leaves))
            weights = tuple((p, worth * factor) for p, factor in owners[word].items())
            index.setdefault(word[:2], []).append(_Word(word, weights))
        return cls(
            tuple(leaves),
            {start: tuple(words) for start, words in index.items()},
            threshold,
        )

    def classify(
        self, text: str, language: str | None = None, hints: Hints = Hints()
    ) -> tuple[Guess, ...]:
        """Kinds by falling confidence; empty where the best is not sure enough.

        Both languages are read whatever `language` says: people mix them. The reason lists the
        words with their weights, what was denied, and the runners-up.
        """
        found = self.rank(text, language, hints)
        return found if found and found[0].confidence >= self.threshold else ()

    def rank(
        self, text: str, language: str | None = None, hints: Hints = Hints()
    ) -> tuple[Guess, ...]:
        """The same, however unsure the best is."""
        body = plain(f"{hints.title}\n{text}" if hints.title else text)
        lead = len(hints.title) + 1 if hints.title else _LEAD
        scores: dict[int, float] = {}
        found: dict[int, dict[str, float]] = {}
        denied: list[str] = []
        seen: set[str] = set()
        for at, word in self._find(body):
            if word.text in seen:
                continue
            if _is_denied(body, at):
                denied.append(word.text)
                continue
            seen.add(word.text)
            factor = _LEAD_FACTOR if at < lead else 1.0
            for position, weight in word.weights:
                scores[position] = scores.get(position, 0.0) + weight * factor
                found.setdefault(position, {})[word.text] = round(weight * factor, 3)
        scores = {p: score for p, score in scores.items() if _is_open(self._kinds[p], hints)}
        return self._rank(scores, found, denied)

    def classify_many(self, questions: Sequence[Question]) -> list[tuple[Guess, ...]]:
        """The same for many texts, in their order."""
        return [self.classify(*question) for question in questions]

    def _rank(
        self, scores: dict[int, float], found: dict[int, dict[str, float]], denied: list[str]
    ) -> tuple[Guess, ...]:
        ranked = sorted(scores, key=lambda p: (-scores[p], p))[:_BEST]
        if not ranked:
            return ()
        best = ranked[0]
        rival = scores[ranked[1]] if len(ranked) > 1 else 0.0
        guesses = []
        for position in ranked:
            score = scores[position]
            against = rival if position == best else scores[best]
            confidence = score / (score + against) * (1 - exp(-score / _ENOUGH))
            reason: dict[str, Any] = {"words": found[position], "score": round(score, 3)}
            guesses.append(Guess(self._keys[position], round(confidence, 4), reason))
        guesses[0].reason["denied"] = denied
        guesses[0].reason["runners_up"] = {g.value: g.reason["score"] for g in guesses[1:]}
        return tuple(guesses)

    def _find(self, body: str) -> Iterator[tuple[int, _Word]]:
        """The longest word at each position, unless it lies inside another."""
        index = self._index
        end = 0
        for at in range(len(body) - 1):
            words = index.get(body[at : at + 2])
            if words is None:
                continue
            for word in words:
                stop = at + len(word.text)
                if stop > end and body.startswith(word.text, at) and _is_whole(body, at, stop):
                    end = stop
                    yield at, word
                    break


def _words(kind: Kind) -> Iterator[tuple[str, float]]:
    """The words of a kind in normal form, with what they are worth beside a keyword."""
    for name in (kind.name.zh, kind.name.en):
        if len(word := plain(name).strip()) > 1:
            yield word, _NAME_FACTOR
    for keyword in kind.keywords:
        if len(word := plain(keyword).strip()) > 1:
            yield word, 1.0


def _is_open(kind: Kind, hints: Hints) -> bool:
    """Whether a kind may be an answer at all."""
    if hints.among is not None and kind.key not in hints.among:
        return False
    on = hints.on
    return on is None or (
        (kind.valid_from is None or kind.valid_from <= on)
        and (kind.valid_to is None or on < kind.valid_to)
    )


def _length(word: str) -> float:
    """How much a word says by its length: a Chinese character counts as three letters."""
    return sqrt(len(word) / 6 if word.isascii() else len(word) / 2)


def _rarity(owners: int, kinds: int) -> float:
    """1 for a word of a single kind, falling to near 0 for a word of all of them."""
    return log(1 + kinds / owners) / log(1 + kinds)


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _is_whole(body: str, at: int, stop: int) -> bool:
    """Whether a match is not just part of a longer word in letters; a plural is the same word."""
    if at and _is_letter(body[at]) and _is_letter(body[at - 1]):
        return False
    if not _is_letter(body[stop - 1]):
        return True
    for plural in ("es", "s"):
        if body.startswith(plural, stop):
            stop += len(plural)
            break
    return stop >= len(body) or not _is_letter(body[stop])


def _is_denied(body: str, at: int) -> bool:
    """Whether the writer says that it is not this."""
    before = body[max(0, at - _DENIAL_REACH - 3) : at]
    for denial in _DENIALS:
        where = before.rfind(denial)
        if where < 0:
            continue
        if before.startswith(_ASKING, where - 1) and where:
            continue
        rest = before[where + len(denial) :]
        if not _DENIAL_ENDS.intersection(rest) and "而是" not in rest and "but" not in rest:
            return True
    return False
