from tests.system.living import Living
async def test_look(town: Living) -> None:
    for k,v in town.things.items():
        print(k,len(v),sorted({t.place.split(".")[1] if "." in t.place else "" for t in v}), sorted({".".join(t.place.split(".")[1:3]) for t in v}))
    print(len(town.people), town.photo)
    for s in await town.world.rows("select state,count(*) from orders group by 1"): print(dict(s))
