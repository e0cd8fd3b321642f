"""Where a webhook may point, and where it may not, however its address is dressed up."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from yiwang.kit.errors import Refusal
from yiwang.matters.feed import targets
from yiwang.matters.feed.targets import Reachable

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    "text",
    [
        "http://receiver.example/",
        "http://10.0.0.1/",
        "ftp://receiver.example/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "receiver.example",
        "//receiver.example",
        "https://user:secret@receiver.example/",
        "https://receiver.example/#part",
        "https://receiver.example/a b",
        "https://receiver.example/\r\nHost: x",
        "https://[::1",
        "https://receiver.example:99999/",
        "https://receiver.example/" + "a" * 2000,
        "http://localhost.example/",
        "http://127.0.0.1.example/",
    ],
)
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        targets.read_url(text)
    assert refused.value.code == "feed.url_bad"


@pytest.mark.parametrize(
    "text",
    [
        "https://receiver.example/yiwang?x=1",
        "https://receiver.example:8443/",
        "https://接收.example/",
        "http://localhost:8080/hook",
        "http://127.0.0.1:8080/hook",
        "http://[::1]:8080/hook",
    ],
)
def test_https_and_this_machine_are_taken(text: str) -> None:
    assert targets.read_url(text).host


@pytest.mark.parametrize(
    ("address", "loopback", "private", "neither"),
    [
        (PUBLIC, True, True, True),
        ("2606:2800:21f:cb07::1", True, True, True),
        ("127.0.0.1", True, False, False),
        ("127.8.8.8", True, False, False),
        ("::1", True, False, False),
        ("::ffff:127.0.0.1", True, False, False),
        ("10.1.2.3", False, True, False),
        ("192.168.1.1", False, True, False),
        ("172.16.0.1", False, True, False),
        ("169.254.169.254", False, True, False),
        ("fd00::1", False, True, False),
        ("fe80::1%eth0", False, True, False),
        ("::ffff:10.0.0.1", False, True, False),
        ("64:ff9b::a00:1", False, True, False),
        ("2002:a00:1::", False, True, False),
        ("100.64.0.1", False, False, False),
        ("0.0.0.0", False, False, False),  # noqa: S104
        ("::", False, False, False),
        ("224.0.0.1", False, False, False),
        ("ff02::1", False, False, False),
    ],
)
def test_addresses(address: str, loopback: bool, private: bool, neither: bool) -> None:
    assert targets.is_allowed(address, Reachable(loopback=True, private=False)) == loopback
    assert targets.is_allowed(address, Reachable(loopback=False, private=True)) == private
    assert targets.is_allowed(address, Reachable(loopback=False, private=False)) == neither


def _resolver(*addresses: str) -> Any:
    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        if not addresses:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in addresses]

    return getaddrinfo


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        ((), "feed.host_unknown"),
        (("10.0.0.1",), "feed.host_private"),
        ((PUBLIC, "10.0.0.1"), "feed.host_private"),
        (("127.0.0.1",), "feed.host_private"),
    ],
)
async def test_a_name_that_leads_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...], code: str
) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", _resolver(*addresses))
    url = targets.read_url("https://receiver.example/")
    with pytest.raises(Refusal) as refused:
        await targets.resolve(url, Reachable(loopback=False))
    assert refused.value.code == code


async def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", _resolver(PUBLIC))
    url = targets.read_url("https://receiver.example/")
    assert await targets.resolve(url, Reachable()) == PUBLIC
