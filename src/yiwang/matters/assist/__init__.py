"""Assistance: what a desk needs beside the actions, and a citizen while writing (Articles V, XIV).

In: a text that is still being written, a person at a desk. Out: suggestions by the same rules that
will judge the report, the work that waits for this person, notices, saved filters, who else looks
at a case, who is on duty, what a caller reported before. Nothing here moves a matter.
"""
