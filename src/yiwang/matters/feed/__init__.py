"""The feed: what happens, told to those it concerns as it happens (Articles IX, XIII, XVII).

In: the ledger's events in their final order. Out: live streams (SSE) to people and systems, and
signed webhooks to other systems, as CloudEvents 1.0 without personal data or free text; each gets
what it may see. A listener that lost its connection goes on where it was; a receiver that is down
gets everything later, in order, and never delays another.
"""
