"""The crowd's own HTTP: whole answers, one connection, a new one when the server hung up."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.benchmarks.wire import Wire


class Echo(BaseHTTPRequestHandler):
    """Answers with the body that came, whole or in chunks, and counts connections."""

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        super().setup()
        Echo.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Set-Cookie", "a=1; Path=/")
        self.send_header("Set-Cookie", "b=2; Path=/")
        if self.path == "/close/":
            self.send_header("Connection", "close")
        if self.path == "/chunked/":
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    Echo.connections = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        wire = Wire(server.server_port)
        try:
            yield wire
        finally:
            wire.close()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("size", [0, 5, 300_000])
def test_answers_are_read_whole_on_one_connection(wire: Wire, size: int) -> None:
    for _ in range(3):
        reply = wire.ask("POST", "/", headers={"X-Any": "1"}, body=b"x" * size)
        assert (reply.status, len(reply.body)) == (201, size)

    assert reply.header("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]
    assert Echo.connections == 1


def test_an_answer_in_chunks_ends_where_it_ends(wire: Wire) -> None:
    assert b"hello" in wire.ask("POST", "/chunked/", body=b"hello").body
    assert wire.ask("POST", "/", body=b"next").body == b"next"


def test_a_server_that_hangs_up_is_called_again(wire: Wire) -> None:
    wire.ask("POST", "/close/", body=b"x")

    assert wire.ask("POST", "/", body=b"y").body == b"y"
    assert Echo.connections == 2
