"""HTTP/1.1 with as little work as possible: the crowd runs on the cores of the shop that it measures."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

HOST = "127.0.0.1"  # load goes nowhere else
TIMEOUT_SECONDS = 30
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    head: str
    body: bytes

    def header(self, name: str) -> list[str]:
        """The values of a header, in the order in which they came."""
        wanted = name.lower() + ":"
        return [line.split(":", 1)[1].strip() for line in self.head.split("\r\n") if line.lower().startswith(wanted)]


class Wire:
    """One connection that stays open, and is opened anew when the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
        """Send one request and read the whole answer.

        :raises OSError: if the connection breaks before an answer is there
        """
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{self._port}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        line = self._open()
        line.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self._read(line)

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self._port), timeout=TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _read(self, line: socket.socket) -> Reply:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive(line)
        head, body = received.split(b"\r\n\r\n", 1)
        reply = Reply(int(head[9:12]), head.decode("latin-1"), b"")
        lengths = reply.header("Content-Length")
        is_chunked = bool(reply.header("Transfer-Encoding"))
        # Chunks are looked through for their end only: nobody reads such a body here.
        while not (body.endswith(b"0\r\n\r\n") if is_chunked else len(body) >= int(lengths[0])):
            body += self._receive(line)
        if "close" in reply.header("Connection"):
            self.close()
        return Reply(reply.status, reply.head, body)

    def _receive(self, line: socket.socket) -> bytes:
        received = line.recv(CHUNK)
        if not received:
            self.close()
            raise ConnectionError("the server hung up")
        return received
