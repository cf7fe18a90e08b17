"""What a page asks does not depend on how many products there are: forty or a hundred thousand."""

from typing import Any

import pytest
from django.test import Client

from tests.shelves import fill_shelf

pytestmark = pytest.mark.django_db

# What a guest's page asks as a new process, and while the catalogue stays as it is.
PAGES = {
    "/": (5, 1),
    "/c/many/": (5, 1),
    "/c/many/?page=2&trait=brand:Tenun&sort=price&lowest=100100": (4, 1),
    "/search/?q=many+39": (6, 1),
    # Six where something is free: what is sold out asks also whether its line can be joined.
    "/p/many-7/": (7, 1),
    # Which of them are sold out changes with every hold, so it is known anew at each look.
    "/c/many/?stock=gone": (4, 4),
}


@pytest.mark.parametrize("count", [40, 100_000])
def test_pages_of_a_guest_ask_as_little_of_many_products(django_assert_num_queries: Any, count: int) -> None:
    for _ in fill_shelf("many", count):
        pass

    for address, (cold, warm) in PAGES.items():
        with django_assert_num_queries(cold):
            assert Client().get(address).status_code == 200
        with django_assert_num_queries(warm):
            Client().get(address)
