"""What may stand in a field of an item: codes of the city, found by what they are called. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from yiwang.ground.city import City
from yiwang.ground.packs.model import DUTIES, Text
from yiwang.ground.revision.model import Body
from yiwang.kit import words

_NONE = Text("", "")


class Of(StrEnum):
    """What is chosen among."""

    UNIT = "unit"
    POST = "post"
    KIND = "kind"
    RULED = "ruled"  # what a limit or a responsibility is about: a kind, a scheme, everything
    PLACE = "place"
    FUNCTION = "function"
    DUTY = "duty"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Choice:
    """One code with its name, and what tells it from others of the same name."""

    code: str
    name: Text
    about: Text = _NONE

    def says(self, parts: Collection[str]) -> bool:
        """Whether every part stands in its code or in a name."""
        said = f"{self.code}\n{self.name.zh}\n{self.name.en}\n{self.about.zh}\n{self.about.en}"
        said = said.lower()
        return all(part in said for part in parts)


def search(city: City, of: Of, text: str, limit: int) -> list[Choice]:
    """What fits a text, the best first: its code, then names that begin with it, then the rest."""
    parts = text.lower().split()
    wanted = " ".join(parts)
    if not parts:
        return list(islice(_ALL[of](city), limit))
    found = [choice for choice in _ALL[of](city) if choice.says(parts)]
    return sorted(found, key=lambda choice: _rank(choice, wanted))[:limit]


def _rank(choice: Choice, wanted: str) -> int:
    names = (choice.code.lower(), choice.name.zh.lower(), choice.name.en.lower())
    if wanted in names:
        return 0 if wanted == names[0] else 1
    return 2 if any(name.startswith(wanted) for name in names) else 3


def named(city: City, of: Of, codes: Collection[str]) -> list[Choice]:
    """The choices with these codes; one that is not in the city any more is not among them."""
    wanted = frozenset(codes)
    return [choice for choice in _ALL[of](city) if choice.code in wanted]


def names_in(city: City, body: Body) -> Iterator[Text]:
    """What the kind, place, unit and leading function named in an item are called."""
    kind, unit = str(body.get("kind", "")), str(body.get("unit", ""))
    if kind in city.taxonomy:
        yield city.taxonomy.kind(kind).name
    if unit in city.units:
        yield city.units[unit].name
    yield _place_name(city, str(body.get("place", "")))
    if "lead" in body:
        yield city.words(f"function.{body['lead']}")


def _units(city: City) -> Iterator[Choice]:
    for unit in city.units.values():
        yield Choice(unit.code, unit.name, _place_name(city, unit.place))


def _posts(city: City) -> Iterator[Choice]:
    for post in city.posts.values():
        yield Choice(post.code, post.name, city.unit_name(post.unit))


def _kinds(city: City) -> Iterator[Choice]:
    names = {kind.key: kind.name for kind in city.pack.kinds}
    for kind in city.pack.kinds:
        yield Choice(kind.key, kind.name, names.get(kind.parent or "", _NONE))


def _ruled(city: City) -> Iterator[Choice]:
    yield Choice("*", _term("ruled", "everything"))
    whole = _term("ruled", "scheme")
    families = {f"{kind.scheme}/{kind.version}": kind.family for kind in city.pack.kinds}
    for scheme, family in families.items():
        yield Choice(f"{scheme}/*", _term("family", family), whole)
    yield from _kinds(city)


def _places(city: City) -> Iterator[Choice]:
    for place in city.pack.places:
        yield Choice(place.code, place.name, _place_name(city, place.parent or ""))


def _place_name(city: City, code: str) -> Text:
    place = city.tree.find(code) if code else None
    return _NONE if place is None else place.name


def _functions(city: City) -> Iterator[Choice]:
    prefix = "function."
    codes = dict.fromkeys(name for unit in city.pack.units for name in unit.functions)
    for key in city.pack.words:
        if key.startswith(prefix):
            codes.setdefault(key.removeprefix(prefix))
    for code in codes:
        yield Choice(code, city.pack.words.get(f"{prefix}{code}", Text(code, code)))


def _duties(_: City) -> Iterator[Choice]:
    for code in words.terms()["duty"]:
        if code in DUTIES:
            yield Choice(code, _term("duty", code))


def _settings(city: City) -> Iterator[Choice]:
    for key in sorted({row.key for row in city.pack.settings}):
        yield Choice(key, Text(key, key))


def _term(sort: str, code: str) -> Text:
    said = words.label(sort, code)
    return Text(said["zh"], said["en"])


_ALL: Mapping[Of, Callable[[City], Iterator[Choice]]] = {
    Of.UNIT: _units,
    Of.POST: _posts,
    Of.KIND: _kinds,
    Of.RULED: _ruled,
    Of.PLACE: _places,
    Of.FUNCTION: _functions,
    Of.DUTY: _duties,
    Of.SETTING: _settings,
}
