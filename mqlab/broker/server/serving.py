"""The server: a broker with a journal, a port of the loopback interface, and a token that only its owner can read."""

from __future__ import annotations

import os
import secrets
import socket
import stat
import threading
from contextlib import suppress
from pathlib import Path

from mqlab.broker.brokers import Broker
from mqlab.broker.errors import AccessRefused, BrokerClosed
from mqlab.broker.journal import SEGMENT_BYTES
from mqlab.broker.server.sessions import Session
from mqlab.broker.server.wire import PORT_FILE, TOKEN_FILE, Wire

__all__ = ["Server", "read_token"]

LOOPBACK = "127.0.0.1"
END_S = 5.0


def read_token(folder: Path) -> str:
    """Read the token of a folder.

    Raises
    ------
    AccessRefused
        There is none, or others than its owner may read it.
    """
    path = folder / TOKEN_FILE
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise AccessRefused(
            f"the token {path} cannot be read: {error.strerror}",
            f"start a broker with mqlab broker serve --data {folder}",
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise AccessRefused(f"others than you may read the token {path}", f"remove it, or: chmod 600 {path}")
    return token


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise AccessRefused(f"port {port} cannot be had: {error.strerror}", "give another, or 0 for any") from None


class Server:
    """A broker that clients of other processes on this machine can use. It begins to serve at once.

    Parameters
    ----------
    data
        The folder of the journal; the files ``token`` and ``port`` are there too.
    sync
        As for :class:`Broker`.
    port
        The port to listen on; 0: any that is free.
    segment_bytes
        As for :class:`Broker`.

    Raises
    ------
    JournalLocked, CorruptJournal, JournalError
        As for :class:`Broker`.
    AccessRefused
        There is a token that others may read, or the port is taken.
    """

    def __init__(
        self, data: str | os.PathLike[str], *, sync: str = "always", port: int = 0, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.folder = Path(data)
        self.broker = Broker(data=data, sync=sync, segment_bytes=segment_bytes)
        self._lock = threading.Lock()
        self._sessions: dict[Session, None] = {}
        self._closing = False
        try:
            (self.folder / PORT_FILE).unlink(missing_ok=True)  # of one that was killed
            self._token = self._make_token()
            self._socket = _listen(port)
            self.port: int = self._socket.getsockname()[1]
            self._write_port()
        except BaseException:
            self.broker.close(drain=False)
            raise
        self._thread = threading.Thread(target=self._accept, name="mqlab-server", daemon=True)
        self._thread.start()

    def _make_token(self) -> str:
        path = self.folder / TOKEN_FILE
        if not path.exists():
            fresh = self.folder / f"{TOKEN_FILE}.new"
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
            fresh.replace(path)
        return read_token(self.folder)

    def _write_port(self) -> None:
        """Say where it listens; whoever finds the file finds a port."""
        fresh = self.folder / f"{PORT_FILE}.new"
        fresh.write_text(f"{self.port}\n", encoding="ascii")
        fresh.replace(self.folder / PORT_FILE)

    def _accept(self) -> None:
        while True:
            try:
                socket_, _ = self._socket.accept()
            except OSError:  # closed
                return
            session = Session(self.broker, Wire(socket_), self._token, self._forget)
            with self._lock:
                if self._closing:
                    socket_.close()
                    return
                self._sessions[session] = None
            session.start()

    def _forget(self, session: Session) -> None:
        with self._lock:
            self._sessions.pop(session, None)

    def close(self) -> None:
        """End in order: take nobody new, tell those who are there, make the journal safe."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            sessions = list(self._sessions)
        (self.folder / PORT_FILE).unlink(missing_ok=True)
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for session in sessions:
            session.end(BrokerClosed("the broker has ended", "connect again when it is back"))
        for session in sessions:
            session.join(END_S)
        self.broker.close(drain=False)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
