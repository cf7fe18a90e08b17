"""Back in stock: who asked is told once, when units are free that nobody in line waits for."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.core import signing

from inventory import queries as stock
from orders.models import StockNotice
from orders.services.errors import TooManyNotices, UnknownVariant
from orders.services.message import write_message
from shop.models import Variant
from shop.transactions import transactional

STOP_SALT = "orders.stock_notice"
MOST_NOTICES = 50
# One free unit makes so many shoppers curious, in the order in which they asked; the next tick tells the next ones.
TOLD_PER_UNIT = 5
BATCH = 200


@transactional
def ask_for_notice(*, variant_id: UUID, email: str, language: str, now: datetime) -> StockNotice:
    """Write to this address once when the variant is free again. Asked twice, it is one wish.

    :raises UnknownVariant: if there is no such variant on sale.
    :raises TooManyNotices: if this address waits for fifty things already.
    """
    if not Variant.objects.filter(pk=variant_id, is_active=True, product__is_published=True).exists():
        raise UnknownVariant()
    email = email.strip().lower()
    waiting = StockNotice.objects.filter(email=email).exclude(variant_id=variant_id).count()
    if waiting >= MOST_NOTICES:
        raise TooManyNotices(limit=MOST_NOTICES)
    notice, _ = StockNotice.objects.get_or_create(
        variant_id=variant_id, email=email, defaults={"language": language, "created_at": now}
    )
    return notice


@transactional
def stop_notices(*, email: str, variant_id: UUID | None = None) -> int:
    """Forget every wish of this address, or the one for a variant; returns how many there were."""
    notices = StockNotice.objects.filter(email=email.strip().lower())
    if variant_id is not None:
        notices = notices.filter(variant_id=variant_id)
    return notices.delete()[0]


def stop_token(email: str) -> str:
    """What the stop link of an e-mail carries: it proves that somebody reads this address."""
    return signing.dumps(email.strip().lower(), salt=STOP_SALT)


def address_in(token: str) -> str | None:
    """The address that a stop link was made for, or None if it was not made here."""
    try:
        return str(signing.loads(token, salt=STOP_SALT))
    except signing.BadSignature:
        return None


def write_stock_notices(*, now: datetime) -> int:
    """Write the e-mails that are due; returns how many. Two workers at once write none twice.

    Whoever asked first is told first, and no more of them than the free units can interest.
    """
    written = 0
    waiting = StockNotice.objects.values_list("variant_id", "variant__sku").distinct().order_by("variant_id")
    for batch in _in_batches(list(waiting)):
        availability = stock.available_to_promise(skus=[sku for _, sku in batch], now=now)
        for variant_id, sku in batch:
            most = availability[sku].free * TOLD_PER_UNIT
            first = StockNotice.objects.filter(variant_id=variant_id).order_by("created_at", "pk")[:most]
            written += sum(
                _tell(notice_id=notice_id, now=now) for notice_id in list(first.values_list("pk", flat=True))
            )
    return written


@transactional
def _tell(*, notice_id: UUID, now: datetime) -> bool:
    """The wish goes and the e-mail comes in one transaction: whoever finds it gone has nothing to tell."""
    notice = StockNotice.objects.select_for_update().select_related("variant__product").filter(pk=notice_id).first()
    if notice is None:
        return False
    written = write_message(
        to=notice.email,
        language=notice.language,
        name="back_in_stock",
        key=str(notice.pk),
        context={"variant": notice.variant, "product": notice.variant.product, "stop": stop_token(notice.email)},
        now=now,
    )
    notice.delete()
    return written


def _in_batches(rows: list[tuple[UUID, str]]) -> Iterable[list[tuple[UUID, str]]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
