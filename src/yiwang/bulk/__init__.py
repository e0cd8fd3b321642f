"""Cases by the million, for measuring and for showing: made up, consistent, labelled synthetic.

In: an installed city, a count and a seed. Out: rows of reports, cases, orders, checks and their
record, loaded with COPY under the owner's role in chunks that can be taken up again. Article XIV
asks for a record without gaps, so every made-up case has its whole history, and every row and
every fact says `synthetic`.
"""

from yiwang.bulk.loading import Progress, generate

__all__ = ["Progress", "generate"]
