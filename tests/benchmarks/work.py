"""What one caller of the crowd does again and again. Each kind prepares itself, then does its thing once at a call."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.utils import timezone

from tests.benchmarks.wire import Reply, Wire
from tests.drill.doors import DETAILS, new_key
from tests.drill.traffic import find_form

GRANTED, REFUSED, BUSY = "granted", "sold out", "busy"

Once = Callable[[], str]
JSON = {"Content-Type": "application/json"}


class Exhausted(Exception):
    """What was prepared is used up: this caller is done."""


def raw_update() -> Once:
    """L0: the conditional UPDATE of one row by the driver alone, autocommit."""
    connection.ensure_connection()
    line = connection.connection
    line.autocommit(True)
    cursor = line.cursor()
    statement = "UPDATE bench_yardstick SET available = available - 1 WHERE id = 1 AND available >= 1"

    def once() -> str:
        cursor.execute(statement)
        return GRANTED if cursor.rowcount == 1 else REFUSED

    return once


def reserve(*, sku: str) -> Once:
    """The service that grants a hold, called as a door calls it."""
    from inventory import services as inventory
    from shop.errors import Busy

    connection.ensure_connection()

    def once() -> str:
        now = timezone.now()
        try:
            inventory.reserve(
                lines={sku: 1}, token=new_key(), expires_at=now + timedelta(hours=1), now=now, actor="bench"
            )
        except inventory.StockUnavailable:
            return REFUSED
        except Busy:
            return BUSY
        return GRANTED

    return once


def get(*, port: int, paths: list[str], repeats: bool) -> Once:
    """Ask for these pages in turn, again and again or once each."""
    wire = Wire(port)
    queue = _around(paths) if repeats else iter(paths)

    def once() -> str:
        path = next(queue, None)
        if path is None:
            raise Exhausted
        return _outcome(wire.ask("GET", path), wanted=200)

    return once


def hold(*, port: int, variant_id: str) -> Once:
    """A new guest puts one unit into a new cart, over the API and with a key."""
    wire = Wire(port)
    return lambda: _outcome(_hold(wire, variant_id), wanted=201)


def add_by_page(*, port: int, variant_id: str, path: str) -> Once:
    """A new guest presses the button of the product page: session, CSRF token and all. The page was read before."""
    wire = Wire(port)
    page = wire.ask("GET", path)
    form = find_form(page.body.decode(), field_name="quantity")
    if form is None:
        raise ValueError(f"{path} answered {page.status} without a form to buy")
    fields = form.fields | {"variant": variant_id, "quantity": "1"}
    cookies = "; ".join(cookie.split(";")[0] for cookie in page.header("Set-Cookie"))
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies}

    def once() -> str:
        # Each press is an intent of its own.
        body = urlencode(fields | {"key": new_key()}).encode()
        return _outcome(wire.ask("POST", form.action, headers=headers, body=body), wanted=303)

    return once


def place_order(*, port: int, variant_id: str, shipping_method: str, carts: int) -> Once:
    """Place the order of a cart that was filled before; as often as there are carts."""
    wire = Wire(port)
    filled = [json.loads(_hold(wire, variant_id).body) for _ in range(carts)]
    details = DETAILS | {"email": "bench@user.com", "shipping_method": shipping_method, "gateway": "sandbox"}
    body = json.dumps(details).encode()

    def once() -> str:
        if not filled:
            raise Exhausted
        cart = filled.pop()
        headers = JSON | {"Cart-Token": cart["cart_token"], "Idempotency-Key": new_key()}
        path = f"/api/v1/cart/{cart['id']}/checkout"
        return _outcome(wire.ask("POST", path, headers=headers, body=body), wanted=201)

    return once


KINDS: dict[str, Callable[..., Once]] = {
    "raw_update": raw_update,
    "reserve": reserve,
    "get": get,
    "hold": hold,
    "add_by_page": add_by_page,
    "place_order": place_order,
}


def _hold(wire: Wire, variant_id: str) -> Reply:
    body = json.dumps({"product_id": variant_id, "qty": 1}).encode()
    return wire.ask("POST", "/api/v1/cart", headers=JSON | {"Idempotency-Key": new_key()}, body=body)


def _outcome(reply: Reply, *, wanted: int) -> str:
    if reply.status == wanted:
        return GRANTED
    if reply.status == 503:
        return BUSY
    if b"stock_unavailable" in reply.body:
        return REFUSED
    return f"answered {reply.status}"


def _around(paths: list[str]) -> Iterator[str]:
    while True:
        yield from paths


def describe(error: Exception) -> str:
    """An error as an outcome, so that it is counted and not lost."""
    return f"{type(error).__name__}: {error}"[:120]


def arguments_of(spec: dict[str, Any], *, caller: int, callers: int) -> dict[str, Any]:
    """What is meant for this caller: lists of paths that are asked once each are divided."""
    arguments = dict(spec)
    if "paths" in arguments and not arguments["repeats"]:
        arguments["paths"] = arguments["paths"][caller::callers]
    return arguments
