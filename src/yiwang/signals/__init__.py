"""The second stream: a reading becomes an indicator, an indicator a warning, a warning a case.

Articles I, III, IX: early discovery, early warning. What stands here is pure: indicators of the
air, and the detector of what is unusual in any stream of readings.
"""
