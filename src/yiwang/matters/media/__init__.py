"""Photos before they are published: faces and plates found and blurred, the rest as it was.

Articles XIV, XVII. In: a photo as it was kept (upright, without EXIF). Out: a published variant
and a thumbnail beside it, the regions that were made unrecognisable with what found them, and the
acts of whoever blurs more of a photo or withholds it.
"""
