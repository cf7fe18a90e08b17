"""The rows of a return, locked in order: the older order first, then the return, then the order that replaces it."""

from uuid import UUID

from orders.models import Order, ReturnLine, ReturnRequest, ReturnStatus
from orders.services.errors import ReturnMoved
from orders.services.errors.exchange import ExchangeAwaitsReturn
from shop.errors import NotFound


def lock_return(return_id: UUID) -> tuple[ReturnRequest, Order]:
    """The return and its order, locked. :raises NotFound: if there is none."""
    order_id = ReturnRequest.objects.filter(pk=return_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound()
    order = Order.objects.select_for_update().get(pk=order_id)
    asked = ReturnRequest.objects.select_for_update().get(pk=return_id)
    asked.order = order
    return asked, order


def parts_of(asked: ReturnRequest) -> list[ReturnLine]:
    """Its lines with those of the order, in primary-key order of the latter."""
    return list(ReturnLine.objects.filter(return_request=asked).select_related("order_line").order_by("order_line_id"))


def awaited_by(order_id: UUID) -> ReturnRequest | None:
    """The return that pays for an order and is not here yet, with its order; None for an order like others."""
    awaited = ReturnRequest.objects.filter(replacement_id=order_id, status=ReturnStatus.APPROVED)
    return awaited.select_related("order").first()


def refuse_awaiting(order: Order) -> None:
    """Nothing of a locked order leaves, in units or in money, before what pays it is here.

    :raises ExchangeAwaitsReturn: if the return that pays it has not come.
    """
    asked = awaited_by(order.pk)
    if asked is not None:
        raise ExchangeAwaitsReturn(order=order.number, number=asked.number, of=asked.order.number)


def moved(asked: ReturnRequest, *, verb: str) -> ReturnMoved:
    """The refusal of a verb for which a return is too far, or not far enough."""
    return ReturnMoved(number=asked.number, status=asked.get_status_display().lower(), verb=verb)
