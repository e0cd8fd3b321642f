"""Dispatch: whose job it is, by when, and why (Articles V, XIII).

In: filed cases, returned orders, disputes between units. Out: orders with their clocks, exactly one
of them leading; each with its reason: the responsibility list, the territorial fallback or a hand.
Never twice to a unit that rightly returned the same thing.
"""
