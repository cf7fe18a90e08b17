"""A web worker is killed in the middle of a request that carries a key: the key works again at once."""

import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import MySQLdb
import pytest
import requests

from tests.drill.house import House
from tests.drill.private import SCARCE

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

SOON_SECONDS = 1


@contextmanager
def stock_locked(house: House) -> Iterator[None]:
    """Hold the hot row, so that whoever adds to a cart stands in the middle of a transaction."""
    found = re.fullmatch(r"mysql://(\w+):(\w+)@([\d.]+):(\d+)/(\w+)", house.shop.env["DATABASE_URL"])
    assert found is not None
    user, password, host, port, name = found.groups()
    connection = MySQLdb.connect(user=user, passwd=password, host=host, port=int(port), db=name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM inventory_stockitem FOR UPDATE")
        cursor.fetchall()
        yield
    connection.rollback()
    connection.close()


def test_key_of_a_killed_request_works_again_at_once(house: House) -> None:
    goods = house.prepare(shoppers=1, stocks={SCARCE: 5})["goods"][SCARCE]
    body = {"product_id": goods["variant_id"], "qty": 1}
    key = {"Idempotency-Key": uuid4().hex}

    def add() -> Any:
        return requests.post(f"{house.shop.url}/api/v1/cart", json=body, headers=key, timeout=20)

    with ThreadPoolExecutor() as threads:
        with stock_locked(house):
            first = threads.submit(add)
            time.sleep(0.7)
            second = threads.submit(add)
            time.sleep(0.5)
            for worker in house.shop.web.workers():
                os.kill(worker, signal.SIGKILL)
            with pytest.raises(requests.ConnectionError):
                first.result(timeout=10)
            told = _told(second)
        house.shop.wait_until_ready()
    freed_at = time.monotonic()
    answer = add()
    while answer.status_code == 409:
        time.sleep(0.05)
        answer = add()
    waited_seconds = time.monotonic() - freed_at

    assert told in {"died with the first", "409 idempotency_key_in_use, again after 1"}
    # The grant is one statement: where the database had it already, it ends it without its caller, and the same call
    # is answered from what was kept. Where it had not, nothing is left and the same call runs. One unit either way.
    assert answer.status_code == 201
    assert waited_seconds < SOON_SECONDS
    assert add().json() == answer.json()
    # Its time began with the call that was killed, so it may be over by now.
    (kept,) = house.books().reservations
    assert kept.units == {SCARCE: 1}
    assert house.prove_stock()[0]


def _told(second: Future[Any]) -> str:
    """What became of the second call: it waits beside the first in one process, or is told by another."""
    try:
        answer = second.result(timeout=10)
    except requests.ConnectionError:
        return "died with the first"
    return f"{answer.status_code} {answer.json()['code']}, again after {answer.headers['Retry-After']}"
