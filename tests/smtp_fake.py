"""A mail server on a socket of its own that misbehaves on demand."""

import socketserver
import threading
import time
from dataclasses import dataclass
from email import message_from_string
from enum import Enum, auto
from typing import Self

SILENCE_SECONDS = 1.5


class Trouble(Enum):
    """What it does to the next message instead of taking it."""

    BUSY_AT_HELLO = auto()
    GREYLISTED = auto()
    UNKNOWN_MAILBOX = auto()
    FULL_AT_DATA = auto()
    REFUSED_AFTER_DATA = auto()
    SILENT = auto()
    HANGS_UP = auto()
    TAKES_IT_AND_HANGS_UP = auto()
    ANSWERS_TWICE = auto()


AT_RECIPIENT: dict[Trouble | None, str] = {
    Trouble.GREYLISTED: "450 greylisted, try again",
    Trouble.UNKNOWN_MAILBOX: "550 no such mailbox",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the server has, whatever it said."""

    to: str
    text: str

    def header(self, name: str) -> str:
        return str(message_from_string(self.text)[name])


class SmtpFake:
    """Listens on a free port of this machine while the context lasts. `troubles` are used up, one a connection."""

    def __init__(self) -> None:
        self.troubles: list[Trouble] = []
        self.taken: list[Taken] = []

    def __enter__(self) -> Self:
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                fake.converse(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def converse(self, peer: socketserver.StreamRequestHandler) -> None:
        """One connection, from the greeting to the end."""
        trouble = self.troubles.pop(0) if self.troubles else None
        self._say(peer, "421 too busy" if trouble is Trouble.BUSY_AT_HELLO else "220 fake.test ESMTP")
        to = ""
        while line := peer.rfile.readline():
            match line.split(b":")[0].split()[0].upper():
                case b"RCPT":
                    to = line.decode().partition("<")[2].partition(">")[0]
                    self._say(peer, AT_RECIPIENT.get(trouble, "250 fine"))
                case b"DATA" if trouble is Trouble.FULL_AT_DATA:
                    self._say(peer, "452 no room")
                case b"DATA":
                    if not self._take(peer, to=to, trouble=trouble):
                        return
                case b"QUIT":
                    self._say(peer, "221 bye")
                    return
                case _:
                    self._say(peer, "250 fine")

    def _take(self, peer: socketserver.StreamRequestHandler, *, to: str, trouble: Trouble | None) -> bool:
        """Read the message; False if the server is gone after it."""
        self._say(peer, "354 go on")
        lines = []
        while (line := peer.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if trouble is Trouble.HANGS_UP:
            return False
        if trouble is Trouble.SILENT:
            time.sleep(SILENCE_SECONDS)
            return False
        if trouble is Trouble.REFUSED_AFTER_DATA:
            self._say(peer, "554 looks like spam")
            return True
        self.taken.append(Taken(to=to, text=b"".join(lines).decode()))
        if trouble is Trouble.TAKES_IT_AND_HANGS_UP:
            return False
        self._say(peer, "250 taken")
        if trouble is Trouble.ANSWERS_TWICE:
            self._say(peer, "250 taken")
        return True

    @staticmethod
    def _say(peer: socketserver.StreamRequestHandler, line: str) -> None:
        peer.wfile.write(f"{line}\r\n".encode())
