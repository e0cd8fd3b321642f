"""Replay: a city's own records run through the real service, from outside over HTTP.

Articles I, V, XIII. In: records of a real city (never shipped) and `drawing.toml` of its pack,
which says what their columns mean. Out: boundaries and tables of the pack drawn from the records,
a replay of every record at its own time on a simulated clock, and a summary beside the city's own
verdicts. No city is named here; each is data.
"""

from yiwang.replay.drawing import draw_from_records
from yiwang.replay.messages import replay_messages
from yiwang.replay.running import replay_records
from yiwang.replay.tables import draw_tables

__all__ = ["draw_from_records", "draw_tables", "replay_messages", "replay_records"]
