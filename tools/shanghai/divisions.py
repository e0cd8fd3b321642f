"""The places of the Shanghai pack and their boundaries."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape as shape_of
from tools.shanghai.geometry import Cell, even_seeds, fit_districts, group, polygonal, seam, split

from yiwang.ground.packs.coordinates import gcj02_to_wgs84

GRIDS = 1829  # responsibility grids of the city in 2016
ROOT = "310000"
DISTRICTS_EN = {
    "310101": "Huangpu District",
    "310104": "Xuhui District",
    "310105": "Changning District",
    "310106": "Jing'an District",
    "310107": "Putuo District",
    "310109": "Hongkou District",
    "310110": "Yangpu District",
    "310112": "Minhang District",
    "310113": "Baoshan District",
    "310114": "Jiading District",
    "310115": "Pudong New Area",
    "310116": "Jinshan District",
    "310117": "Songjiang District",
    "310118": "Qingpu District",
    "310120": "Fengxian District",
    "310151": "Chongming District",
}
# short names that are also plain words, provinces, companies: they would be found everywhere
_COMMON = {
    *("建设", "新村", "大桥", "三星", "中山", "海湾", "永丰", "万里", "中兴", "东平", "新海"),
    *("金海", "天平", "北站", "长征", "书院", "石化", "长桥", "新桥", "长兴", "新河", "川沙新"),
    *("Zhongshan", "Hunan Road", "Haiwan", "Daqiao", "Wanli"),
}
# names that people use and no register holds
_EVERYDAY = {
    "310115103": ("川沙", "Chuansha"),
    "310115145": ("临港", "Lingang"),
    "310110019": ("大学路",),
    "310112008": ("虹桥枢纽", "虹桥火车站"),
    "310106012": ("静安公园",),
    "310101002": ("人民广场", "People's Square"),
}
_COLUMNS = (
    "code",
    "parent",
    "level",
    "name_zh",
    "name_en",
    "aliases",
    "origin",
    "area_origin",
    "valid_from",
    "valid_to",
)


@dataclass(frozen=True, slots=True)
class Division:
    """One place of the pack before it is written."""

    code: str
    parent: str
    level: str
    zh: str
    en: str
    aliases: tuple[str, ...]
    origin: str
    area_origin: str

    def row(self) -> tuple[str, ...]:
        """The cells of places.csv."""
        aliases = ";".join(self.aliases)
        return (
            self.code,
            self.parent,
            self.level,
            self.zh,
            self.en,
            aliases,
            self.origin,
            self.area_origin,
            "",
            "",
        )


def build(domain: Path, geojson: Path) -> tuple[list[Division], dict[str, Any]]:
    """All places with their boundaries, from the published divisions and district map."""
    with (domain / "divisions-shanghai.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (Path(__file__).parent / "towns.csv").open(encoding="utf-8") as file:
        towns_en = {row["code"]: row for row in csv.DictReader(file)}
    districts = fit_districts(_district_shapes(geojson, rows))
    divisions = list(_published(rows, towns_en))
    cells = list(_cells(districts, divisions, towns_en))
    seamed = seam(districts, cells)
    shapes: dict[str, Any] = {}
    names = {one.code: one for one in divisions}
    made: dict[str, Division] = {}
    for cell, shape in sorted(seamed.items(), key=lambda item: _order(item[0])):
        grid, community = _generated(names[cell.town], cell)
        made.setdefault(grid.code, grid)
        made[community.code] = community
        shapes[community.code] = shape
    divisions += sorted(made.values(), key=lambda one: (one.level != "grid", one.code))
    for level in ("grid", "town", "district"):
        for one in divisions:
            if one.level == level:
                parts = [shapes[below.code] for below in divisions if below.parent == one.code]
                shapes[one.code] = shapely.coverage_union_all(parts)
    return divisions, shapes


def read(folder: Path) -> list[Division]:
    """The places of a pack that was built before."""
    with (folder / "places.csv").open(encoding="utf-8") as file:
        return [
            Division(
                row["code"],
                row["parent"],
                row["level"],
                row["name_zh"],
                row["name_en"],
                tuple(filter(None, row["aliases"].split(";"))),
                row["origin"],
                row["area_origin"],
            )
            for row in csv.DictReader(file)
        ]


def write(divisions: list[Division], shapes: Mapping[str, Any], folder: Path) -> None:
    """Write places.csv and areas/<level>.geojson, one feature to a line."""
    with (folder / "places.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(one.row() for one in divisions)
    (folder / "areas").mkdir(exist_ok=True)
    for level in ("district", "community"):  # the others are the sums of what lies in them
        features = [_feature(one, shapes[one.code]) for one in divisions if one.level == level]
        text = '{"type":"FeatureCollection","crs":"WGS-84","features":[\n'
        text += ",\n".join(features) + "\n]}\n"
        (folder / "areas" / f"{level}.geojson").write_text(text, encoding="utf-8")


def _district_shapes(geojson: Path, rows: list[dict[str, str]]) -> dict[str, Any]:
    """District polygons by code, from GCJ-02 to WGS-84 (the file's coordinates are plain)."""
    codes = {row["name"]: row["code"] for row in rows if row["level"] == "district"}
    collection = json.loads(geojson.read_text(encoding="utf-8"))
    return {
        codes[feature["properties"]["name"]]: polygonal(
            shapely.transform(
                shape_of(feature["geometry"]),
                lambda xy: np.column_stack(gcj02_to_wgs84(xy[:, 0], xy[:, 1])),
            )
        )
        for feature in collection["features"]
    }


def _published(
    rows: list[dict[str, str]], towns_en: Mapping[str, Mapping[str, str]]
) -> Iterator[Division]:
    yield Division(ROOT, "", "city", "上海市", "Shanghai", ("上海",), "official", "official")
    for row in rows:
        code, zh = row["code"], row["name"]
        if row["level"] == "district":
            short = zh.removesuffix("新区").removesuffix("区")
            en = DISTRICTS_EN[code]
            plain = en.removesuffix(" District").removesuffix(" New Area")
            yield Division(code, ROOT, "district", zh, en, (short, plain), "official", "official")
        elif row["level"] == "town":
            english = towns_en[code]["en"]
            en = f"{english} Subdistrict" if zh.endswith("街道") else english
            stem = zh.removesuffix("街道")
            short = stem.removesuffix("镇").removesuffix("乡")
            aliases = tuple(
                dict.fromkeys(
                    alias
                    for alias in (stem, short, english, *_EVERYDAY.get(code, ()))
                    if alias not in (zh, en) and alias not in _COMMON and len(alias) > 1
                )
            )
            yield Division(code, row["parent"], "town", zh, en, aliases, "official", "generated")


def _communities(zh: str, code: str) -> int:
    """How many communities a town gets: fewer in zones and farms, the same in every run."""
    spread = int(code) * 7919 % 13
    if code[6] in "45":
        return 4 + spread % 4
    return 20 + spread if zh.endswith("街道") else 23 + spread


def _cells(
    districts: Mapping[str, Any],
    divisions: list[Division],
    towns_en: Mapping[str, Mapping[str, str]],
) -> Iterator[tuple[Cell, Any]]:
    counts = {one.code: _communities(one.zh, one.code) for one in divisions if one.level == "town"}
    grids = _shares(counts, GRIDS)
    for district, whole in districts.items():
        towns = [one.code for one in divisions if one.parent == district]
        centres = np.array(
            [(float(towns_en[code]["lon"]), float(towns_en[code]["lat"])) for code in towns]
        )
        for code, shape in zip(towns, split(whole, _inside(whole, centres)), strict=True):
            seeds = even_seeds(shape, counts[code], int(code))
            labels = group(seeds, grids[code])
            order = np.lexsort((seeds[:, 0], -seeds[:, 1], labels))
            parts = split(shape, seeds)
            for number, index in enumerate(order, start=1):
                yield Cell(code, int(labels[index]) + 1, number), parts[index]


def _inside(whole: Any, centres: Any) -> Any:
    """Centres moved to the nearest spot well inside the district, where they lie outside."""
    inner = shapely.buffer(whole, -0.004)
    area = whole if shapely.is_empty(inner) else inner
    for index, (lon, lat) in enumerate(centres):
        point = shapely.points(lon, lat)
        if not shapely.contains(whole, point):
            onto = shapely.shortest_line(point, area)
            centres[index] = shapely.get_coordinates(onto)[-1]
    return centres


def _shares(counts: Mapping[str, int], total: int) -> dict[str, int]:
    """`total` shared out in proportion to `counts` by largest remainder, at least one each."""
    exact = {code: count * total / sum(counts.values()) for code, count in counts.items()}
    shares = {code: max(1, int(value)) for code, value in exact.items()}
    by_remainder = sorted(exact, key=lambda code: (shares[code] - exact[code], code))
    for code in by_remainder[: total - sum(shares.values())]:
        shares[code] += 1
    return shares


def _generated(town: Division, cell: Cell) -> tuple[Division, Division]:
    stem = town.en.removesuffix(" Subdistrict").removesuffix(" Town").removesuffix(" Township")
    grid = f"{town.code}G{cell.grid:02d}"
    return (
        Division(
            grid,
            town.code,
            "grid",
            f"{town.zh}第{cell.grid}责任网格（生成）",
            f"{stem} responsibility grid {cell.grid} (generated)",
            (),
            "generated",
            "generated",
        ),
        Division(
            f"{town.code}{cell.number:03d}",
            grid,
            "community",
            f"{town.zh}第{cell.number}居民区（生成）",
            f"{stem} No. {cell.number} community (generated)",
            (),
            "generated",
            "generated",
        ),
    )


def _order(cell: Cell) -> tuple[str, int, int]:
    return cell.town, cell.grid, cell.number


def _feature(one: Division, shape: Any) -> str:
    polygons = [
        [
            [[round(float(x), 5), round(float(y), 5)] for x, y in shapely.get_coordinates(ring)]
            for ring in (polygon.exterior, *polygon.interiors)
        ]
        for polygon in shapely.get_parts(shape)
    ]
    single = len(polygons) == 1
    geometry = {
        "type": "Polygon" if single else "MultiPolygon",
        "coordinates": polygons[0] if single else polygons,
    }
    feature = {
        "type": "Feature",
        "properties": {"code": one.code},
        "geometry": geometry,
    }
    return json.dumps(feature, ensure_ascii=False, separators=(",", ":"))
