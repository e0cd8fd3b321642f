"""Writes plain data as the XML of GeoReport v2; nothing here reads XML."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

# What the standard calls the items of a list inside an element.
_ITEMS = {
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}

# Not allowed in XML 1.0 at all, or (C1 controls) allowed but refused by many readers.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def to_xml(root: str, item: str | None, content: Any) -> bytes:
    """The document `root` in UTF-8 with its declaration, without attributes or namespaces.

    `content` is a list of items called `item`, or one mapping; inside, lists are named by the
    standard. None is an empty element, truth is `true` or `false`.
    """
    element = Element(root)
    _fill(element, content, item)
    body: bytes = tostring(element, encoding="utf-8")
    return _DECLARATION + body


def xml_text(text: str) -> str:
    """`text` with every character that XML cannot hold taken out, and one kind of line end."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _fill(element: Element, content: Any, item: str | None) -> None:
    if isinstance(content, dict):
        for name, value in content.items():
            _fill(SubElement(element, name), value, _ITEMS.get(name))
    elif isinstance(content, list):
        if item is None:
            raise ValueError(f"the standard has no name for the items of {element.tag}")
        for value in content:
            _fill(SubElement(element, item), value, None)
    elif isinstance(content, bool):
        element.text = "true" if content else "false"
    elif content is not None:
        element.text = xml_text(str(content))
