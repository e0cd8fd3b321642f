"""Cases: one thing is one case, whoever reported it and however often (Articles V, XIII, XIV).

In: settled reports, and what dispatch, handling and checking find. Out: cases with their number,
clocks, flags, parents and children; repeats attached and their reporters told; the history that
shows who held a case and who used how much time.
"""
