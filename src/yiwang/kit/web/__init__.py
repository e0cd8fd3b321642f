"""The edge of every web service: problems, paging, conditions, limits, live events, headers.

In comes an HTTP request, out goes an answer that says who it was for (`X-Request-Id`), what was
wrong in the caller's language (RFC 9457), and how to go on. Nothing here knows a city.
"""
