"""Where a webhook may point: to https, or to http on this machine; never into a private network.

A name is resolved anew for every delivery and the connection goes to the very address that was
checked, so a name that changes its address afterwards (DNS rebinding) leads nowhere. Source: OWASP,
server-side request forgery prevention.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass

import httpx

from yiwang.kit.errors import Refusal

_LONGEST = 2000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Reachable:
    """Which addresses besides public ones may be reached: this machine's own, private ones."""

    loopback: bool = True
    private: bool = False


def read_url(text: str) -> httpx.URL:
    """A webhook's address; refuses what is not https, or http on this machine ("feed.url_bad")."""
    try:
        url = httpx.URL(text)
        port = 1 if url.port is None else url.port
        plain = not url.userinfo and not url.fragment and len(text) <= _LONGEST
        valid = bool(url.host) and plain and 0 < port < 2**16
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise Refusal("feed.url_bad") from error
    if not valid or any(ord(char) <= 32 for char in text):
        raise Refusal("feed.url_bad")
    if url.scheme != "https" and not (url.scheme == "http" and _is_local_name(url.host)):
        raise Refusal("feed.url_bad")
    return url


def _is_local_name(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return inner
    return address


def is_allowed(text: str, reachable: Reachable) -> bool:
    """Whether an address may be reached."""
    address = _inner(ipaddress.ip_address(text.partition("%")[0]))
    if address.is_multicast or address.is_unspecified:
        return False
    if address.is_loopback:
        return reachable.loopback
    return address.is_global or (reachable.private and address.is_private)


async def resolve(url: httpx.URL, reachable: Reachable) -> str:
    """An address of a webhook's host that may be reached.

    Refuses a name that no address is known for ("feed.host_unknown") and one of whose addresses
    any may not be reached ("feed.host_private").
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    try:
        rows = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refusal("feed.host_unknown", host=url.host) from error
    found = [str(row[4][0]) for row in rows]
    if not found:
        raise Refusal("feed.host_unknown", host=url.host)
    if not all(is_allowed(address, reachable) for address in found):
        raise Refusal("feed.host_private", host=url.host)
    return found[0]
