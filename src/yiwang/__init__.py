"""Yiwang 一网: the open platform a city runs itself on (One Network Administration 一网统管).

Two streams over one core: a matter moves through a procedure, under an authority, against a clock,
and leaves a record. `flow` is the map of what starts what, `app` the web service, `worker` the
reactions and clocks; `ground` and `kit` are what everything stands on.
"""
