"""The cart: every line is held, with its own clock."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db import IntegrityError
from uuid6 import uuid7

from accounts.models import User
from inventory import queries as stock
from inventory import services as inventory
from orders.models import CART_STATES, Cart, CartLine, Checkout
from orders.queries import CART_TOKEN_SALT, cart_id_in
from orders.services.errors import CartClosed, UnknownVariant
from shop.errors import InvalidInput, NotFound
from shop.models import Variant
from shop.transactions import TryAgain, transactional


def cart_token(cart: Cart) -> str:
    """The signed name of a guest's cart, for a cookie or a header."""
    return signing.dumps(str(cart.pk), salt=CART_TOKEN_SALT)


def find_cart(*, user: User | AnonymousUser, token: str | None) -> Cart | None:
    """The open cart of this member, or of the guest who carries this token. A bad token finds nothing."""
    if user.is_authenticated:
        return Cart.objects.open().filter(user=user).first()
    cart_id = cart_id_in(token)
    return None if cart_id is None else Cart.objects.open().filter(pk=cart_id, user=None).first()


@transactional
def open_cart(*, user: User | AnonymousUser) -> Cart:
    """A new cart for a guest; for a member the open one, made if there is none."""
    if not user.is_authenticated:
        return Cart.objects.create()
    cart = Cart.objects.open().filter(user=user).first()
    if cart is not None:
        return cart
    try:
        return Cart.objects.create(user=user)
    except IntegrityError as error:
        raise TryAgain from error


def sellable_variant(variant_id: UUID) -> Variant:
    """The variant with its product. :raises UnknownVariant: if it is not on sale."""
    variant = (
        Variant.objects.select_related("product")
        .filter(pk=variant_id, is_active=True, product__is_published=True)
        .first()
    )
    if variant is None:
        raise UnknownVariant()
    return variant


def refuse_bad_quantity(quantity: int) -> None:
    """:raises InvalidInput: if it is not a whole number within the limit of a line"""
    is_whole = isinstance(quantity, int) and not isinstance(quantity, bool)
    if not is_whole or not 1 <= quantity <= settings.MAX_UNITS_PER_LINE:
        raise InvalidInput(field="quantity", problem=f"Enter a whole number from 1 to {settings.MAX_UNITS_PER_LINE}.")


def refuse_sold_out(*, variant: Variant, quantity: int, now: datetime) -> None:
    """Refuse what nothing is left of, before anything is opened or locked for it. Writes nothing.

    :raises StockUnavailable: if nothing can be promised to anybody.
    """
    inventory.refuse_sold_out(sku=variant.sku, units=quantity, now=now)


@transactional
def add_to_cart(
    *, cart_id: UUID, variant_id: UUID, quantity: int, now: datetime, actor: str, counters_last: bool = False
) -> CartLine:
    """Hold `quantity` more units of a variant in this cart. A line that is there already grows and keeps its clock.

    Not idempotent: each call adds. A door that may repeat itself brings an idempotency key, and `counters_last`, so
    that its answer is written before the hot row is locked.

    :raises UnknownVariant: if it is not on sale.
    :raises StockUnavailable: if they are not free; what was held stays held.
    :raises InvalidInput: if the quantity is not a whole number within the limit of a line.
    """
    refuse_bad_quantity(quantity)
    variant = sellable_variant(variant_id)
    cart = _lock_open_cart(cart_id)
    line = CartLine.objects.filter(cart=cart, variant=variant).first()
    if line is None:
        line = CartLine(cart=cart, variant=variant)
        return _hold_anew(line, quantity=quantity, now=now, actor=actor, counters_last=counters_last)
    if not _is_live(line, now=now):
        return _hold_anew(line, quantity=quantity, now=now, actor=actor, counters_last=counters_last)
    refuse_bad_quantity(line.quantity + quantity)
    return _resize(line, quantity=line.quantity + quantity, now=now, actor=actor, counters_last=counters_last)


@transactional
def set_quantity(*, cart_id: UUID, line_id: UUID, quantity: int, now: datetime, actor: str) -> CartLine:
    """Hold exactly `quantity` units in this line. The clock goes on; the same quantity twice changes nothing.

    :raises HoldEnded: if the line is no longer held.
    :raises StockUnavailable: if the additional units are not free; what was held stays held.
    :raises InvalidInput: if the quantity is not a whole number within the limit of a line.
    """
    refuse_bad_quantity(quantity)
    line = _line_of(_lock_open_cart(cart_id), line_id)
    return _resize(line, quantity=quantity, now=now, actor=actor)


@transactional
def remove_line(*, cart_id: UUID, line_id: UUID, now: datetime, actor: str) -> None:
    """Let the units of this line go and forget the line. It is gone then: a repeat finds nothing.

    :raises NotFound: if this cart has no such line.
    """
    line = _line_of(_lock_open_cart(cart_id), line_id)
    _release(line, reason="let go by the shopper", now=now, actor=actor)
    line.delete()


@transactional
def extend_hold(*, cart_id: UUID, line_id: UUID, now: datetime) -> CartLine:
    """Keep this line for HOLD_EXTENSION longer. See inventory.services.extend for the refusals."""
    line = _line_of(_lock_open_cart(cart_id), line_id)
    inventory.extend(reservation_id=line.reservation_id, now=now)
    return line


@transactional
def hold_again(*, cart_id: UUID, line_id: UUID, now: datetime, actor: str) -> CartLine:
    """Take a new hold for a line whose hold has ended, at today's price. A live line is left as it is.

    :raises StockUnavailable: if the units are not free; the line stays on the shelf.
    :raises UnknownVariant: if it is not on sale any more.
    """
    line = _line_of(_lock_open_cart(cart_id), line_id)
    if _is_live(line, now=now):
        return line
    line.variant = sellable_variant(line.variant_id)
    return _hold_anew(line, quantity=line.quantity, now=now, actor=actor)


@transactional
def empty_cart(*, cart_id: UUID, now: datetime, actor: str) -> None:
    """Let everything go. An empty cart stays empty."""
    cart = _lock_open_cart(cart_id)
    for line in CartLine.objects.filter(cart=cart).order_by("reservation_id"):
        _release(line, reason="let go by the shopper", now=now, actor=actor)
    CartLine.objects.filter(cart=cart).delete()


@transactional
def merge_carts(*, guest_cart_id: UUID, user: User, now: datetime) -> Cart:
    """Bring a guest's cart along at login. Every unit held before is held afterwards, none of them twice.

    Where both carts hold the same variant, the hold that ends last goes on with the units of both, even if one
    request could not ask for so many. A guest cart that
    is not open any more, or somebody's already, changes nothing.
    """
    ids = [guest_cart_id, *Cart.objects.open().filter(user=user).values_list("pk", flat=True)]
    carts = list(Cart.objects.select_for_update().open().filter(pk__in=ids).order_by("pk"))
    guest = next((cart for cart in carts if cart.pk == guest_cart_id and cart.user_id is None), None)
    own = next((cart for cart in carts if cart.user_id == user.pk), None)
    if guest is None:
        return own or open_cart(user=user)
    if own is None:
        return _give_to(guest, user=user)
    own_lines = {line.variant_id: line for line in CartLine.objects.filter(cart=own)}
    for line in CartLine.objects.filter(cart=guest).order_by("pk"):
        twin = own_lines.get(line.variant_id)
        if twin is None:
            line.cart = own
            line.save(update_fields=["cart"])
        else:
            _join(line, twin, now=now, actor=user.email)
    _bring_checkout(guest, own)
    guest.status = CART_STATES.target(guest.status, "merged at login")
    guest.save(update_fields=["status"])
    return own


def _bring_checkout(guest: Cart, own: Cart) -> None:
    """What the guest typed comes along; where the member typed something, the coupon alone does, if there was none."""
    if not Checkout.objects.filter(cart=own).exists():
        Checkout.objects.filter(cart=guest).update(cart=own)
        return
    code = Checkout.objects.filter(cart=guest).values_list("coupon_code", flat=True).first()
    if code:
        Checkout.objects.filter(cart=own, coupon_code="").update(coupon_code=code)


def _give_to(guest: Cart, *, user: User) -> Cart:
    guest.user = user
    try:
        guest.save(update_fields=["user"])
    except IntegrityError as error:
        # The member opened a cart in another tab at this very moment: the next look finds it and merges.
        raise TryAgain from error
    return guest


def _join(guest_line: CartLine, own_line: CartLine, *, now: datetime, actor: str) -> None:
    """Let one hold go on with the units of both, if both live; else the live one, if there is one."""
    holds = stock.holds(reservation_ids=[guest_line.reservation_id, own_line.reservation_id], now=now)
    guest_hold, own_hold = holds[guest_line.reservation_id], holds[own_line.reservation_id]
    if guest_hold.is_live and own_hold.is_live:
        keeps_guest = guest_hold.expires_at > own_hold.expires_at
        kept, let_go = (guest_line, own_line) if keeps_guest else (own_line, guest_line)
        try:
            inventory.join(
                reservation_id=kept.reservation_id,
                other_id=let_go.reservation_id,
                reason="joined with another hold of the same shopper",
                actor=actor,
                now=now,
            )
        except inventory.HoldEnded as error:
            # One of them ended since we looked: the next look sees that, and the other one goes on alone.
            raise TryAgain from error
        own_line.reservation_id = kept.reservation_id
        own_line.quantity += guest_line.quantity
    elif guest_hold.is_live:
        own_line.reservation_id, own_line.quantity = guest_line.reservation_id, guest_line.quantity
        own_line.unit_price_minor, own_line.currency = guest_line.unit_price_minor, guest_line.currency
    guest_line.delete()
    own_line.save(update_fields=["reservation_id", "quantity", "unit_price_minor", "currency"])


def _lock_open_cart(cart_id: UUID) -> Cart:
    """The locked cart: two tabs of one shopper take turns."""
    cart = Cart.objects.select_for_update().filter(pk=cart_id).first()
    if cart is None:
        raise NotFound()
    if not cart.is_open:
        raise CartClosed()
    return cart


def _line_of(cart: Cart, line_id: UUID) -> CartLine:
    line = CartLine.objects.select_related("variant").filter(cart=cart, pk=line_id).first()
    if line is None:
        raise NotFound()
    return line


def _is_live(line: CartLine, *, now: datetime) -> bool:
    hold = stock.holds(reservation_ids=[line.reservation_id], now=now).get(line.reservation_id)
    return hold is not None and hold.is_live


def _hold_anew(line: CartLine, *, quantity: int, now: datetime, actor: str, counters_last: bool = False) -> CartLine:
    """Take a new hold at today's price. The cart's rows are written first and the hot row last."""
    line.reservation_id = uuid7()
    line.quantity = quantity
    line.unit_price_minor = line.variant.price_minor
    line.currency = line.variant.currency
    line.save()
    inventory.reserve(
        lines={line.variant.sku: quantity},
        token=f"line-{line.reservation_id}",
        expires_at=now + settings.HOLD_TIME,
        now=now,
        actor=actor,
        reservation_id=line.reservation_id,
        counters_last=counters_last,
    )
    return line


def _resize(line: CartLine, *, quantity: int, now: datetime, actor: str, counters_last: bool = False) -> CartLine:
    line.quantity = quantity
    line.save(update_fields=["quantity"])
    inventory.resize(
        reservation_id=line.reservation_id,
        lines={line.variant.sku: quantity},
        now=now,
        actor=actor,
        counters_last=counters_last,
    )
    return line


def _release(line: CartLine, *, reason: str, now: datetime, actor: str) -> None:
    inventory.release(reservation_id=line.reservation_id, reason=reason, actor=actor, now=now)
