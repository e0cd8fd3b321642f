"""The picture: the city's open cases as they stand now, and as they stood at any past moment.

Article I (see the whole city) and IX (real-time). In: the steps of cases, which the database keeps
beside the record (migration 0004). Out: areas to draw, all open cases somebody may see in one
answer, their changes as they happen, any past moment, a past day to be played back, and counts by
hexagon. A process computes each change once for all who see the same and look at the same place.
"""
