"""Figures, measured from outside over HTTP, each beside a limit or a peer of the same run.

In: the name of a bench. Out: a :class:`~yiwang.bench.figure.Figure`, kept with machine and commit
in `bench/results/` and drawn into `docs/generated/benchmarks.md`. Nothing here is part of the
platform: a bench makes its own throwaway installation and drives it as any client would.
"""
