"""From what people write to a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.ground.packs.model import Pack
from yiwang.ground.places.addresses import Gazetteer, MatchReason
from yiwang.ground.places.tree import PlaceTree
from yiwang.ground.places.wording import AddressParts, chinese_number, plain, read_parts

NAMED = [
    ("上海市黄浦区南京东路街道福州路１２３弄45号602室", "310101002", MatchReason.NAME),
    ("黄浦区南京东路233号", "310101002", MatchReason.ROAD_LIKE),
    ("南京东路100号门口有垃圾", "310101002", MatchReason.ROAD_LIKE),
    ("浦东新区张江镇碧波路690弄2号楼", "310115125", MatchReason.NAME),
    ("浦东世纪大道100号", "310115", MatchReason.NAME),
    ("我家住在徐家汇，楼下很吵", "310104014", MatchReason.NAME),
    ("静安寺附近违章停车", "310106013", MatchReason.NAME),
    ("闵行区虹桥镇吴中路", "310112107", MatchReason.NAME),
    ("长宁区虹桥", "310105009", MatchReason.NAME),
    ("虹桥有个坑", "310000", MatchReason.AMBIGUOUS),
    ("黄浦区陆家嘴街道", "310115005", MatchReason.CONTRADICTION),
    ("宝山区宝山路", "310113", MatchReason.NAME),
    ("杨浦四平路街道", "310110009", MatchReason.NAME),
    ("南京东路街道第3居民区楼道堆物", "310101002003", MatchReason.NAME),
    ("100 Century Avenue, Lujiazui Subdistrict, Pudong", "310115005", MatchReason.NAME),
    ("Xuhui District, Lane 123 Tianyaoqiao Road", "310104", MatchReason.NAME),
    ("佘山镇 外青松公路 8228 弄", "310117103", MatchReason.NAME),
    ("今天天气不错", None, MatchReason.NOTHING),
    ("", None, MatchReason.NOTHING),
    ("xuhuiz pudongs", None, MatchReason.NOTHING),
]


@pytest.mark.parametrize(("text", "place", "reason"), NAMED)
def test_names_in_texts(
    gazetteer: Gazetteer, text: str, place: str | None, reason: MatchReason
) -> None:
    match = gazetteer.match(text)
    assert (match.place_code, match.reason) == (place, reason)
    assert (match.confidence == 0.0) == (place is None)


def test_confidence_orders_the_evidence(gazetteer: Gazetteer) -> None:
    texts = (
        "黄浦区陆家嘴街道",
        "南京东路100号",
        "黄浦区南京东路100号",
        "南京东路街道",
        "黄浦区南京东路街道",
    )
    found = [gazetteer.match(text).confidence for text in texts]
    assert found == sorted(set(found))


def test_every_full_name_under_its_district_is_found(
    shanghai: Pack, gazetteer: Gazetteer, tree: PlaceTree
) -> None:
    for place in shanghai.places:
        if place.parent is None or place.level == "grid":
            continue
        district = tree.ancestors(place.code)[1] if len(place.path.split(".")) > 2 else place
        for language in ("zh", "en"):
            name = place.name.say(language).replace("（生成）", "").replace(" (generated)", "")
            text = f"{district.name.say(language)}, {name}"
            match = gazetteer.match(text)
            assert match.place_code == place.code, text
            assert match.reason is MatchReason.NAME
            assert match.confidence >= 0.5


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("福州路123弄45号602室", AddressParts("福州路", "123", "45", "", "602")),
        ("碧波路690弄2号楼", AddressParts("碧波路", "690", "", "2", "")),
        ("国定路一百二十弄三号", AddressParts("国定路", "120", "3", "", "")),
        ("世纪大道８号５幢１２Ａ室", AddressParts("世纪大道", "", "8", "5", "12A")),
        ("外青松公路 8228 弄", AddressParts("外青松公路", "8228", "", "", "")),
        ("12 Main Street, Apt 4B", AddressParts("Main Street", "", "12", "", "4B")),
        ("No. 100 Century Avenue", AddressParts("Century Avenue", "", "100", "", "")),
        ("Lane 123 Tianyaoqiao Road", AddressParts("Tianyaoqiao Road", "123", "", "", "")),
        ("很吵", AddressParts()),
    ],
)
def test_parts_of_an_address(text: str, parts: AddressParts) -> None:
    assert read_parts(plain(text)) == parts


@given(st.integers(0, 999))
def test_chinese_numbers(value: int) -> None:
    figures = "零一二三四五六七八九"
    hundreds, tens, ones = value // 100, value // 10 % 10, value % 10
    text = f"{figures[hundreds]}百" if hundreds else ""
    if tens:
        text += f"{figures[tens]}十"
    elif hundreds and ones:
        text += "零"
    text += figures[ones] if ones or not text else ""
    assert chinese_number(text) == value
    assert chinese_number("".join(figures[int(digit)] for digit in str(value))) == value


@given(st.text(max_size=60))
def test_no_text_breaks_it(gazetteer: Gazetteer, text: str) -> None:
    match = gazetteer.match(text)
    assert 0.0 <= match.confidence < 1.0
    assert (match.place_code is None) == (match.path is None)


@given(
    st.lists(
        st.sampled_from(
            (
                "黄浦区",
                "浦东",
                "南京东路",
                "虹桥",
                "1弄",
                "十百号",
                "百室",
                "宝山",
                "路",
                "街道",
                " ",
                "镇",
            )
        ),
        max_size=8,
    )
)
def test_no_mix_of_names_breaks_it(gazetteer: Gazetteer, words: list[str]) -> None:
    match = gazetteer.match("".join(words))
    assert (match.reason is MatchReason.NOTHING) == (match.place_code is None)
