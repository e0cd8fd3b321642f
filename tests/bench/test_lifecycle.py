"""The bench of lifecycles needs a second database beside the first."""

from __future__ import annotations

from pathlib import Path

import pytest

from yiwang.bench.installation import Installation
from yiwang.bench.lifecycle import measure_lifecycle
from yiwang.ground.city import City
from yiwang.home import Home
from yiwang.kit.errors import Refusal


async def test_two_databases_cannot_be_set_beside_each_other_in_one(
    tmp_path: Path, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/yiwang")
    place = Installation(Home.open(tmp_path), 1, city, {})
    said: list[str] = []
    with pytest.raises(Refusal) as refused:
        await measure_lifecycle(place, 10, said.append)
    assert refused.value.code == "bench.not_embedded"
    assert said == []
