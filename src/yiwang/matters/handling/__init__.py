"""Handling: the unit's order, from accepting it to the feedback (Articles V, XIV).

In: orders from dispatch, and what units and their centres do with them. Out: finished orders, which
checking takes up; returned or disputed ones, which dispatch judges; wishes for more time or a pause
(延期 挂账), decided by the centre.
"""
