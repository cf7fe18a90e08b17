"""`manage.py seed`, and the documents that are drawn from the code."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from inventory import queries as stock
from orders import queries as orders
from orders.models import Order
from shop.models import Product, Variant
from tests.books import everything

pytestmark = pytest.mark.django_db


def test_seed_fills_a_shop_whose_books_are_right() -> None:
    call_command("seed")

    assert Product.objects.count() == 47
    assert Variant.objects.get(sku="IPH-13PM").price_minor == 25_000_000
    assert stock.available_to_promise(skus=["IPH-13PM"], now=timezone.now())["IPH-13PM"].free == 1
    assert User.objects.filter(email__in=["admin@admin.com", "user1@user.com", "user4@user.com"]).count() == 3
    assert sorted(Order.objects.values_list("status", flat=True)) == ["AWAITING_PAYMENT", "FULFILLED", "PAID"]
    assert stock.prove() == []
    assert orders.prove_owed() == []


def test_seed_again_changes_nothing() -> None:
    call_command("seed")
    before = everything()
    call_command("seed")
    assert everything() == before


def test_seed_outside_the_demo_is_refused(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="public password"):
        call_command("seed")
    assert not User.objects.exists()


@pytest.mark.parametrize("document", ["domain_document", "api_document"])
def test_generated_document_is_up_to_date(document: str) -> None:
    call_command(document, "--check")
