"""Every state that a page can be in, made by the shop's own services. Runs inside the shop that is looked at:

    manage.py shell --no-imports -v 0 -c "from tests.e2e.stage import main; main()"

Prints one line of JSON: `visitors` (name to cookies), `ids` (what an address of the table of pages names in braces) and
`bodies` (pages that a healthy shop does not answer with).
"""

import json
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from allauth.account.forms import default_token_generator
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.account.internal.userkit import user_id_to_str
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import services as accounts
from accounts.models import User
from inventory import services as inventory
from inventory.models import Reservation, StockItem
from orders import services as orders
from orders.models import Cart, CartLine, Order, OrderLine, Payment, ShippingMethod, Wishlist
from orders.sandbox import provider
from orders.sandbox.models import SandboxPayment, SandboxWebhook
from orders.shopper import CART_COOKIE, ORDERS_KEY, WISHLIST_COOKIE
from shop.models import Variant
from tests.e2e.rooms import set_rooms

ACTOR = "stage"
EMAIL = "maya@stage.example"
PAID = ("paid", "parcels", "delivered", "returned", "given_up")
Cookies = dict[str, str]


def main() -> None:
    now = timezone.now()
    carts = _carts(now)
    placed = _orders(now)
    member, newcomer = _member("member"), _member("newcomer")
    Order.objects.filter(pk__in=[placed["awaiting"].pk, placed["parcels"].pk]).update(user=member)
    Order.objects.filter(pk__in=[placed["delivered"].pk, placed["cancelled"].pk]).update(email=newcomer.email)
    known = [str(order.pk) for order in placed.values()]
    visitors: dict[str, Cookies] = {name: {CART_COOKIE: orders.cart_token(cart)} for name, cart in carts.items()}
    visitors |= {
        "stranger": {},
        "night": {"theme": "dark"},
        "buyer": _session(order_ids=known),
        "member": _session(user=member, order_ids=known),
        "newcomer": _session(user=newcomer),
        "guarded": _session(user=(guarded := _guarded(now)), is_sure=True),
        "sure": _session(user=_member("sure"), is_sure=True),
        "reader": {**_session(user=_member("reader")), settings.LANGUAGE_COOKIE_NAME: "id"},
        "bookish": _session(user=guarded),
        "locked": _session(user=_member("locked", password="a-good-password")),
        "clerk": _session(user=_member("clerk", is_staff=True)),
        "staff": _session(user=_member("staff", is_staff=True, is_superuser=True)),
    }
    visitors |= set_rooms(now)
    ids = {name: str(order.pk) for name, order in placed.items()}
    ids |= {f"pay_{name}": _payment_page(placed[name]) for name in ("awaiting", "paid", "expired")}
    ids |= {
        "sold_out": str(Variant.objects.get(sku="PRS-CHR").pk),
        "reset_key": f"{user_pk_to_url_str(member)}-{default_token_generator.make_token(member)}",
        "confirm_key": EmailConfirmationHMAC(EmailAddress.objects.get(user=newcomer)).key,
    }
    visitors["wishful"], wanted = _wishes(guarded, now)
    visitors["reviewer"], said = _reviews(now)
    ids |= wanted | said
    bodies = {
        "500": render_to_string("500.html"),
        "503": render_to_string("503.html"),
        "413": render_to_string("413.html", {"error": {"title": "Too large", "detail": "Send less."}}),
    }
    # Last, because its minute runs from here.
    visitors["soon"] = {CART_COOKIE: orders.cart_token(_soon())}
    print(json.dumps({"visitors": visitors, "ids": ids, "bodies": bodies}))


def _carts(now: datetime) -> dict[str, Cart]:
    long_ago = now - settings.HOLD_TIME - timedelta(minutes=1)
    ended = _cart({"WCH-BLU": 1, "SNJ-DSK-M": 1}, now=long_ago)
    taken = _cart({"SNJ-DSK-M": 1}, now=now)
    stopped = _cart({"KEY-GRY": 1}, now=now)
    line = CartLine.objects.get(cart=stopped)
    inventory.release(reservation_id=line.reservation_id, reason="stock damaged", actor=ACTOR, now=now)
    couponed = _filled(_cart({"CAM-SLV": 1}, now=now))
    orders.apply_coupon(cart_id=couponed.pk, code="ONGKIR", user=AnonymousUser(), now=now)
    patient = _filled(_cart({"SCF-PIN": 1}, now=now))
    item = StockItem.objects.filter(variant__sku="SCF-PIN").order_by("pk")[0]
    inventory.set_backorder_limit(stock_item_id=item.pk, limit=5, reason="pre-order", actor=ACTOR, now=now)
    return {
        "fresh": _cart({"SOC-3": 1}, now=now),
        "holder": _filled(_cart({"BWL-BLU": 1, "BTO-DRK": 2, "PNT-41": 1}, now=now)),
        "couponed": couponed,
        "ended": ended,
        "stopped": stopped,
        "patient": patient,
        "other": taken,
        "another": _cart({"GTR-JAD": 1}, now=now),
    }


def _orders(now: datetime) -> dict[str, Order]:
    """One order for every end that a payment has, and for what comes after it."""
    placed = {name: _order({"NTB-A5": 1}, now=now) for name in ("awaiting", "declined", "little", "twice", "expired")}
    placed |= {name: _order({"YRN-FRN": 2, "CUP-WHT": 1}, now=now) for name in PAID}
    placed |= {"cancelled": _order({"SUN-VIO": 1}, now=now), "kept": _order({"LNT-RED": 1}, now=now)}
    placed |= {"refunded": _order({"CAP-MNG": 1}, now=now)}

    for name in PAID:
        _pay(placed[name], "pay", now=now)
    _pay(placed["declined"], "decline", now=now)
    _pay(placed["little"], "little", now=now)
    _pay(placed["twice"], "decline", now=now)
    first = Payment.objects.get(order=placed["twice"])
    _pay(placed["twice"], "pay", now=now)
    _hand_over(_press(first, "pay", now=now), now=now)
    orders.cancel_order(order_id=placed["cancelled"].pk, now=now, actor=ACTOR)
    late = {name: _press(_attempt(placed[name], now=now), "late", now=now) for name in ("kept", "refunded")}
    _press(_attempt(placed["expired"], now=now), "never", now=now)
    for name in ("kept", "refunded", "expired"):
        _let_it_end(placed[name], now=now)
    _cart({"CAP-MNG": 1}, now=now)
    for reports in late.values():
        _hand_over(reports, now=now)
    orders.expire_unpaid(now=now)
    _send(placed["parcels"], sku="CUP-WHT", now=now)
    for sku in ("CUP-WHT", "YRN-FRN"):
        orders.mark_delivered(shipment_id=_send(placed["delivered"], sku=sku, now=now), now=now, actor=ACTOR)
    _send(placed["returned"], sku="CUP-WHT", now=now)
    cup = OrderLine.objects.get(order=placed["returned"], sku="CUP-WHT")
    orders.request_return(
        order_id=placed["returned"].pk, units={cup.pk: 1}, reason="DAMAGED", remark="It leaks.", now=now, actor=ACTOR
    )
    orders.cancel_for_customer(order_id=placed["given_up"].pk, now=now, actor=ACTOR)
    return placed


def _cart(units: dict[str, int], *, now: datetime) -> Cart:
    cart = orders.open_cart(user=AnonymousUser())
    for variant in Variant.objects.filter(sku__in=list(units)).order_by("sku"):
        orders.add_to_cart(cart_id=cart.pk, variant_id=variant.pk, quantity=units[variant.sku], now=now, actor=ACTOR)
    return cart


def _filled(cart: Cart) -> Cart:
    orders.save_checkout(
        cart_id=cart.pk,
        email=EMAIL,
        name="Maya Lestari",
        phone="+628123456789",
        address="Jl. Kemang Raya 12",
        landmark="Opposite the bakery",
        city="Jakarta Selatan",
        postal_code="12730",
        country="ID",
        shipping_method=ShippingMethod.objects.get(code="regular"),
        gateway="sandbox",
    )
    return cart


def _soon() -> Cart:
    """A cart whose hold has less than its last minute left."""
    now = timezone.now()
    return _filled(_cart({"CAB-BLU": 1}, now=now - settings.HOLD_TIME + timedelta(seconds=58)))


def _order(units: dict[str, int], *, now: datetime) -> Order:
    cart = _filled(_cart(units, now=now))
    return orders.place_order(cart_id=cart.pk, user=AnonymousUser(), now=now, actor=ACTOR)


def _pay(order: Order, choice: str, *, now: datetime) -> None:
    _hand_over(_press(_attempt(order, now=now), choice, now=now), now=now)


def _attempt(order: Order, *, now: datetime) -> Payment:
    return orders.start_payment(order_id=order.pk, now=now)


def _press(payment: Payment, choice: str, *, now: datetime) -> list[SandboxWebhook]:
    """Press this button on the provider's page. What it has to report since, sent or not."""
    opened = provider.open_payment(request=_link(payment), now=now)
    known = list(opened.webhooks.values_list("pk", flat=True))
    provider.choose(payment=opened, choice=choice, now=now)
    return list(opened.webhooks.exclude(pk__in=known).select_related("payment"))


def _hand_over(reports: list[SandboxWebhook], *, now: datetime) -> None:
    """Deliver in person, also what is not due yet."""
    for report in reports:
        body, headers = provider.compose(report, now=now)
        payment_id = UUID(report.payment.merchant_reference)
        orders.record_payment_event(payment_id=payment_id, body=body, headers=headers, now=now)


def _link(payment: Payment) -> str:
    return parse_qs(urlsplit(payment.redirect_url).query)["request"][0]


def _payment_page(order: Order) -> str:
    """The provider's page for this order, as an address on the shop."""
    payment = Payment.objects.filter(order=order).first() or _attempt(order, now=timezone.now())
    parts = urlsplit(payment.redirect_url)
    return f"{parts.path}?{parts.query}"


def _let_it_end(order: Order, *, now: datetime) -> None:
    """Move the deadline of this order into the past."""
    past = now - timedelta(seconds=5)
    lines = OrderLine.objects.filter(order=order)
    Reservation.objects.filter(pk__in=list(lines.values_list("reservation_id", flat=True))).update(expires_at=past)
    Order.objects.filter(pk=order.pk).update(pay_by=past)
    attempts = [str(pk) for pk in Payment.objects.filter(order=order).values_list("pk", flat=True)]
    SandboxPayment.objects.filter(merchant_reference__in=attempts).update(expires_at=past)


def _send(order: Order, *, sku: str, now: datetime) -> Any:
    line = OrderLine.objects.get(order=order, sku=sku)
    parcel = orders.pack(order_id=order.pk, units={line.pk: line.quantity}, now=now, actor=ACTOR)
    orders.ship(
        shipment_id=parcel.pk,
        carrier="JNE",
        tracking_number="JNE-7719203",
        tracking_url="https://parcels.example/JNE-7719203",
        now=now,
        actor=ACTOR,
    )
    return parcel.pk


def _member(name: str, **fields: Any) -> User:
    email = f"{name}-{timezone.now():%H%M%S%f}@stage.example"
    user = User.objects.create_user(email, **{"password": None, "name": "Maya Lestari", **fields})
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=name != "member")
    return user


def _guarded(now: datetime) -> User:
    """A member with an address book and every kind of second factor."""
    user = _member("guarded")
    where = {"name": "Maya Lestari", "phone": "+628123456789", "city": "Jakarta Selatan", "postal_code": "12730"}
    for number in (12, 14):
        accounts.add_address(user_id=user.pk, where={**where, "address": f"Jl. Kemang Raya {number}"}, now=now)
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(user)
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "My phone"})
    cart = orders.open_cart(user=user)
    variant = Variant.objects.get(sku="SOC-3")
    orders.add_to_cart(cart_id=cart.pk, variant_id=variant.pk, quantity=1, now=now, actor=ACTOR)
    return user


def _wishes(member: User, now: datetime) -> tuple[Cookies, dict[str, str]]:
    """A guest with a wishlist, and a member who shows theirs; what is sold out is on both."""
    wanted = list(Variant.objects.filter(sku__in=["CUP-WHT", "PRS-CHR"]).order_by("sku"))
    kept: dict[str, Wishlist] = {}
    for name, user in (("guest", AnonymousUser()), ("member", member)):
        for variant in wanted:
            item = orders.keep_for_later(
                wishlist_id=kept[name].pk if name in kept else None, user=user, variant_id=variant.pk, now=now
            )
            kept[name] = item.wishlist
    shared = orders.share_wishlist(wishlist_id=kept["member"].pk)
    ids = {"shared": shared, "stop": orders.stop_token("stop@stage.example")}
    return {WISHLIST_COOKIE: orders.wishlist_token(kept["guest"])}, ids


def _reviews(now: datetime) -> tuple[Cookies, dict[str, str]]:
    """Two buyers whose reviews are shown and one whose is to be read: the last of them comes back to it."""
    cookies, review = {}, None
    for stars, text in (
        (5, "It glows like a small moon."),
        (3, ""),
        (4, "Lovely, and smaller than I thought."),
    ):
        buyer = _member(f"buyer{stars}")
        order = _order({"LNT-RED": 1}, now=now)
        _pay(order, "pay", now=now)
        Order.objects.filter(pk=order.pk).update(user=buyer)
        variant = Variant.objects.get(sku="LNT-RED")
        review = orders.write_review(user=buyer, product_id=variant.product_id, stars=stars, text=text, now=now)
        if stars != 4:
            orders.decide_review(review_id=review.pk, publish=True, actor=ACTOR, now=now)
        cookies = _session(user=buyer)
    assert review is not None
    return cookies, {"review": str(review.pk)}


def _session(*, user: User | None = None, order_ids: list[str] | None = None, is_sure: bool = False) -> Cookies:
    """A browser of this user; with `is_sure` one that has just said once more who it is."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    if is_sure:
        said = {"method": "password", "at": timezone.now().timestamp(), "reauthenticated": True}
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [said]
        session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = user_id_to_str(user)
    if user is not None:
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[ORDERS_KEY] = order_ids or []
    session.save()
    return {settings.SESSION_COOKIE_NAME: str(session.session_key)}
