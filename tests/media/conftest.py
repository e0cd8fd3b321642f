"""The running service of the intake's tests, for photos."""

from tests.sources.conftest import site

__all__ = ["site"]
