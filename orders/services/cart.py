"""The cart: every line is held, with its own clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from uuid6 import uuid7

from accounts.models import User
from inventory import queries as stock
from inventory import services as inventory
from orders.models import CART_STATES, Cart, CartLine, Checkout
from orders.queries import CART_TOKEN_SALT, cart_id_in
from orders.services.drop import DropNotOpen, DropOver, give_back_sku
from orders.services.errors import CartClosed, UnknownVariant
from orders.services.fair_play import (
    claim_for_address,
    hold_time,
    note_lapse,
    refuse_burst,
    refuse_over_share,
)
from orders.services.gate import refuse_without_pass
from orders.services.limit import refuse_over_limit
from orders.services.preorder import offer_of, offered
from shop.drops import NOBODY, ORDINARY, Access, Terms, places_of, terms_for, terms_of, with_drops
from shop.errors import InvalidInput, NotFound, ShopError
from shop.models import DropItem, Variant
from shop.room import services as room
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
        with_drops(Variant.objects.select_related("product"))
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
        raise InvalidInput(
            field="quantity",
            problem=_("Enter a whole number from 1 to %(MAX_UNITS_PER_LINE)s.")
            % {"MAX_UNITS_PER_LINE": settings.MAX_UNITS_PER_LINE},
        )


def refuse_sold_out(*, variant: Variant, quantity: int, now: datetime, terms: Terms = ORDINARY) -> None:
    """Refuse what nothing is left of, before anything is opened or locked for it. Writes nothing.

    Where a drop is coming, or one that is over may have something left, nothing is refused before that was looked at.

    :raises StockUnavailable: if nothing can be promised to anybody.
    :raises PreorderOffered: instead, if it could be pre-ordered.
    """
    if terms.running is None and (terms.coming or terms.over):
        return
    location_id = _location_of(terms.running)
    try:
        inventory.refuse_sold_out(sku=variant.sku, units=quantity, now=now, location_id=location_id)
    except inventory.StockUnavailable as error:
        offer = None if terms.running else offer_of(sku=variant.sku, units=1, now=now)
        if offer is not None:
            raise offered(offer, refusal=error) from error
        raise


@transactional
def add_to_cart(
    *,
    cart_id: UUID,
    variant_id: UUID,
    quantity: int,
    now: datetime,
    actor: str,
    counters_last: bool = False,
    access: Access = NOBODY,
    accepts_backorder: bool = False,
) -> CartLine:
    """Hold `quantity` more units of a variant in this cart. A line that is there already grows and keeps its clock.

    While a drop runs, its things come from its quota at its price, and are lines of their own. `access` says which
    drops let this shopper in early. Units in the building come first; only with `accepts_backorder`, and where staff
    allow it, they become a pre-order, which is a line of its own, too.

    Not idempotent: each call adds. A door that may repeat itself brings an idempotency key, and `counters_last`, so
    that its answer is written before the hot row is locked.

    :raises UnknownVariant: if it is not on sale.
    :raises StockUnavailable: if they are not free; what was held stays held.
    :raises PreorderOffered: instead, if they could be pre-ordered.
    :raises DropNotOpen: instead, if they are in a drop that opens later.
    :raises LimitReached: if the drop allows this customer fewer.
    :raises RoomPassNeeded: if a waiting room stands in front of the drop, and `access` has no pass of this cart's.
    :raises HoldLimit, TooFast: if one shopper or one internet address would hold too many, or tries too often.
    :raises InvalidInput: if the quantity is not a whole number within the limit of a line.
    """
    refuse_bad_quantity(quantity)
    refuse_burst(address=access.address, now=now)
    variant = sellable_variant(variant_id)
    cart = lock_open_cart(cart_id)
    terms = terms_for(variant, now=now, access=access)
    lines = _lines_of(cart)
    is_beyond = accepts_backorder and _is_beyond(terms, variant, units=quantity, now=now)
    known = _line_under(terms, lines=lines, variant=variant, is_preorder=is_beyond)
    line = known or CartLine(cart=cart, variant=variant)
    is_live = not line._state.adding and _is_live(line, now=now)
    total = line.quantity + quantity if is_live else quantity
    refuse_bad_quantity(total)
    _refuse_unfair(terms.running, cart=cart, lines=lines, line=line, quantity=total, now=now, access=access)
    if is_beyond:
        _take_terms(line, more=quantity, now=now)
    if is_live:
        return _resize(line, quantity=total, now=now, actor=actor, access=access, counters_last=counters_last)
    return _hold_anew(
        line, terms=terms, quantity=total, now=now, actor=actor, access=access, counters_last=counters_last
    )


@transactional
def set_quantity(
    *, cart_id: UUID, line_id: UUID, quantity: int, now: datetime, actor: str, access: Access = NOBODY
) -> CartLine:
    """Hold exactly `quantity` units in this line. Clock and price stay; the same quantity twice changes nothing.

    :raises HoldEnded: if the line is no longer held.
    :raises StockUnavailable: if the additional units are not free; what was held stays held.
    :raises PreorderOffered: instead, if they could be pre-ordered: that is added, as a line of its own.
    :raises DropOver: if there should be more of a line that was held in a drop, and the drop is over.
    :raises LimitReached, RoomPassNeeded, HoldLimit: as add_to_cart, if there should be more.
    :raises InvalidInput: if the quantity is not a whole number within the limit of a line.
    """
    refuse_bad_quantity(quantity)
    cart = lock_open_cart(cart_id)
    line = _line_of(cart, line_id)
    if quantity > line.quantity:
        item, lines = line.drop_item, _lines_of(cart)
        if item is not None and item.drop.has_ended(now=now):
            raise DropOver(drop=item.drop.name, ended_at=item.drop.ends_at)
        _refuse_unfair(item, cart=cart, lines=lines, line=line, quantity=quantity, now=now, access=access)
    return _resize(line, quantity=quantity, now=now, actor=actor, access=access)


@transactional
def remove_line(*, cart_id: UUID, line_id: UUID, now: datetime, actor: str) -> None:
    """Let the units of this line go and forget the line. It is gone then: a repeat finds nothing.

    :raises NotFound: if this cart has no such line.
    """
    cart = lock_open_cart(cart_id)
    line = _line_of(cart, line_id)
    _note_if_lapsed([line], cart=cart, now=now)
    _release(line, reason="let go by the shopper", now=now, actor=actor)
    line.delete()


@transactional
def extend_hold(*, cart_id: UUID, line_id: UUID, now: datetime) -> CartLine:
    """Keep this line for HOLD_EXTENSION longer. See inventory.services.extend for the refusals."""
    line = _line_of(lock_open_cart(cart_id), line_id)
    inventory.extend(reservation_id=line.reservation_id, now=now)
    return line


@transactional
def hold_again(
    *,
    cart_id: UUID,
    line_id: UUID,
    now: datetime,
    actor: str,
    access: Access = NOBODY,
    accepts_backorder: bool = False,
) -> CartLine:
    """Take a new hold for a line whose hold has ended, as it is sold now. A live line is left as it is.

    Where another line of the cart has today's terms already, that one grows, and this one is gone. The terms of a
    pre-order were taken once, and count again as long as the day is the same.

    :raises StockUnavailable: if the units are not free; the line stays on the shelf.
    :raises PreorderOffered, DropNotOpen, LimitReached, RoomPassNeeded, HoldLimit: as add_to_cart.
    :raises UnknownVariant: if it is not on sale any more.
    """
    cart = lock_open_cart(cart_id)
    line = _line_of(cart, line_id)
    if _is_live(line, now=now):
        return line
    variant = line.variant = sellable_variant(line.variant_id)
    terms = terms_for(variant, now=now, access=access)
    accepts = accepts_backorder or _took_these_terms(line, now=now)
    is_beyond = accepts and _is_beyond(terms, variant, units=line.quantity, now=now)
    others = [each for each in _lines_of(cart) if each.pk != line.pk]
    if _line_under(terms, lines=others, variant=variant, is_preorder=is_beyond) is not None:
        _note_if_lapsed([line], cart=cart, now=now)
        line.delete()
        return add_to_cart(
            cart_id=cart.pk,
            variant_id=variant.pk,
            quantity=line.quantity,
            now=now,
            actor=actor,
            access=access,
            accepts_backorder=accepts,
        )
    _refuse_unfair(terms.running, cart=cart, lines=others, line=line, quantity=line.quantity, now=now, access=access)
    line.is_preorder, line.arrives_on = False, None
    if is_beyond:
        _take_terms(line, more=line.quantity, now=now)
    return _hold_anew(line, terms=terms, quantity=line.quantity, now=now, actor=actor, access=access)


@transactional
def empty_cart(*, cart_id: UUID, now: datetime, actor: str) -> None:
    """Let everything go. An empty cart stays empty."""
    cart = lock_open_cart(cart_id)
    lines = list(CartLine.objects.filter(cart=cart).order_by("reservation_id"))
    _note_if_lapsed(lines, cart=cart, now=now)
    for line in lines:
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
    own_lines = {_terms_of_line(line): line for line in CartLine.objects.filter(cart=own)}
    for line in CartLine.objects.filter(cart=guest).order_by("pk"):
        twin = own_lines.get(_terms_of_line(line))
        if twin is None:
            line.cart = own
            line.save(update_fields=["cart"])
        else:
            _join(line, twin, now=now, actor=user.email)
    if CartLine.objects.filter(cart=own, drop_item__drop__has_room=True).exists():
        room.move_passes(from_cart_id=guest.pk, to_cart_id=own.pk)
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


def lock_open_cart(cart_id: UUID) -> Cart:
    """The locked cart: two tabs of one shopper take turns."""
    cart = Cart.objects.select_for_update().filter(pk=cart_id).first()
    if cart is None:
        raise NotFound()
    if not cart.is_open:
        raise CartClosed()
    return cart


def _line_of(cart: Cart, line_id: UUID) -> CartLine:
    line = _with_terms(CartLine.objects.filter(cart=cart, pk=line_id)).first()
    if line is None:
        raise NotFound()
    return line


def _lines_of(cart: Cart) -> list[CartLine]:
    lines = list(_with_terms(CartLine.objects.filter(cart=cart)).order_by("pk"))
    for line in lines:
        # The locked one, with what was read of it.
        line.cart = cart
    return lines


def _with_terms(lines: QuerySet[CartLine]) -> QuerySet[CartLine]:
    return lines.select_related("variant", "drop_item__drop", "cart")


def _terms_of_line(line: CartLine) -> tuple[UUID, int | None, bool]:
    """What keeps the lines of one cart apart."""
    return line.variant_id, line.drop_item_id, line.is_preorder


def _line_under(terms: Terms, *, lines: list[CartLine], variant: Variant, is_preorder: bool) -> CartLine | None:
    """The line that is held under these terms, or was."""
    wanted = (variant.pk, None if terms.running is None else terms.running.pk, is_preorder)
    return next((line for line in lines if _terms_of_line(line) == wanted), None)


def _is_beyond(terms: Terms, variant: Variant, *, units: int, now: datetime) -> bool:
    """Whether so many can only be had as a pre-order, as far as it is seen without a lock. In a drop, nothing can."""
    if terms.running is not None:
        return False
    seen = stock.available_to_promise(skus=[variant.sku], now=now, at=places_of({variant.sku: terms}))
    return seen[variant.sku].free < units and offer_of(sku=variant.sku, units=units, now=now) is not None


def _took_these_terms(line: CartLine, *, now: datetime) -> bool:
    """Whether the terms of the pre-order that this line was are those of today."""
    offer = offer_of(sku=line.variant.sku, units=1, now=now) if line.is_preorder else None
    return offer is not None and offer.arrives_on == line.arrives_on


def _take_terms(line: CartLine, *, more: int, now: datetime) -> None:
    """Make it the line of a pre-order of `more` units: those in the building first, the rest beyond."""
    offer = offer_of(sku=line.variant.sku, units=more, now=now)
    assert offer is not None, "_is_beyond has seen it in this transaction"
    line.is_preorder, line.arrives_on = True, offer.arrives_on


def _is_live(line: CartLine, *, now: datetime) -> bool:
    hold = stock.holds(reservation_ids=[line.reservation_id], now=now).get(line.reservation_id)
    return hold is not None and hold.is_live


def _refuse_unfair(
    item: DropItem | None,
    *,
    cart: Cart,
    lines: list[CartLine],
    line: CartLine,
    quantity: int,
    now: datetime,
    access: Access,
) -> None:
    """Everything that keeps a shopper from so many units in this line beside their number: room, limits, fair play."""
    if item is not None:
        refuse_without_pass(item.drop, cart=cart, access=access, now=now)
        refuse_over_limit(item.drop, lines=lines, line=line, quantity=quantity, now=now)
    refuse_over_share(cart=cart, lines=lines, line=line, sku=line.variant.sku, quantity=quantity, now=now)


def _note_if_lapsed(lines: list[CartLine], *, cart: Cart, now: datetime) -> None:
    """Count the holds of these lines that ran out: each once, when its line goes or is held again."""
    if not settings.LAPSES_ALLOWED or not lines:
        return
    holds = stock.holds(reservation_ids=[line.reservation_id for line in lines], now=now)
    for line in lines:
        hold = holds.get(line.reservation_id)
        if hold is not None and hold.has_run_out:
            note_lapse(cart, now=now)


def _hold_anew(
    line: CartLine,
    *,
    terms: Terms,
    quantity: int,
    now: datetime,
    actor: str,
    access: Access,
    counters_last: bool = False,
) -> CartLine:
    """Take a new hold as it is sold now. The cart's rows are written first and the hot row last."""
    item = terms.running
    if not line._state.adding:
        _note_if_lapsed([line], cart=line.cart, now=now)
    usual = settings.HOLD_TIME if item is None else timedelta(minutes=item.drop.hold_minutes)
    line.reservation_id = uuid7()
    line.quantity = quantity
    line.drop_item = item
    line.unit_price_minor = terms.price_minor(line.variant)
    line.currency = line.variant.currency
    line.save()

    reserve = partial(
        inventory.reserve,
        lines={line.variant.sku: quantity},
        token=f"line-{line.reservation_id}",
        expires_at=now + hold_time(line.cart, usual=usual, now=now),
        now=now,
        actor=actor,
        reservation_id=line.reservation_id,
        counters_last=counters_last,
        may_backorder=line.is_preorder,
        location_id=_location_of(item),
        renewal_limit=None if item is None else item.drop.renewals,
    )
    _claim_and_take(reserve, line=line, before=0, now=now, access=access)
    return line


def _resize(
    line: CartLine, *, quantity: int, now: datetime, actor: str, access: Access, counters_last: bool = False
) -> CartLine:
    before, line.quantity = line.quantity, quantity
    line.save(update_fields=["quantity", "is_preorder", "arrives_on"])
    resize = partial(
        inventory.resize,
        reservation_id=line.reservation_id,
        lines={line.variant.sku: quantity},
        now=now,
        actor=actor,
        counters_last=counters_last,
        may_backorder=line.is_preorder,
        location_id=_location_of(line.drop_item),
    )
    _claim_and_take(resize, line=line, before=before, now=now, access=access)
    return line


def _claim_and_take(take: Callable[[], object], *, line: CartLine, before: int, now: datetime, access: Access) -> None:
    """Count the units to the caller's address, then take them; if there are none, it stays with the units before."""
    claim = partial(claim_for_address, address=access.address, reservation_id=line.reservation_id, now=now)
    claim(quantity=line.quantity)
    try:
        _or_from_drops(take, line=line, now=now)
    except ShopError:
        claim(quantity=before)
        raise


def _or_from_drops(take: Callable[[], object], *, line: CartLine, now: datetime) -> None:
    """Take units. Where general stock has too few, get back what drops that are over have left, and take again.

    :raises StockUnavailable: if there are not enough even then.
    :raises DropNotOpen: instead, if a drop with them is coming.
    :raises PreorderOffered: instead, if the shopper could take them as a pre-order.
    """
    try:
        take()
    except inventory.StockUnavailable as error:
        sku = line.variant.sku
        terms = terms_of(skus=[sku], now=now).get(sku, ORDINARY) if line.drop_item is None else ORDINARY
        if terms.over and give_back_sku(sku=sku, now=now):
            _or_from_drops(take, line=line, now=now)
        elif terms.coming is not None:
            drop = terms.coming.drop
            raise DropNotOpen(drop=drop.name, slug=drop.slug, opens_at=drop.starts_at) from error
        elif offer := None if line.drop_item or line.is_preorder else offer_of(sku=sku, units=1, now=now):
            raise offered(offer, refusal=error) from error
        else:
            raise


def _location_of(item: DropItem | None) -> int | None:
    """Where it is held: at the location of the drop, or at any ordinary one."""
    return None if item is None else item.drop.location_id


def _release(line: CartLine, *, reason: str, now: datetime, actor: str) -> None:
    inventory.release(reservation_id=line.reservation_id, reason=reason, actor=actor, now=now)
