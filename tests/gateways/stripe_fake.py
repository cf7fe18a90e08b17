"""A Stripe on a free port of this machine: it speaks the part of Stripe's HTTP protocol that the shop uses.

Forms come in, JSON goes out; a secret key opens it; a create with an Idempotency-Key is done once, its answer (a 500
too) is stored and given again, the same key with another body is refused. It misbehaves on demand: the next calls to a
path can be slow, fail before or after the work, or lose their answer on the way.
"""

import hashlib
import hmac
import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SECRET_KEY = "sk_test_only_here"
WEBHOOK_SECRET = "whsec_only_here"
SLOW_SECONDS = 0.6


class StripeFake:
    """Its books, and the orders to misbehave."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.disputes: dict[str, dict[str, Any]] = {}
        self.refund_status = "succeeded"
        self.calls: list[tuple[str, str]] = []
        self.events: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self._trouble: dict[str, list[str]] = defaultdict(list)
        self._answers: dict[str, tuple[str, int, dict[str, Any]]] = {}
        self._numbers = 0

    def misbehave(self, path: str, *troubles: str) -> None:
        """What happens to the next calls of this path, one after another: slow, 500, lost (done, not answered)."""
        self._trouble[path].extend(troubles)

    def pay(self, session_id: str) -> dict[str, Any]:
        """The shopper pays on the page; the event of it is returned, not posted."""
        session = self.sessions[session_id]
        assert session["status"] == "open", "nobody can pay a session that is over"
        intent = self._intent(session)
        session |= {"status": "complete", "payment_status": "paid", "payment_intent": intent["id"]}
        return self.event("checkout.session.completed", session)

    def begin_transfer(self, session_id: str) -> dict[str, Any]:
        """The shopper chose a way to pay whose money comes later."""
        session = self.sessions[session_id]
        session |= {"status": "complete", "payment_intent": self._intent(session)["id"]}
        return self.event("checkout.session.completed", session)

    def arrive(self, session_id: str) -> dict[str, Any]:
        """The money of a transfer is there."""
        session = self.sessions[session_id]
        session["payment_status"] = "paid"
        return self.event("checkout.session.async_payment_succeeded", session)

    def decline(self, session_id: str) -> dict[str, Any]:
        """The card is refused; the page stays open."""
        return self.event("payment_intent.payment_failed", self._intent(self.sessions[session_id]))

    def dispute(
        self, session_id: str, *, kind: str = "funds_withdrawn", status: str = "needs_response"
    ) -> dict[str, Any]:
        """The bank takes the money back, or has decided."""
        session = self.sessions[session_id]
        dispute = {
            "id": f"dp_{session_id}",
            "payment_intent": session["payment_intent"],
            "amount": session["amount_total"],
            "currency": session["currency"],
            "status": status,
        }
        known = self.disputes.setdefault(dispute["id"], {"balance_transactions": []})
        known |= dispute
        if kind.startswith("funds"):
            sign = -1 if kind == "funds_withdrawn" else 1
            known["balance_transactions"].append({"amount": sign * dispute["amount"]})
        return self.event(f"charge.dispute.{kind}", known)

    def fail_transfer(self, session_id: str) -> dict[str, Any]:
        """The money of a transfer will not come."""
        session = self.sessions[session_id]
        self.intents[session["payment_intent"]]["status"] = "requires_payment_method"
        return self.event("checkout.session.async_payment_failed", session)

    def refund_by_hand(self, session_id: str, amount: int) -> dict[str, Any]:
        """Somebody sends money back in the dashboard: without our id."""
        intent = self.sessions[session_id]["payment_intent"]
        form = {"payment_intent": intent, "amount": amount, "metadata[refund_id]": ""}
        _, refund = self._refund(form)
        refund["metadata"] = {}
        return self.event("refund.created", refund)

    def event(self, kind: str, of: dict[str, Any]) -> dict[str, Any]:
        event = {
            "id": self._id("evt"), "object": "event", "type": kind, "data": {"object": json.loads(json.dumps(of))},
        }  # fmt: skip
        self.events.append(event)
        return event

    def answer(self, method: str, path: str, form: dict[str, Any], key: str) -> tuple[int, dict[str, Any], bool]:
        """Status, body, and whether it is a stored answer."""
        with self.lock:
            asked = json.dumps([path, form], sort_keys=True)
            if key in self._answers:
                known, status, body = self._answers[key]
                if known != asked:
                    return (
                        400,
                        _error(
                            "idempotency_error",
                            "Keys for idempotent requests can only be used with the same parameters.",
                        ),
                        False,
                    )
                return status, body, True
            status, body = self._do(method, path, form)
            if key:
                self._answers[key] = (asked, status, body)
            return status, body, False

    def store_failure(self, path: str, form: dict[str, Any], key: str) -> tuple[int, dict[str, Any], bool]:
        """Fail before the work, and keep the failure under the key, as Stripe does."""
        with self.lock:
            body = _error("api_error", "Something is wrong on our side.")
            self._answers.setdefault(key, (json.dumps([path, form], sort_keys=True), 500, body))
            return 500, body, False

    def next_trouble(self, path: str) -> str:
        with self.lock:
            waiting = self._trouble[path]
            return waiting.pop(0) if waiting else ""

    def _do(self, method: str, path: str, form: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if (method, path) == ("POST", "/v1/checkout/sessions"):
            return 200, self._open(form)
        if (method, path) == ("POST", "/v1/refunds"):
            return self._refund(form)
        books = {"/v1/refunds": self.refunds, "/v1/disputes": self.disputes}
        if method == "GET" and path in books:
            mine = [one for one in books[path].values() if one["payment_intent"] == form["payment_intent"]]
            return 200, {"object": "list", "data": mine, "has_more": False, "url": path}
        match = re.fullmatch(r"/v1/checkout/sessions/([^/]+)(/expire)?", path)
        session = self.sessions.get(match[1]) if match else None
        if match is None or session is None:
            return 404, _error("invalid_request_error", f"No such thing: {path}")
        if match[2]:
            if session["status"] != "open":
                return 400, _error("invalid_request_error", "Only open Checkout Sessions can be expired.")
            session["status"] = "expired"
            self.event("checkout.session.expired", session)
        if form.get("expand[0]") == "payment_intent" and session["payment_intent"]:
            return 200, session | {"payment_intent": self.intents[session["payment_intent"]]}
        return 200, session

    def _open(self, form: dict[str, Any]) -> dict[str, Any]:
        session_id = self._id("cs_test")
        amount = int(form["line_items[0][price_data][unit_amount]"]) * int(form["line_items[0][quantity]"])
        self.sessions[session_id] = {
            "id": session_id,
            "object": "checkout.session",
            "url": f"https://checkout.stripe.com/c/pay/{session_id}",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "amount_total": amount,
            "currency": form["line_items[0][price_data][currency]"],
            "client_reference_id": form["client_reference_id"],
            "metadata": {"payment_id": form["metadata[payment_id]"]},
            "expires_at": int(form["expires_at"]),
        }
        return self.sessions[session_id]

    def _refund(self, form: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        intent = self.intents[form["payment_intent"]]
        sent = sum(one["amount"] for one in self.refunds.values() if one["payment_intent"] == intent["id"])
        if sent + int(form["amount"]) > intent["amount"]:
            return 400, _error("invalid_request_error", "The refund is greater than what is left of the charge.")
        refund_id = self._id("re")
        self.refunds[refund_id] = {
            "id": refund_id,
            "object": "refund",
            "payment_intent": intent["id"],
            "amount": int(form["amount"]),
            "currency": intent["currency"],
            "status": self.refund_status,
            "metadata": {"refund_id": form["metadata[refund_id]"]},
        }
        return 200, self.refunds[refund_id]

    def _intent(self, session: dict[str, Any]) -> dict[str, Any]:
        intent_id = session["payment_intent"] or session["id"].replace("cs_test", "pi")
        return self.intents.setdefault(
            intent_id,
            {
                "id": intent_id,
                "object": "payment_intent",
                "status": "processing",
                "amount": session["amount_total"],
                "currency": session["currency"],
                "metadata": session["metadata"],
            },
        )

    def _id(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}_{self._numbers:04}"


def signed(event: dict[str, Any], *, secret: str = WEBHOOK_SECRET, age: int = 0) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the webhook that carries this event."""
    body, sent_at = json.dumps(event).encode(), int(time.time()) - age
    digest = hmac.new(secret.encode(), f"{sent_at}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={sent_at},v1={digest}"}


class _Handler(BaseHTTPRequestHandler):
    """One request; the server knows the fake that it is for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle(dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._handle(dict(parse_qsl(self.rfile.read(length).decode())))

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _handle(self, form: dict[str, Any]) -> None:
        fake: StripeFake = self.server.fake  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        key = self.headers.get("Idempotency-Key", "") if self.command == "POST" else ""
        fake.calls.append((self.command, path))
        if self.headers.get("Authorization") != f"Bearer {SECRET_KEY}":
            self._reply(401, _error("invalid_request_error", "Invalid API Key provided."))
            return
        trouble = fake.next_trouble(path)
        if trouble == "slow":
            time.sleep(SLOW_SECONDS)
        fails = trouble == "500"
        answer = fake.store_failure(path, form, key) if fails else fake.answer(self.command, path, form, key)
        if trouble == "lost":
            self.close_connection = True
            self.connection.close()
            return
        self._reply(*answer)

    def _reply(self, status: int, body: dict[str, Any], is_stored: bool = False) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if is_stored:
            self.send_header("Idempotent-Replayed", "true")
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def running() -> Iterator[tuple[StripeFake, str]]:
    """The fake, and the address on which it listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.fake = StripeFake()  # type: ignore[attr-defined]
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.fake, f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message}}
