"""Worktime: when something is due, and how much time somebody used (Articles IV, V, XIII).

In: a city's holidays, make-up days and working hours; an amount on one of four clock kinds.
Out: the due time with its warnings, and the time used between two instants. All pure: the same
question has the same answer today and in ten years, as long as the calendar is the same.
"""

from yiwang.ground.worktime.calendar import Calendar
from yiwang.ground.worktime.model import CalendarWarning, Due, Pause
from yiwang.ground.worktime.rules import due, elapsed

__all__ = ["Calendar", "CalendarWarning", "Due", "Pause", "due", "elapsed"]
