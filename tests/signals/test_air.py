"""The index of the air: exact on borders, exact on the record of a station."""

from __future__ import annotations

import csv
import gzip
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from yiwang.kit.errors import Refusal
from yiwang.signals.indicators.air import Scale, combine, find_level, index, nowcast, parse_scale

FOLDER = Path(__file__).resolve().parents[2] / "packs" / "shanghai" / "air"


def _scale(key: str) -> Scale:
    return parse_scale((FOLDER / f"{key}.yaml").read_text(encoding="utf-8"), key)


US = _scale("us-epa-2012")
CN = _scale("hj-633-2012")
_MICRO = st.decimals(0, 2000, places=2)


@pytest.mark.parametrize(
    ("concentration", "value", "level"),
    [
        (0, 0, "good"),
        (12.0, 50, "good"),
        (12.09, 50, "good"),  # cut off, not rounded
        (12.1, 51, "moderate"),
        (35.4, 100, "moderate"),
        (35.49, 100, "moderate"),
        (35.5, 101, "sensitive"),
        (55.5, 151, "unhealthy"),
        (71.7, 159, "unhealthy"),
        (150.4, 200, "unhealthy"),
        (150.5, 201, "very_unhealthy"),
        (250.5, 301, "hazardous"),
        (350.4, 400, "hazardous"),
        (500.4, 500, "hazardous"),
    ],
)
def test_us_borders(concentration: float, value: int, level: str) -> None:
    found = index(US, "pm25_24h", concentration)
    assert (found.value, found.level.key, found.beyond) == (value, level, False)


@pytest.mark.parametrize("scale", [US, CN], ids=lambda scale: scale.key)
def test_every_step_of_every_row_meets_its_ends(scale: Scale) -> None:
    for key, row in scale.pollutants.items():
        for step in row.steps:
            assert index(scale, key, step.high).value == step.index_high
            if step is row.steps[0] or scale is US:
                assert index(scale, key, step.low).value == step.index_low


def test_the_chinese_index_is_rounded_up() -> None:
    assert index(CN, "pm25_24h", 35).value == 50
    assert index(CN, "pm25_24h", 35.1).value == 51
    assert index(CN, "co_24h", 2.0).value == 50
    assert index(CN, "o3_8h", Decimal("100.2")).value == 51


def test_primary_and_exceeding_pollutants() -> None:
    day = {
        "so2_24h": 20,
        "no2_24h": 60,
        "pm10_24h": 160,
        "co_24h": 1.2,
        "o3_8h": 90,
        "pm25_24h": 80,
    }
    air = combine(CN, day)
    assert air.value == 107
    assert air.primary == ("pm25_24h",)
    assert air.exceeding == ("pm10_24h", "pm25_24h")
    assert (air.level.name["zh"], air.level.name["en"]) == ("轻度污染", "Lightly polluted")
    assert combine(CN, {"no2_24h": 20, "pm25_24h": 30}).primary == ()
    assert combine(CN, {"pm10_24h": 150, "pm25_24h": 75}).primary == ("pm10_24h", "pm25_24h")


def test_a_row_that_ends_leaves_it_to_the_other() -> None:
    with pytest.raises(Refusal) as refusal:
        index(CN, "so2_1h", 801)
    assert refusal.value.code == "air.beyond_row"
    assert "so2_24h" in refusal.value.say("zh")
    assert index(CN, "so2_1h", 800).value == 200
    assert combine(CN, {"o3_8h": 900, "o3_1h": 950}).parts.keys() == {"o3_1h"}
    with pytest.raises(Refusal, match=r"air\.beyond_row"):
        combine(CN, {"o3_8h": 900})


def test_beyond_the_table_is_said() -> None:
    found = index(CN, "pm25_24h", 720)
    assert (found.value, found.beyond, found.level.key) == (500, True, "grade_6")


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_no_index_of_what_is_no_concentration(value: float) -> None:
    with pytest.raises(Refusal, match=r"air\.concentration_wrong"):
        index(US, "pm25_24h", value)


def test_unknown_and_nothing() -> None:
    with pytest.raises(Refusal, match=r"air\.pollutant_unknown"):
        index(US, "o3_8h", 1)
    with pytest.raises(Refusal, match=r"air\.nothing_measured"):
        combine(CN, {})


@given(st.sampled_from([(US, "pm25_24h"), *((CN, key) for key in CN.pollutants)]), _MICRO, _MICRO)
def test_more_is_never_better(row: tuple[Scale, str], one: Decimal, other: Decimal) -> None:
    scale, key = row
    low, high = sorted((one, other))
    end = scale.pollutants[key].steps[-1].high
    if scale.pollutants[key].otherwise is not None and high > end:
        with pytest.raises(Refusal, match=r"air\.beyond_row"):
            index(scale, key, high)
        return
    worse = index(scale, key, high)
    better = index(scale, key, low)
    assert 0 <= better.value <= worse.value <= scale.ceiling
    assert find_level(scale, worse.value) is worse.level


_HOURS = st.lists(st.none() | st.decimals(0, 900, places=1), min_size=1, max_size=20)


@given(_HOURS)
def test_nowcast_lies_among_its_hours(hours: list[Decimal | None]) -> None:
    found = nowcast(hours)
    known = [hour for hour in hours[-12:] if hour is not None]
    if sum(hour is not None for hour in hours[-3:]) < 2:
        assert found is None
        return
    assert found is not None
    assert min(known) <= found <= max(known)


@given(_HOURS)
def test_nowcast_is_the_formula(hours: list[Decimal | None]) -> None:
    """Written once more, from the youngest hour on."""
    found = nowcast(hours)
    last = [None if hour is None else Fraction(hour) for hour in hours[-12:]][::-1]
    if sum(hour is not None for hour in last[:3]) < 2:
        assert found is None
        return
    known = [hour for hour in last if hour is not None]
    top = max(known)
    weight = max(Fraction(1, 2), min(known) / top) if top else Fraction(1)
    above = sum(hour * weight**age for age, hour in enumerate(last) if hour is not None)
    below = sum(weight**age for age, hour in enumerate(last) if hour is not None)
    assert found is not None
    assert Fraction(found) == Fraction(int(above / below * 10), 10)


def test_twelve_hours_and_no_more() -> None:
    assert nowcast([900.0] * 5 + [40.0] * 12) == Decimal("40.0")
    assert nowcast([40.0, None, None]) is None
    assert nowcast([40.0, 40.0, None]) == Decimal("40.0")
    assert nowcast([0.0, 0.0, 0.0]) == Decimal("0.0")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda v: v.pop("levels"), "levels is missing"),
        (lambda v: v["pollutants"]["pm25_24h"]["steps"].pop(2), "leaps"),
        (lambda v: v["pollutants"]["pm25_24h"]["steps"].pop(0), "begin at 0"),
        (lambda v: v["pollutants"]["pm25_24h"]["steps"].pop(), "end at 400"),
        (lambda v: v["pollutants"]["pm25_24h"]["steps"].insert(1, [11, 12, 50, 50]), "overlap"),
        (lambda v: v["levels"].reverse(), "levels do not rise"),
        (lambda v: v["pollutants"]["pm25_24h"].update(otherwise="pm10"), "there is no pm10"),
        (lambda v: v.update(first_day="soon"), "is not a day"),
        (lambda v: v["pollutants"]["pm25_24h"].update(steps=[["a", 2, 0, 1]]), "air.scale_wrong"),
    ],
)
def test_a_wrong_table_is_refused(change: object, reason: str) -> None:
    value = yaml.safe_load((FOLDER / "us-epa-2012.yaml").read_text(encoding="utf-8"))
    assert callable(change)
    change(value)
    with pytest.raises(Refusal) as refusal:
        parse_scale(yaml.safe_dump(value), "table")
    assert refusal.value.code == "air.scale_wrong"
    assert reason in str(refusal.value)


def _hours(folder: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for file in sorted(folder.glob("*.csv.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows += csv.DictReader(lines)
    return rows


def test_the_record_of_a_station(data_folder: Path) -> None:
    """AQI equal on every row that has one; the NowCast of the hourly means within 0.1 on 99.6 %.

    Hours a little below zero, as instruments give them in clean air, count as they are.
    """
    folder = data_folder / "pm25-shanghai"
    if not folder.is_dir():
        pytest.skip(f"the hourly PM2.5 is not at {folder}")
    rows = _hours(folder)
    valid = near = compared = 0
    last: list[float | None] = []
    for row in rows:
        raw = float(row["Raw Conc."])
        last = [*last[-11:], raw if row["QC Name"] == "Valid" else None]
        told = float(row["NowCast Conc."])
        if int(row["AQI"]) < 0 or told < 0:
            continue
        valid += 1
        found = index(US, "pm25_24h", told)
        assert (found.value, found.level.name["en"]) == (int(row["AQI"]), row["AQI Category"])
        mine = nowcast(last)
        compared += 1
        near += mine is not None and abs(float(mine) - told) <= 0.1 + 1e-9
    assert valid > 40_000
    assert near / compared >= 0.996
