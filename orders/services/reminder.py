"""An e-mail before a hold ends, and one when it has ended, for those who asked for it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from inventory import queries as stock
from orders.models import Cart, CartLine, HoldReminder
from orders.services.errors import CartClosed
from orders.services.message import write_message
from shop.transactions import transactional

REMIND_BEFORE = timedelta(minutes=2)
BATCH = 200


@transactional
def ask_for_reminder(*, cart_id: UUID, email: str, language: str, now: datetime) -> HoldReminder:
    """Write to this address before a hold of this cart ends. Asked again, the last address counts.

    :raises CartClosed: if the cart was ordered or merged.
    """
    cart = Cart.objects.open().select_for_update().filter(pk=cart_id).first()
    if cart is None:
        raise CartClosed()
    wish = {"email": email, "language": language}
    reminder, _ = HoldReminder.objects.update_or_create(
        cart=cart, defaults=wish, create_defaults={**wish, "created_at": now}
    )
    return reminder


def forget_reminder(*, cart_id: UUID) -> None:
    """Write no such e-mail. Nothing happens if none was asked for."""
    HoldReminder.objects.filter(cart_id=cart_id).delete()


def write_hold_messages(*, now: datetime) -> int:
    """Write the e-mails that are due; returns how many. Each end of a hold is told of once before, and once after.

    A look without locks finds the carts; what it found is looked at again under the lock of the cart, so a hold that
    was extended, let go or ordered meanwhile is not spoken of.
    """
    written, after = 0, 0
    while batch := list(HoldReminder.objects.filter(pk__gt=after).order_by("pk")[:BATCH]):
        after = batch[-1].pk
        written += sum(_write(cart_id=cart_id, now=now) for cart_id in _with_news(batch, now=now))
    return written


def _with_news(reminders: list[HoldReminder], *, now: datetime) -> Iterable[UUID]:
    """The carts in which a hold ends soon or has ended, or that are no carts any more."""
    ids = [reminder.cart_id for reminder in reminders]
    lines = list(CartLine.objects.filter(cart__in=ids, cart__status="OPEN").values_list("cart_id", "reservation_id"))
    holds = stock.holds(reservation_ids=[reservation_id for _, reservation_id in lines], now=now)
    calm = {
        cart_id
        for cart_id in ids
        if (own := [holds[reservation_id] for line_cart, reservation_id in lines if line_cart == cart_id])
        and all(hold.is_live and hold.expires_at - now > REMIND_BEFORE for hold in own)
    }
    return [cart_id for cart_id in ids if cart_id not in calm]


@transactional
def _write(*, cart_id: UUID, now: datetime) -> int:
    cart = Cart.objects.select_for_update().get(pk=cart_id)
    reminder = HoldReminder.objects.filter(cart=cart).first()
    if reminder is None:
        return 0
    lines = list(CartLine.objects.filter(cart=cart).select_related("variant__product").order_by("pk"))
    holds = stock.holds(reservation_ids=[line.reservation_id for line in lines], now=now) if cart.is_open else {}
    written = 0
    for line in lines if cart.is_open else []:
        hold = holds[line.reservation_id]
        if hold.is_live and hold.expires_at - now <= REMIND_BEFORE:
            written += _tell("hold_ending", reminder, line, hold, now=now)
        elif not hold.is_live and (hold.ended_at or hold.expires_at) > reminder.created_at:
            written += _tell("hold_ended", reminder, line, hold, now=now)
    if not any(hold.is_live for hold in holds.values()):
        reminder.delete()
    return written


def _tell(name: str, reminder: HoldReminder, line: CartLine, hold: stock.Hold, *, now: datetime) -> bool:
    context = {
        "line": line,
        "ends_at": hold.expires_at,
        "minutes": int(REMIND_BEFORE.total_seconds() // 60),
        "extension_minutes": int(settings.HOLD_EXTENSION.total_seconds() // 60),
        "can_extend": hold.extensions_left > 0,
    }
    return write_message(
        to=reminder.email,
        language=reminder.language,
        name=name,
        key=f"{line.reservation_id}:{hold.expires_at.timestamp():.0f}",
        context=context,
        now=now,
    )
