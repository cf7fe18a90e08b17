"""The line, from the shopper's side: who waits, what they are told, and how a turn becomes a line of the cart."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from uuid6 import uuid7

from accounts.models import User
from inventory import line as lines
from inventory import queries as stock
from inventory import services as inventory
from inventory.states import PlaceState
from orders.models import Cart, CartLine, Waiting
from orders.places import place_token
from orders.services.cart import lock_open_cart, open_cart, refuse_bad_quantity, sellable_variant
from orders.services.errors import TooManyPlaces
from orders.services.limit import refuse_over_limit
from orders.services.message import write_message
from orders.services.nudge import nudge_after_commit
from shop.drops import terms_for
from shop.errors import NotFound
from shop.transactions import transactional

TELL = "orders.tasks.tell_shoppers_in_line"
BATCH = 100
CATCH_UP_SECONDS = 5
JOINED_SECONDS = 24 * 60 * 60


@transactional
def join_line(
    *,
    variant_id: UUID,
    quantity: int,
    email: str,
    user: User | AnonymousUser,
    language: str,
    token: str,
    now: datetime,
    cart_id: UUID | None = None,
) -> Waiting:
    """Wait for units of a variant that is sold out. A member is written to at the account's address, whatever `email`.

    The same token gives the first place again. The confirmation goes out at once, unless it is their turn at once.

    :raises UnknownVariant: if it is not on sale.
    :raises TooManyPlaces: if this shopper stands in LINE_PLACES_LIMIT lines.
    :raises InvalidInput: if the quantity is not a whole number within the limit of a line.
    See inventory.services.join_line for the others.
    """
    refuse_bad_quantity(quantity)
    variant = sellable_variant(variant_id)
    item = terms_for(variant, now=now).running
    known = lines.place_of(token=token)
    if known is not None:
        return Waiting.objects.select_related("variant__product").get(place_id=known)
    member = user if isinstance(user, User) else None
    address = member.email if member else email
    holder = holder_of(member=member, email=address)
    if lines.count_live_places(holders=[holder]) >= settings.LINE_PLACES_LIMIT:
        raise TooManyPlaces(limit=settings.LINE_PLACES_LIMIT)
    waiting = Waiting(
        place_id=uuid7(),
        variant=variant,
        drop_item=item,
        user=member,
        cart_id=None if member else cart_id,
        email=address,
        language=language,
        created_at=now,
    )
    waiting.save(force_insert=True)
    place = inventory.join_line(
        sku=variant.sku,
        quantity=quantity,
        token=token,
        holder=holder,
        label=address,
        place_id=waiting.place_id,
        location_id=None if item is None else item.drop.location_id,
        now=now,
    )
    if place.state == PlaceState.WAITING:
        _write(waiting, "line_joined", place=lines.places(place_ids=[place.pk], now=now)[place.pk], now=now)
    if member is not None:
        cache.set(f"line.joined:{member.pk}", True, timeout=JOINED_SECONDS)
    nudge_after_commit(TELL)
    return waiting


def has_joined_lately(*, user_id: UUID) -> bool:
    """Whether this member joined a line within a day, by whichever door. Asked on every page, so not in the database.

    A cache that forgot costs the notice above other pages in browsers that did not join themselves; the e-mail and the
    page of the line do not depend on it.
    """
    return bool(cache.get(f"line.joined:{user_id}"))


@transactional
def leave_line(*, place_id: UUID, now: datetime) -> bool:
    """Give the place up, by the shopper's own wish. False if it waits no more: then nothing is changed."""
    has_left = inventory.leave_line(place_id=place_id, reason="left by the shopper", now=now)
    if has_left:
        Waiting.objects.filter(place_id=place_id).update(is_over=True)
    return has_left


@transactional
def take_turn(
    *, place_id: UUID, user: User | AnonymousUser, cart_id: UUID | None, now: datetime, actor: str
) -> CartLine:
    """Put what is held for this turn into the cart, at the price of the moment of the offer. Its clock goes on.

    Where the cart holds some of the same already, the hold that ends last goes on with the units of both. Pressed
    twice, it is the same line.

    :raises TurnOver: if it is not this shopper's turn, or not any more.
    :raises LimitReached: if the customer would have more of a drop than its limit.
    :raises CartClosed: if the cart was ordered meanwhile.
    """
    waiting = Waiting.objects.select_related("variant__product", "drop_item__drop").filter(place_id=place_id).first()
    if waiting is None:
        raise NotFound()
    cart = lock_open_cart(cart_id or open_cart(user=user).pk)
    taken = CartLine.objects.filter(reservation_id=place_id, cart=cart).first()
    reservation = inventory.take_turn(place_id=place_id, now=now)
    if taken is not None:
        return taken
    line = _bring_into(
        cart, waiting, units=lines.places(place_ids=[place_id], now=now)[place_id].offered, now=now, actor=actor
    )
    assert reservation.pk == place_id
    Waiting.objects.filter(place_id=place_id).update(is_over=True)
    return line


@transactional
def decline_turn(*, place_id: UUID, now: datetime, actor: str) -> bool:
    """Let the offer go to the next in line. False if there is none to let go: then nothing is changed."""
    is_let_go = inventory.decline_turn(place_id=place_id, reason="declined by the shopper", actor=actor, now=now)
    if is_let_go:
        Waiting.objects.filter(place_id=place_id).update(is_over=True)
        nudge_after_commit(TELL)
    return is_let_go


@transactional
def bring_places(*, place_ids: Iterable[UUID], user: User, now: datetime) -> None:
    """Let places that a guest's browser knows go on as this member's. Nobody waits twice for one thing.

    Where both wait in one line, the earlier place stays with the units that it asked for. A turn that somebody has
    stays theirs, even if they wait there with another name, too. Places of another member are left alone.
    """
    rows = Waiting.objects.unfinished().filter(place_id__in=list(place_ids), user=None)
    own = holder_of(member=user, email=user.email)
    for waiting in rows.select_for_update().order_by("place_id"):
        if not inventory.give_place(place_id=waiting.place_id, holder=own, label=user.email):
            _keep_earlier(waiting, own=own, now=now)
        Waiting.objects.filter(place_id=waiting.place_id).update(user=user, cart=None, email=user.email)


def hand_on_expired(*, skus: Iterable[str], now: datetime) -> int | None:
    """Let nobody wait because nobody sweeps: hand on what holds of these SKUs that are past their time still keep.

    Whoever waits asks for it, at most once in CATCH_UP_SECONDS for each SKU. Returns how many holds were ended, or None
    if there was no look because somebody else had just looked.
    """
    due = [sku for sku in set(skus) if cache.add(f"line.caught_up:{sku}", True, timeout=CATCH_UP_SECONDS)]
    if not due:
        return None
    return inventory.release_expired(skus=due, now=now).expired if stock.are_due(skus=due, now=now) else 0


def tell_shoppers_in_line(*, now: datetime) -> int:
    """Write the e-mails about turns that came, passed or will not come; returns how many places were told of.

    A turn is told of after its units are held, never before. A repeat finds what was not told yet.
    """
    news = lines.places_with_news(limit=BATCH, now=now)
    return sum(_tell(place, now=now) for place in news)


def holder_of(*, member: User | None, email: str) -> str:
    """The name under which inventory knows a shopper: a member, or an address, whose spelling is no secret of ours."""
    if member is not None:
        return f"user:{member.pk}"
    return f"guest:{sha256(email.strip().lower().encode()).hexdigest()}"


@transactional
def _tell(place: lines.Place, *, now: datetime) -> bool:
    waiting = Waiting.objects.select_related("variant__product", "drop_item").filter(place_id=place.place_id).first()
    if waiting is not None and place.is_turn:
        if waiting.unit_price_minor is None:
            waiting.unit_price_minor = waiting.price_now_minor
            waiting.save(update_fields=["unit_price_minor"])
        _write(waiting, "line_turn", place=place, now=now)
    elif waiting is not None and place.state in (PlaceState.MISSED, PlaceState.CLOSED):
        _write(waiting, "line_missed" if place.is_missed else "line_over", place=place, now=now)
    elif waiting is not None and place.state in (PlaceState.LEFT, PlaceState.DECLINED):
        _write(waiting, "line_removed", place=place, now=now)
    if waiting is not None and place.is_over:
        Waiting.objects.filter(place_id=place.place_id).update(is_over=True)
    # One that is past its time and not swept yet will have other news.
    return inventory.tell(place_id=place.place_id, state=place.state)


def _bring_into(cart: Cart, waiting: Waiting, *, units: int, now: datetime, actor: str) -> CartLine:
    price = waiting.price_now_minor if waiting.unit_price_minor is None else waiting.unit_price_minor
    here = list(CartLine.objects.filter(cart=cart).select_related("drop_item__drop").order_by("pk"))
    of_it = [each for each in here if each.variant_id == waiting.variant_id and not each.is_preorder]
    line = next((each for each in of_it if each.drop_item_id == waiting.drop_item_id), None)
    if waiting.drop_item is not None:
        asks = line or CartLine(cart=cart, variant=waiting.variant, drop_item=waiting.drop_item)
        refuse_over_limit(waiting.drop_item.drop, lines=here, line=asks, quantity=units, now=now)
    own = stock.holds(reservation_ids=[line.reservation_id], now=now).get(line.reservation_id) if line else None
    if line is None or own is None or not own.is_live:
        line = line or CartLine(cart=cart, variant=waiting.variant, drop_item=waiting.drop_item)
        line.reservation_id, line.quantity = waiting.place_id, units
        line.unit_price_minor, line.currency = price, waiting.variant.currency
        line.save()
        return line
    turn = stock.holds(reservation_ids=[waiting.place_id], now=now)[waiting.place_id]
    kept, let_go = (turn, own) if turn.expires_at > own.expires_at else (own, turn)
    inventory.join(
        reservation_id=kept.reservation_id,
        other_id=let_go.reservation_id,
        reason="joined with a turn in line of the same shopper",
        actor=actor,
        now=now,
    )
    line.reservation_id, line.quantity = kept.reservation_id, line.quantity + units
    line.save(update_fields=["reservation_id", "quantity"])
    return line


def _keep_earlier(waiting: Waiting, *, own: str, now: datetime) -> None:
    """Both wait in one line: the later of the two is left. Where one has its turn, both stay as they are."""
    place = lines.places(place_ids=[waiting.place_id], now=now)[waiting.place_id]
    twin = next(
        each
        for each in lines.live_places(holders=[own], now=now)
        if (each.sku, each.location_id) == (place.sku, place.location_id)
    )
    if not place.is_waiting and not twin.is_waiting:
        return
    later = max((place, twin), key=lambda each: (each.is_waiting, each.number))
    inventory.leave_line(place_id=later.place_id, reason="joined with another place of the same shopper", now=now)
    Waiting.objects.filter(place_id=later.place_id).update(is_over=True)
    if later is twin:
        inventory.give_place(place_id=place.place_id, holder=own)


def _write(waiting: Waiting, name: str, *, place: lines.Place, now: datetime) -> None:
    context = {
        "waiting": waiting,
        "variant": waiting.variant,
        "place": place,
        "token": place_token(place.place_id),
        "turn_minutes": int(settings.TURN_TIME.total_seconds() // 60),
    }
    write_message(
        to=waiting.email, language=waiting.language, name=name, key=str(place.place_id), context=context, now=now
    )
