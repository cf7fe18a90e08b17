"""Who bought in a drop, by everything that tells one customer from another."""

from typing import Self

from django.db import models
from django.db.models import F, Sum

from orders.models.order import Order, OrderLine, OrderStatus
from shop.models import Drop

# Orders that keep no unit: what they had counts for nobody.
GIVEN_UP = (OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REFUNDED)


class DropCustomer(models.Model):
    """One mark of a customer in a drop: an account, an e-mail address, a postal address or a means of payment.

    `key` is a keyed digest, not the thing itself. Whoever counts the units of a mark locks its row first.
    """

    drop = models.ForeignKey(Drop, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=80)
    orders = models.ManyToManyField(Order, through="DropPurchase", related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["drop", "key"], name="dropcustomer_one_per_key")]

    def __str__(self) -> str:
        return self.key


class DropPurchaseQuerySet(models.QuerySet["DropPurchase"]):
    """Purchases by whose they are."""

    def of_marks(self, *, drop: Drop, keys: list[str]) -> Self:
        """Those of a customer who bears any of these marks."""
        return self.filter(customer__drop=drop, customer__key__in=keys)


class DropPurchase(models.Model):
    """An order that bears a mark."""

    customer = models.ForeignKey(DropCustomer, on_delete=models.CASCADE, related_name="purchases")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+")

    objects = DropPurchaseQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "order"], name="droppurchase_once")]

    def __str__(self) -> str:
        return f"{self.order_id} by {self.customer_id}"


def units_ordered(*, drop: Drop, keys: list[str], except_order: Order | None = None) -> dict[str, int]:
    """Units of a drop in the orders that bear any of these marks, as `waiting` for payment and `paid`. One query."""
    orders = DropPurchase.objects.of_marks(drop=drop, keys=keys).values("order_id")
    lines = OrderLine.objects.filter(drop_item__drop=drop, order__in=orders).exclude(order__status__in=GIVEN_UP)
    if except_order is not None:
        lines = lines.exclude(order=except_order)
    rows = lines.values_list("order__status").annotate(units=Sum(F("quantity") - F("cancelled")))
    units = {"waiting": 0, "paid": 0}
    for status, count in rows:
        units["waiting" if status == OrderStatus.AWAITING_PAYMENT else "paid"] += count
    return units
