"""The two doors of the shop, as a shopper uses them: the API with a token, the pages with cookies and forms."""

import asyncio
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit
from zlib import crc32

import httpx

from tests.drill.answers import HOLD_ENDED_CODES, SOLD_OUT_CODES
from tests.drill.traffic import Form, Judgement, Lost, Visitor, find_form, judge_document

DETAILS = {
    "name": "Maya Drill",
    "phone": "+628123456789",
    "address": "Jalan Sudirman 12",
    "city": "Jakarta",
    "postal_code": "12190",
}


def details_of(email: str) -> dict[str, str]:
    """Everybody lives somewhere else: a limit of one for each customer goes by the address as well."""
    return DETAILS | {"address": f"{DETAILS['address']}, flat {crc32(email.encode())}"}


ORDER_ID = re.compile(r"/orders/([0-9a-f-]{36})/")


LOST_TRIES = 4
KEY_IN_USE = "idempotency_key_in_use"
LOST_PAUSE_SECONDS = 0.5


class Stuck(Exception):
    """The shop answered something that a shopper cannot go on from; the answer itself is in the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """What is on sale, as the doors name it."""

    sku: str
    variant_id: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An order, and the provider's page for the attempt to pay it."""

    order_id: str
    pay_url: str


class Door(Protocol):
    """What a shopper can do at either door. All of it is written down by the visitor."""

    visitor: Visitor

    async def add(self, goods: Goods, *, clicks: int = 1) -> bool:
        """Ask for one unit, with `clicks` at one moment that are one intent. True: it is held."""
        ...

    async def check_out(self, *, clicks: int = 1) -> Placed | None:
        """Give the details and place the order. None: the hold is over."""
        ...

    async def pay_again(self, order_id: str) -> str | None:
        """The provider's page of a new attempt; None: the order cannot be paid any more."""
        ...

    async def is_paid(self, order_id: str) -> bool:
        """Whether the shop says that the order is paid."""
        ...

    async def let_go(self) -> None:
        """Give everything in the cart back."""
        ...


async def choose_at_provider(visitor: Visitor, pay_url: str, choice: str, *, times: int = 1) -> str:
    """Open the provider's page and press a button of it, `times` times; the id of the order it leads back to."""
    page = await visitor.ask("open payment", "GET", pay_url, judge=_judge_page)
    form = find_form(page.text, field_name="choice")
    if form is None:
        return ""
    way_back = ""
    for _ in range(times):
        address = form.action or pay_url
        reply = await visitor.ask("pay", "POST", address, data=form.fields | {"choice": choice}, judge=_judge_page)
        way_back = reply.headers.get("Location", "")
    found = ORDER_ID.search(way_back)
    return found.group(1) if found else ""


def new_key() -> str:
    """An idempotency key: one per intent."""
    return uuid.uuid4().hex


@dataclass
class ApiDoor:
    """`/api/v1/`: a member with a JWT, or a guest with the token of the cart."""

    visitor: Visitor
    shipping_method: str
    email: str
    terms: dict[str, bool] = field(default_factory=dict)
    """What the shopper agrees to at the checkout, besides the price."""
    cart_id: str = ""

    async def sign_in(self, *, password: str) -> None:
        """Become a member."""
        account = {"email": self.email, "password": password}
        reply = await self.visitor.ask("sign in", "POST", "/api/v1/auth", json=account)
        if reply.status_code != 200:
            raise Stuck(f"sign in answered {reply.status_code}")
        self.visitor.headers["Authorization"] = f"Bearer {reply.json()['token']}"

    async def add(self, goods: Goods, *, clicks: int = 1) -> bool:
        key = new_key()
        return any(await asyncio.gather(*(self._add(goods, key=key, is_repeat=click > 0) for click in range(clicks))))

    async def check_out(self, *, clicks: int = 1) -> Placed | None:
        key = new_key()
        orders = await asyncio.gather(*(self._check_out(key=key, is_repeat=click > 0) for click in range(clicks)))
        return next((order for order in orders if order is not None), None)

    async def _add(self, goods: Goods, *, key: str, is_repeat: bool) -> bool:
        def judge(reply: httpx.Response) -> Judgement:
            if reply.status_code >= 400:
                return judge_document(reply)
            return Judgement(made=_line_of(reply.json(), goods))

        reply = await self._insist(
            "add",
            "/api/v1/cart",
            json={"product_id": goods.variant_id, "qty": 1},
            sku=goods.sku,
            quantity=1,
            key=key,
            is_repeat=is_repeat,
            judge=judge,
        )
        if reply.status_code not in (200, 201):
            return _refused(reply)
        self._remember(reply.json())
        return True

    async def _check_out(self, *, key: str, is_repeat: bool) -> Placed | None:
        def judge(reply: httpx.Response) -> Judgement:
            return judge_document(reply) if reply.status_code >= 400 else Judgement(made=reply.json()["id"])

        reply = await self._insist(
            "check out",
            f"/api/v1/cart/{self.cart_id}/checkout",
            json=details_of(self.email)
            | self.terms
            | {"email": self.email, "shipping_method": self.shipping_method, "gateway": "sandbox"},
            key=key,
            is_repeat=is_repeat,
            judge=judge,
        )
        if reply.status_code not in (200, 201):
            _refused(reply)
            return None
        order = reply.json()
        if order["payment"] is not None:
            return Placed(order_id=order["id"], pay_url=_path_of(order["payment"]["redirect_url"]))
        # Whoever placed it was killed before the provider was asked: the order stands, and is paid by another attempt.
        pay_url = await self.pay_again(order["id"])
        return None if pay_url is None else Placed(order_id=order["id"], pay_url=pay_url)

    async def pay_again(self, order_id: str) -> str | None:
        reply = await self._insist("pay again", f"/api/v1/orders/{order_id}/payments", json={}, key=new_key())
        if reply.status_code not in (200, 201):
            _refused(reply)
            return None
        return _path_of(reply.json()["redirect_url"])

    async def is_paid(self, order_id: str) -> bool:
        reply = await self.visitor.ask("see result", "GET", f"/api/v1/orders/{order_id}")
        return reply.status_code == 200 and reply.json()["status"] == "PAID"

    async def let_go(self) -> None:
        await self.visitor.ask("let go", "DELETE", "/api/v1/cart")

    def _remember(self, cart: dict[str, Any]) -> None:
        self.cart_id = cart["id"]
        if cart["cart_token"]:
            self.visitor.headers["Cart-Token"] = cart["cart_token"]

    async def _insist(self, step: str, url: str, *, key: str, **content: Any) -> httpx.Response:
        """POST with a key. If the connection breaks, nobody knows what was done; if the first one of a double click is
        still at work, it says so. Ask again then, with the same key.

        :raises Lost: if it breaks again and again
        """
        for _ in range(LOST_TRIES - 1):
            with suppress(Lost):
                reply = await self.visitor.ask(step, "POST", url, key=key, **content)
                if judge_document(reply).code != KEY_IN_USE:
                    return reply
            await asyncio.sleep(LOST_PAUSE_SECONDS)
            content["is_repeat"] = True
        return await self.visitor.ask(step, "POST", url, key=key, **content)


@dataclass
class PageDoor:
    """The pages, as a guest without JavaScript."""

    visitor: Visitor
    email: str

    async def add(self, goods: Goods, *, clicks: int = 1) -> bool:
        page = await self.visitor.ask("look", "GET", goods.path, judge=_judge_look, sku=goods.sku, quantity=1)
        form = find_form(page.text, field_name="quantity")
        if form is None and page.status_code == 200:
            return False
        form = _require_form(page, "quantity")
        reply = await self.visitor.ask(
            "add",
            "POST",
            form.action,
            data=form.fields | {"variant": goods.variant_id, "quantity": "1"},
            sku=goods.sku,
            quantity=1,
            judge=_judge_add,
        )
        return reply.status_code == 303

    async def check_out(self, *, clicks: int = 1) -> Placed | None:
        for step in ("contact", "delivery", "payment"):
            if not await self._fill_in(step):
                return None
        page = await self.visitor.ask("details", "GET", "/checkout/review/", judge=_judge_page)
        if 300 <= page.status_code < 400:
            return None
        form = _require_form(page, "cart")
        orders = await asyncio.gather(*(self._press_pay(form, is_repeat=click > 0) for click in range(clicks)))
        return next((order for order in orders if order is not None), None)

    async def pay_again(self, order_id: str) -> str | None:
        """From the order's page, where "Continue to payment" is a form."""
        page = await self.visitor.ask("see result", "GET", f"/orders/{order_id}/", judge=_judge_page)
        reply = await self.visitor.ask(
            "pay again", "POST", f"/orders/{order_id}/pay/", data=_any_token(page), judge=_judge_page
        )
        return _path_of(reply.headers["Location"]) if reply.status_code == 303 else None

    async def is_paid(self, order_id: str) -> bool:
        reply = await self.visitor.ask("see result", "GET", f"/orders/{order_id}/payment/", judge=_judge_page)
        return reply.status_code == 200 and "is yours" in reply.text

    async def let_go(self) -> None:
        page = await self.visitor.ask("look", "GET", "/cart/", judge=_judge_page)
        await self.visitor.ask("let go", "POST", "/cart/empty/", data=_any_token(page), judge=_judge_page)

    async def _press_pay(self, form: Form, *, is_repeat: bool) -> Placed | None:
        reply = await self.visitor.ask(
            "check out",
            "POST",
            form.action or "/checkout/review/",
            data=form.fields,
            judge=_judge_review,
            is_repeat=is_repeat,
        )
        address = reply.headers.get("Location", "")
        if reply.status_code != 303 or "/sandbox/" not in address:
            return None
        return Placed(order_id="", pay_url=_path_of(address))

    async def _fill_in(self, step: str) -> bool:
        """One step of the checkout. False: there is nothing left to check out."""
        address = f"/checkout/{step}/"
        page = await self.visitor.ask("details", "GET", address, judge=_judge_page)
        if 300 <= page.status_code < 400:
            return False
        form = _require_form(page, {"contact": "email", "delivery": "address", "payment": "gateway"}[step])
        known = details_of(self.email) | {"email": self.email, "gateway": "sandbox"}
        asked = form.fields.keys() | form.choices.keys()
        fields = form.fields | {name: value for name, value in known.items() if name in asked}
        if "shipping_method" in form.choices:
            fields["shipping_method"] = form.choices["shipping_method"][0]
        reply = await self.visitor.ask("details", "POST", form.action or address, data=fields, judge=_judge_page)
        return reply.status_code == 303 and "/checkout/" in reply.headers["Location"]


def _refused(reply: httpx.Response) -> bool:
    """Always False, for a refusal that belongs to a sale.

    :raises Stuck: if it is any other answer.
    """
    known = reply.status_code < 500 and judge_document(reply).code in (*SOLD_OUT_CODES, *HOLD_ENDED_CODES)
    if not known:
        raise Stuck(f"{reply.request.method} {reply.request.url.path} answered {reply.status_code}: {reply.text[:200]}")
    return False


def _line_of(cart: dict[str, object], goods: Goods) -> str:
    items: list[dict[str, str]] = cart["items"]  # type: ignore[assignment]
    return next((item["id"] for item in items if item["sku"] == goods.sku), "a line that the answer lacks")


def _judge_page(reply: httpx.Response) -> Judgement:
    return Judgement()


def _judge_look(reply: httpx.Response) -> Judgement:
    """A product page without a form to buy says "sold out", and must be as right as any other refusal."""
    has_form = reply.status_code != 200 or find_form(reply.text, field_name="quantity") is not None
    return Judgement() if has_form else Judgement(code="stock_unavailable")


def _judge_add(reply: httpx.Response) -> Judgement:
    """One unit of a thing that is on sale is refused for one reason only."""
    return Judgement(code="stock_unavailable") if reply.status_code == 422 else Judgement()


def _judge_review(reply: httpx.Response) -> Judgement:
    leads_on = reply.status_code == 303 and "/sandbox/" in reply.headers["Location"]
    return Judgement() if leads_on or reply.status_code >= 500 else Judgement(code="holds_ended")


def _require_form(page: httpx.Response, field_name: str) -> Form:
    form = find_form(page.text, field_name=field_name)
    if form is None:
        raise Stuck(f"{page.request.url.path} answered {page.status_code} without a form for {field_name}")
    return form


def _any_token(page: httpx.Response) -> dict[str, str]:
    form = find_form(page.text, field_name="csrfmiddlewaretoken")
    return {"csrfmiddlewaretoken": form.fields["csrfmiddlewaretoken"]} if form else {}


def _path_of(address: str) -> str:
    """Without scheme and host: the shop may know itself under another name than the one it is drilled under."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
