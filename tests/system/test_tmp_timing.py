import time, collections
from tests.system.living import Living
from tests.system import test_scope as ts


async def test_t(town: Living) -> None:
    who = town.people["310101_centre.dispatcher"]
    spent = collections.Counter()
    n = collections.Counter()
    real = town.ask

    async def ask(w, m, p, **k):
        t = time.time()
        a = await real(w, m, p, **k)
        spent[m + " " + p[:45]] += time.time() - t
        n[m + " " + p[:45]] += 1
        return a

    town.ask = ask
    t = time.time()
    print(await ts._walk(town, who), time.time() - t)
    for k, v in spent.most_common(25):
        print(round(v * 1000, 1), n[k], k)
