"""Vital signs of the city: figures for the one screen, at any place, now and at a past moment.

Article I asks for "a screen to view the world", Article V for the same figures at every level. In:
the record, folded once into tallies by place and hour, day, month (:mod:`.tallying`), and the open
cases. Out: panels of one shape (:mod:`.registry`) with value, trend, threshold, status with its
reason, freshness and source; and the layouts of screens, which are data. A later stage adds panels
by :func:`~yiwang.matters.panels.registry.register`.
"""
