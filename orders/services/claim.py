"""A guest's order finds its member.

Whoever claims an order has to be signed in, and either reads its e-mail address (verified), or proved to know the
order: placed it in this browser, or found it by number and e-mail. An order that is somebody's stays theirs. A claim
takes nothing away: who can find the order can still find it, and its address is told by e-mail.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from accounts.models import User
from orders import queries
from orders.models import Order, OrderEventKind
from orders.services.message import write_order_message
from orders.services.timeline import note
from shop.errors import NotFound
from shop.transactions import transactional


@transactional
def claim_order(*, order_id: UUID, user: User, now: datetime, known_ids: Iterable[str] = ()) -> Order:
    """Put a guest's order into this member's account. One that is there already stays as it is.

    `known_ids` are the orders that the caller's door saw the member prove to know.

    :raises NotFound: if there is none, it is somebody else's, or the member has no claim: they are never told apart.
    """
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    if order.user_id == user.pk:
        return order
    if not queries.may_claim(order, user=user, known_ids=known_ids):
        raise NotFound()
    order.user = user
    order.save(update_fields=["user"])
    # Whoever finds the order by number and e-mail reads this too, so it does not say whose account it is.
    note(order, OrderEventKind.CLAIMED, "Added to an account.", actor=user.email, now=now)
    write_order_message(order, name="order_claimed", now=now)
    return order


@transactional
def claim_found_orders(*, user: User, now: datetime) -> list[Order]:
    """Put every guest's order that was placed with a verified address of this member into the account.

    Returns those that were claimed now: a second time, none.
    """
    claimed = []
    for order in sorted(queries.unclaimed_orders(user=user), key=lambda order: order.pk):
        # Somebody who knew it as well may have been quicker.
        with suppress(NotFound):
            claimed.append(claim_order(order_id=order.pk, user=user, now=now))
    return claimed
