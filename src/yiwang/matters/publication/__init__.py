"""What the city publishes: its cases in plain words, a map of them, the figures of its places.

Article XIV asks that people can see what becomes of what they report. In: the views
`published_cases` and `published_tallies`, which hold no text, no person, no exact position. Out:
lists, a map, pages of cases and places, and files under the licence the city's pack names. Photos
come from the view `published_photos`: only in the variant that was made for it.
"""
