"""Matters, the first stream: a thing is reported, dispatched once, handled, checked and closed.

Articles I, V, XIII, XIV. In: reports from every source. Out: cases with their whole history. Later
rooms know earlier ones (desk, feed and exports, checking, handling, dispatch, cases, sources),
never the reverse; what an early room starts in a later one goes through `yiwang.flow`.
"""
