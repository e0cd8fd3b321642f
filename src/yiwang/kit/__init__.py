"""The kit: database, lifecycle engine, refusals, web edge and files, without a word about any city.

In: nothing of the domain. Out: transactions that say for whom they run, tables of rules, answers
that say what is wrong and what is possible. Whatever names a place, a unit or a kind belongs above.
"""
