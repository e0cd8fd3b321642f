"""Numbers that people read out: Crockford's base 32 with a check character.

The alphabet leaves out I, L, O and U. The check is Damm's scheme over the field of 32 elements: it
finds every single wrong character and every two neighbours exchanged.
Sources: D. Crockford, "Base 32"; H. M. Damm, "Total anti-symmetrische Quasigruppen" (2004).
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {char: value for value, char in enumerate(ALPHABET)}
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
_FIELD = 0b100101  # x^5 + x^2 + 1, which no polynomial of a lower degree divides
_DOUBLED = tuple((v << 1) ^ (_FIELD if v & 16 else 0) for v in range(32))
_PLACES = 6
_LARGEST = 2**63


def encode(prefix: str, number: int) -> str:
    """`number` (not negative) behind a letter, with its check character: encode("R", 1) is
    "R000001" and one character more."""
    digits = []
    rest = number
    while rest:
        rest, digit = divmod(rest, 32)
        digits.append(digit)
    digits += [0] * (_PLACES - len(digits))
    digits.reverse()
    check = 0
    for digit in digits:
        check = _DOUBLED[check ^ digit]
    return prefix + "".join([ALPHABET[digit] for digit in digits]) + ALPHABET[check]


def decode(prefix: str, text: str) -> int | None:
    """The number behind what somebody wrote down; None where it is none of ours.

    Case, blanks and hyphens do not matter; I and L are read as 1, O as 0.
    """
    plain = text.strip().upper()
    if len(text) > 40 or not plain.startswith(prefix):
        return None
    plain = plain[len(prefix) :].translate(_READ_AS)
    number = check = 0
    if len(plain) <= _PLACES:
        return None
    for char in plain[:-1]:
        digit = _VALUES.get(char)
        if digit is None:
            return None
        number = number * 32 + digit
        check = _DOUBLED[check ^ digit]
    if _VALUES.get(plain[-1]) != check or number >= _LARGEST:
        return None
    return number
