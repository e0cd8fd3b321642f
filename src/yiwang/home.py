"""The home folder of an installation: its secrets, its embedded database, its files.

Named with `--home` or YIWANG_HOME; `./home` otherwise. Secrets lie in files of mode 600 and are
made once; nothing here is ever logged.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from yiwang.ground.ledger.signing import SigningKey
from yiwang.kit.embedded import Server
from yiwang.kit.errors import Refusal

_DATABASE = "yiwang"


@dataclass(frozen=True)
class Home:
    """One installation's folder."""

    folder: Path

    @classmethod
    def open(cls, folder: Path | None) -> Home:
        """The folder named, or YIWANG_HOME, or `./home`; made where it is not there."""
        chosen = folder or Path(os.environ.get("YIWANG_HOME") or "home")
        chosen = chosen.expanduser().absolute()
        try:
            chosen.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refusal("home.not_writable", path=str(chosen)) from error
        if not os.access(chosen, os.W_OK):
            raise Refusal("home.not_writable", path=str(chosen))
        return cls(chosen)

    @property
    def access_file(self) -> Path:
        """Where to find everything a first user needs; mode 600."""
        return self.folder / "access.json"

    @property
    def attachments(self) -> Path:
        """Photos, by the digest of their content."""
        return self.folder / "attachments"

    @property
    def exports(self) -> Path:
        """Files made by export jobs."""
        return self.folder / "exports"

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Passwords of the database's roles and the instance's own secret; made once."""
        file = self.folder / "secrets.json"
        if file.exists():
            found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
            return found
        made = {
            "owner": secrets.token_urlsafe(24),
            "yiwang_service": secrets.token_urlsafe(24),
            "yiwang_worker": secrets.token_urlsafe(24),
            "instance": base64.b64encode(secrets.token_bytes(32)).decode(),
            "origin": f"yiwang-{secrets.token_hex(4)}",
        }
        write_private(file, json.dumps(made, indent=1))
        return made

    @property
    def instance_secret(self) -> bytes:
        """32 random bytes: seals second factors, makes receipts' tokens."""
        return base64.b64decode(self.secrets["instance"])

    @cached_property
    def signing_key(self) -> SigningKey:
        """The key that signs the ledger's heads; made once."""
        file = self.folder / "ledger.pem"
        if file.exists():
            return SigningKey.load(file.read_bytes())
        key = SigningKey.create()
        write_private(file, key.pem().decode())
        (self.folder / "ledger.pub.pem").write_bytes(key.public.pem())
        return key

    @property
    def is_embedded(self) -> bool:
        """Whether the database is our own, rather than the one DATABASE_URL names."""
        return not os.environ.get("DATABASE_URL")

    @cached_property
    def server(self) -> Server:
        """The embedded PostgreSQL of this home."""
        return Server(self.folder / "postgres")

    def owner_url(self, *, far: bool = False) -> str:
        """The database as its owner: for migrations, bulk loading and tests only.

        `far` asks for an address that every client understands.
        """
        given = os.environ.get("DATABASE_URL")
        if given:
            return given
        return self.server.url(_DATABASE) if far else self.server.near_url(_DATABASE)

    def role_url(self, role: str, *, far: bool = False) -> str:
        """The database as `yiwang_service` or `yiwang_worker`; `far` as above."""
        password = self.secrets[role]
        given = os.environ.get("DATABASE_URL")
        if given is None or not given:
            url = self.server.url if far else self.server.near_url
            return url(_DATABASE, role, password)
        scheme, _, rest = given.partition("://")
        return f"{scheme}://{role}:{password}@{rest.rpartition('@')[2]}"

    def access(self) -> dict[str, Any]:
        """What access.json holds; empty where it is not there."""
        if not self.access_file.exists():
            return {}
        found: dict[str, Any] = json.loads(self.access_file.read_text(encoding="utf-8"))
        return found

    def write_access(self, access: dict[str, Any]) -> None:
        """Write access.json, for its owner's eyes only."""
        write_private(self.access_file, json.dumps(access, ensure_ascii=False, indent=1))


def write_private(file: Path, text: str) -> None:
    """Write a file of mode 600 in one piece."""
    part = file.with_name(file.name + ".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
    part.replace(file)
