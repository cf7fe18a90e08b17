"""What staff and the clock do to drops: publish, withdraw, end, give the quota back. And who may come early."""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from inventory import queries as stock
from inventory import services as inventory
from orders.preflight import preflight
from orders.services.gate import tell_room
from shop.clock import day_and_time
from shop.errors import NotFound, ShopError
from shop.models import Drop, DropItem
from shop.transactions import transactional

logger = logging.getLogger(__name__)

ACTOR = "clock"


class DropNotOpen(ShopError):
    """Facts: `drop`, `slug`, `opens_at`."""

    code = "drop_not_open"
    status = 409
    detail_format = "You can prepare your details now, so that the timed part is one press."

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts)
        self.title = _("Opens %(moment)s") % {"moment": day_and_time(facts["opens_at"])}  # type: ignore[misc]


class DropOver(ShopError):
    """Facts: `drop`, `ended_at`."""

    code = "drop_over"
    status = 409
    title = "The drop is over"

    @property
    def detail(self) -> str:
        return _(
            "%(drop)s ended on %(ended_at)s. What you hold keeps its price until its time is over; "
            "more of it can be held at the usual price."
        ) % {"drop": self.facts["drop"], "ended_at": day_and_time(self.facts["ended_at"])}


class WrongCode(ShopError):
    """No drop lets anybody in early by this code, or not now: the two are never told apart."""

    code = "wrong_code"
    title = "This code opens nothing"
    field = "code"
    detail_format = "Check the spelling; capital or small letters are the same. Without a code it opens for everyone."


class NotReady(ShopError):
    """The preflight is not green. Facts: `problems` (sentences)."""

    code = "drop_not_ready"
    title = "Not published"

    @property
    def detail(self) -> str:
        return _("%(problems)s Mend it, or say why it is published all the same.") % {
            "problems": " ".join(self.facts["problems"])
        }


class DropMoved(ShopError):
    """Facts: `drop`, `status`, `verb`."""

    code = "drop_moved"
    status = 409
    title = "This drop is further already"
    detail_format = "{drop} is {status}, so it cannot be {verb}."


@transactional
def publish_drop(*, drop_id: UUID, override: str, actor: str, now: datetime) -> Drop:
    """Show a drop to shoppers and take its quota out of general stock. A published one stays as it is.

    `override` is the reason to publish against the advice of the preflight; it is kept with the name. What cannot be
    (no units, an end that is past) is refused with any reason.

    :raises NotReady: if something is not green and there is no reason, or something cannot be overridden.
    :raises StockUnavailable: if the units went to somebody else meanwhile.
    """
    drop = _lock(drop_id)
    if drop.is_published:
        return drop
    problems = [check for check in preflight(drop=drop, now=now) if not check.is_green]
    blocking = [check for check in problems if check.is_needed or not override.strip()]
    if blocking:
        raise NotReady(problems=[check.text for check in blocking])
    # A code of sixteen characters: the ids of drops begin with their time, and what follows is random.
    location = inventory.open_drop_location(code=f"drop-{drop.pk.hex[-11:]}", name=f"Drop: {drop.name}")
    inventory.move_in(
        lines={item.variant.sku: item.quota for item in _items(drop)},
        location_id=location.pk,
        reason=f"quota of {drop.slug}",
        actor=actor,
        now=now,
    )
    drop.location_id, drop.published_at, drop.published_by = location.pk, now, actor
    drop.override = override.strip()[:300] if problems else ""
    drop.save(update_fields=["location_id", "published_at", "published_by", "override"])
    tell_room(drop, now=now)
    return drop


@transactional
def withdraw_drop(*, drop_id: UUID, actor: str, now: datetime) -> Drop:
    """Take a drop that has not opened for anybody off again; its quota goes back. One that is not published stays.

    :raises DropMoved: if it has opened, if only for those who may come early: end it instead.
    """
    drop = _lock(drop_id)
    if not drop.is_published:
        return drop
    if (drop.early_at if drop.opens_early else drop.starts_at) <= now:
        raise DropMoved(drop=drop.name, status="open", verb="withdrawn: end it instead")
    assert drop.location_id is not None, "publishing has opened it"
    inventory.move_home(location_id=drop.location_id, reason=f"{drop.slug} withdrawn", actor=actor, now=now)
    drop.published_at, drop.published_by, drop.override = None, "", ""
    drop.save(update_fields=["published_at", "published_by", "override"])
    return drop


@transactional
def end_drop(*, drop_id: UUID, actor: str, now: datetime) -> Drop:
    """End a running drop now. What is held keeps its price and its time; the rest is general stock again.

    One that has ended stays ended.

    :raises DropMoved: if it has not started.
    """
    drop = _lock(drop_id)
    if drop.is_published and drop.has_ended(now=now):
        return drop
    if not drop.is_running(now=now):
        raise DropMoved(drop=drop.name, status="not open yet", verb="ended: withdraw it instead")
    drop.ends_at = now
    drop.save(update_fields=["ends_at"])
    assert drop.location_id is not None, "publishing has opened it"
    inventory.move_home(location_id=drop.location_id, reason=f"{drop.slug} ended", actor=actor, now=now)
    tell_room(drop, now=now)
    return drop


def give_back_quotas(*, now: datetime) -> int:
    """Put what nobody was promised in drops that are over back into general stock; returns how many units.

    What is held or paid for stays until it is resolved, and goes back at a later tick. Several workers may run it at
    once, and a repeat finds nothing to do. A drop that fails is logged, and the others go on.
    """
    places = [drop.location_id for drop in Drop.objects.past(now=now) if drop.location_id is not None]
    inventory.close_lines_at(location_ids=places, reason="the drop is over", now=now)
    moved = 0
    for drop in _with_idle_units(Drop.objects.past(now=now)):
        try:
            moved += _give_back(drop, now=now)
        except Exception:
            logger.exception("The quota of drop %s cannot be given back.", drop.slug)
    return moved


@transactional
def give_back_sku(*, sku: str, now: datetime) -> int:
    """The same for the drops that are over and had this SKU: before anyone is told that general stock has none.

    So nothing depends on a clock in the background being alive.
    """
    drops = Drop.objects.past(now=now).filter(items__variant__sku=sku)
    return sum(_give_back(drop, now=now) for drop in _with_idle_units(drops))


def enter_code(*, code: str, now: datetime, slug: str | None = None) -> list[Drop]:
    """The published drops that this code opens early; with a `slug`, that one alone. It stays right until their end.

    The door counts tries.

    :raises WrongCode: if there is none.
    """
    drops = Drop.objects.current(now=now).filter(early_minutes__gt=0).exclude(early_code="")
    if slug is not None:
        drops = drops.filter(slug=slug)
    typed = code.strip().casefold()
    opened = [drop for drop in drops.order_by("pk") if constant_time_compare(drop.early_code.strip().casefold(), typed)]
    if not opened:
        raise WrongCode()
    return opened


def _give_back(drop: Drop, *, now: datetime) -> int:
    assert drop.location_id is not None, "its location has units"
    return inventory.move_home(location_id=drop.location_id, reason=f"{drop.slug} is over", actor=ACTOR, now=now)


def _with_idle_units(drops: Iterable[Drop]) -> list[Drop]:
    known = {drop.location_id: drop for drop in drops if drop.location_id is not None}
    return [known[location_id] for location_id in sorted(stock.with_idle_units(location_ids=known))]


def _items(drop: Drop) -> list[DropItem]:
    return list(DropItem.objects.filter(drop=drop).select_related("variant").order_by("position", "pk"))


def _lock(drop_id: UUID) -> Drop:
    drop = Drop.objects.select_for_update().filter(pk=drop_id).first()
    if drop is None:
        raise NotFound()
    return drop
