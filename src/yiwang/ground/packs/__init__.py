"""A city as data: reads a pack from its folder, checks it, and answers what holds where and when.

Articles I, V, XIX. In: `packs/<city>/` (TOML, CSV, GeoJSON). Out: one :class:`~.model.Pack`, or
all of its errors with file, line and remedy. Overlays (a district's pilot) lie among the pack's
rows with their place and dates; `effective` picks the one that holds.
"""
