"""One delivery over HTTP: signed, in time, to the address that was checked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import msgspec

from yiwang.ground.city import City
from yiwang.kit.errors import Refusal
from yiwang.matters.feed import rules, targets
from yiwang.matters.feed.model import Occurrence, Webhook
from yiwang.matters.feed.shaping import cloud_event
from yiwang.matters.feed.targets import Reachable

TIMEOUT_S = 5.0
MEDIA_TYPE = "application/cloudevents-batch+json"
_GONE = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a delivery ended; `error` is None where the receiver took it, `gone` where it says that
    it never will again."""

    error: str | None = None
    gone: bool = False


def open_client() -> httpx.AsyncClient:
    """A client for all receivers: no proxy, no redirect, no limit one receiver could use up."""
    return httpx.AsyncClient(
        timeout=TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
        verify=ssl.create_default_context(),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
    )


async def send(
    client: httpx.AsyncClient,
    city: City,
    webhook: Webhook,
    batch: Sequence[Occurrence],
    timestamp_s: int,
    reachable: Reachable,
    timeout_s: float = TIMEOUT_S,
) -> Outcome:
    """Send some events, in their order, as one CloudEvents batch.

    The id of the message is made of the webhook and the batch, so a repeated one is recognised.
    Anything but an answer of 2xx within `timeout_s` is a failure; a body is not read.
    """
    body = msgspec.json.encode([cloud_event(city, row) for row in batch])
    message_id = f"wh{webhook.id}_{batch[0].name}_{batch[-1].name}"
    try:
        async with asyncio.timeout(timeout_s):
            url = targets.read_url(webhook.url)
            address = await targets.resolve(url, reachable)
            headers = {
                "host": url.netloc.decode("ascii"),
                "content-type": MEDIA_TYPE,
                "user-agent": "Yiwang-Webhooks/1",
                "webhook-id": message_id,
                "webhook-timestamp": str(timestamp_s),
                "webhook-signature": rules.sign(webhook.secret, message_id, timestamp_s, body),
            }
            async with client.stream(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers=headers,
                extensions={"sni_hostname": url.host},
            ) as answer:
                return _judge(answer.status_code)
    except Refusal as refusal:
        return Outcome(refusal.code)
    except (TimeoutError, httpx.TimeoutException):
        return Outcome("timeout")
    except httpx.HTTPError as error:
        return Outcome(f"connection: {type(error).__name__}")


def _judge(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome()
    return Outcome(f"http {status}", gone=status == _GONE)
