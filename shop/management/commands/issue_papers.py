"""`manage.py issue_papers`: the papers that orders from before there were invoices have not."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders import queries, services


class Command(BaseCommand):
    """Issue what is missing, order by order, the oldest first."""

    help = "Issue the invoices and credit notes that paid orders lack, with the next numbers. A repeat issues none."

    def handle(self, *args: Any, **options: Any) -> None:
        orders = queries.orders_without_papers()
        issued = sum(services.issue_missing_papers(order_id=order_id, now=timezone.now()) for order_id in orders)
        self.stdout.write(f"{issued} papers issued for {len(orders)} orders.")
