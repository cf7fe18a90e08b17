"""Whatever shoppers, staff and the clock do: each freed unit goes to the next in line, in order and exactly once."""

from uuid import uuid4

import pytest
from django.conf import settings
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, multiple, rule, run_state_machine_as_test

from inventory import services
from inventory.models import PlaceInLine, PlaceState, Reservation, StockItem
from inventory.queries import available_to_promise
from tests.factories import ACTOR
from tests.inventory.test_machine import SKUS, Stockroom

HOLDERS = st.sampled_from(["ayu", "budi", "citra", "dewi", "eka", "fajar"])


class StockroomWithLine(Stockroom):
    """The same stockroom with a line for each SKU, and a book of who came when."""

    places = Bundle("places")

    def __init__(self) -> None:
        super().__init__()
        # SKU to those who wait, in the order in which they have to be served.
        self.book: dict[str, list[object]] = {sku: [] for sku in SKUS}
        self.offered: set[object] = set()

    @initialize(on_hand=st.lists(st.integers(0, 2), min_size=4, max_size=4), backorder_limit=st.integers(0, 1))
    def open_shop(self, on_hand: list[int], backorder_limit: int) -> None:
        super().open_shop(on_hand, backorder_limit)

    @rule(target=Stockroom.reservations, sku=st.sampled_from(SKUS))
    def sell_out(self, sku: str) -> object:
        free = available_to_promise(skus=[sku], now=self.now)[sku].free
        return self.reserve({sku: free}, 10) if free else multiple()

    @rule(target=places, sku=st.sampled_from(SKUS), units=st.integers(1, 2), holder=HOLDERS)
    def join_line(self, sku: str, units: int, holder: str) -> object:
        free = available_to_promise(skus=[sku], now=self.now)[sku].free
        is_there = PlaceInLine.objects.live().filter(line__sku=sku, holder=holder).exists()
        try:
            place = services.join_line(sku=sku, quantity=units, token=str(uuid4()), holder=holder, now=self.now)
        except services.NotSoldOut:
            assert free >= units
            return multiple()
        except services.AlreadyInLine:
            assert is_there
            return multiple()
        except services.LineClosed:
            return multiple()
        assert free < units
        self.book[sku].append(place.pk)
        return place.pk

    @rule(sku=st.sampled_from(SKUS), units=st.lists(st.integers(1, 2), min_size=2, max_size=4))
    def queue_up(self, sku: str, units: list[int]) -> None:
        self.sell_out(sku)
        for number, quantity in enumerate(units):
            self.join_line(sku, quantity, f"guest {number}")

    @rule(sku=st.sampled_from(SKUS), place=st.sampled_from(["NEAR", "FAR"]), units=st.integers(1, 2))
    def deliver(self, sku: str, place: str, units: int) -> None:
        services.receive(sku=sku, location=place, quantity=units, reason="delivery", actor=ACTOR, now=self.now)

    @rule(pk=places)
    def leave_line(self, pk: object) -> None:
        waited = self._state(pk) == PlaceState.WAITING
        assert services.leave_line(place_id=pk, reason="", now=self.now) == waited
        self._forget(pk)

    @rule(pk=places)
    def take_turn(self, pk: object) -> None:
        may = self._state(pk) in (PlaceState.OFFERED, PlaceState.TAKEN) and self._is_live(pk)
        try:
            services.take_turn(place_id=pk, now=self.now)
        except services.TurnOver:
            assert not may
        else:
            assert may
            assert self._state(pk) == PlaceState.TAKEN

    @rule(pk=places)
    def pay_for_turn(self, pk: object) -> None:
        if self._state(pk) == PlaceState.TAKEN and self._is_live(pk):
            services.commit(reservation_ids=[pk], actor=ACTOR, now=self.now)

    @rule(pk=places)
    def decline_turn(self, pk: object) -> None:
        # One past its time may be let go as well as it may expire: the unit goes on to the next.
        had_turn = self._state(pk) == PlaceState.OFFERED
        assert services.decline_turn(place_id=pk, reason="", actor=ACTOR, now=self.now) == had_turn

    @rule(pk=places, to_front=st.booleans())
    def move(self, pk: object, to_front: bool) -> None:
        try:
            place = services.move_in_line(place_id=pk, to_front=to_front, reason="test")
        except services.NotWaiting:
            assert self._state(pk) != PlaceState.WAITING
            return
        book = self.book[place.line.sku]
        book.remove(pk)
        book.insert(0 if to_front else len(book), pk)

    @rule(sku=st.sampled_from(SKUS), is_open=st.booleans())
    def close_or_open(self, sku: str, is_open: bool) -> None:
        services.set_line_open(sku=sku, is_open=is_open, now=self.now)
        if not is_open:
            self.book[sku].clear()

    @rule(seconds=st.sampled_from([899, 900]))
    def wait_for_a_turn_to_pass(self, seconds: int) -> None:
        self.wait(seconds=seconds)
        services.expire_due(now=self.now)

    @invariant()
    def turns_come_in_order_and_once(self) -> None:
        known = dict(PlaceInLine.objects.values_list("pk", "state"))
        for sku, book in self.book.items():
            served = [pk for pk in book if known[pk] != PlaceState.WAITING]
            assert served == book[: len(served)], "served out of order"
            assert self.offered.isdisjoint(served), "served twice"
            self.offered.update(served)
            self.book[sku] = book[len(served) :]
        waiting = set(PlaceInLine.objects.waiting().values_list("pk", flat=True))
        assert waiting == {pk for book in self.book.values() for pk in book}

    @invariant()
    def nothing_is_free_while_somebody_waits(self) -> None:
        for sku in SKUS:
            if PlaceInLine.objects.waiting().filter(line__sku=sku).exists():
                items = StockItem.objects.filter(variant=sku)
                assert not any(item.on_hand > item.held + item.allocated for item in items)

    @invariant()
    def an_offer_is_a_hold_with_the_rules_of_a_turn(self) -> None:
        for place in PlaceInLine.objects.exclude(offered_at=None):
            offer = Reservation.objects.get(pk=place.pk)
            if place.state == PlaceState.OFFERED:
                assert offer.state == "HELD"
            assert offer.expires_at == place.offered_at + settings.TURN_TIME
            assert offer.renewals == 0

    def _state(self, pk: object) -> str:
        return PlaceInLine.objects.values_list("state", flat=True).get(pk=pk)

    def _forget(self, pk: object) -> None:
        for book in self.book.values():
            if pk in book:
                book.remove(pk)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_line_is_kept_after_every_step_of_any_history() -> None:
    run_state_machine_as_test(
        StockroomWithLine,
        settings=hypothesis_settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            # A failure is reported as it was found: shrinking it would take minutes. Add Phase.shrink to look closer.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
