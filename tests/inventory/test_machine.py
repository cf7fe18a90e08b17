"""Whatever shoppers, staff and the clock do, in whatever order: the laws hold after every step."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import transaction
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from inventory import services
from inventory.models import Reservation, ReservationState, StockItem
from inventory.queries import available_to_promise, holds, prove
from shop.errors import ShopError
from tests.factories import ACTOR, ARRIVES_ON, NOW, LocationFactory, StockItemFactory, VariantFactory

SKUS = ("ALPHA", "BETA")
QUANTITIES = st.integers(1, 4)
BASKETS = st.dictionaries(st.sampled_from(SKUS), QUANTITIES, min_size=1)


class Stockroom(RuleBasedStateMachine):
    """Two SKUs at two locations, a clock that goes on, and everything that can be done to a hold."""

    reservations = Bundle("reservations")

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        transaction.get_connection().atomic_blocks[-1]._from_testcase = True
        self.now = NOW
        self.last_seen: dict[object, str] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @initialize(on_hand=st.lists(st.integers(0, 6), min_size=4, max_size=4), backorder_limit=st.integers(0, 2))
    def open_shop(self, on_hand: list[int], backorder_limit: int) -> None:
        places = [LocationFactory(code=code, priority=priority) for code, priority in (("NEAR", 1), ("FAR", 2))]
        variants = [VariantFactory(sku=sku) for sku in SKUS]
        pairs = [(variant, place) for variant in variants for place in places]
        for (variant, place), units in zip(pairs, on_hand, strict=True):
            StockItemFactory(variant=variant, location=place, on_hand=units, backorder_limit=backorder_limit)

    @rule(seconds=st.sampled_from([1, 60, 179, 180, 600]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=reservations, lines=BASKETS, minutes=st.integers(1, 10))
    def reserve(self, lines: dict[str, int], minutes: int) -> object:
        free = available_to_promise(skus=lines, now=self.now)
        ends = self.now + timedelta(minutes=minutes)
        try:
            made = services.reserve(
                lines=lines, token=str(uuid4()), expires_at=ends, now=self.now, actor=ACTOR, may_backorder=True
            )
        except services.StockUnavailable:
            assert any(free[sku].free + free[sku].beyond < units for sku, units in lines.items()), "a false sold out"
            return multiple()
        assert all(free[sku].free + free[sku].beyond >= units for sku, units in lines.items()), "oversold"
        return made.pk

    @rule(pk=reservations)
    def extend(self, pk: object) -> None:
        before = self._row(pk)
        try:
            services.extend(reservation_id=pk, now=self.now)
        except (services.HoldEnded, services.ExtensionTooEarly, services.ExtensionLimitReached):
            assert self._row(pk) == before
            return
        assert before["state"] == ReservationState.HELD
        assert before["expires_at"] > self.now, "revived"
        assert self._row(pk)["renewals"] == before["renewals"] + 1 <= settings.HOLD_EXTENSION_LIMIT

    @rule(pk=reservations, lines=BASKETS)
    def resize(self, pk: object, lines: dict[str, int]) -> None:
        live = self._is_live(pk)
        try:
            services.resize(reservation_id=pk, lines=lines, now=self.now, actor=ACTOR)
        except services.HoldEnded:
            assert not live
        except services.StockUnavailable:
            assert live
        else:
            assert live

    @rule(pk=reservations)
    def release(self, pk: object) -> None:
        was_held = self._row(pk)["state"] == ReservationState.HELD
        assert services.release(reservation_id=pk, reason="", actor=ACTOR, now=self.now) == was_held

    @rule(pk=reservations, other=reservations)
    def join(self, pk: object, other: object) -> None:
        if pk == other:
            return
        both_live = self._is_live(pk) and self._is_live(other)
        try:
            services.join(reservation_id=pk, other_id=other, reason="one shopper", actor=ACTOR, now=self.now)
        except services.HoldEnded:
            assert not both_live
        else:
            assert both_live

    @rule(pk=reservations)
    def commit(self, pk: object) -> None:
        may = self._is_live(pk) or self._row(pk)["state"] == ReservationState.COMMITTED
        try:
            services.commit(reservation_ids=[pk], actor=ACTOR, now=self.now)
        except services.HoldEnded:
            assert not may
        else:
            assert may

    @rule(limit=st.integers(1, 5))
    def sweep(self, limit: int) -> None:
        due = Reservation.objects.due(now=self.now).count()
        report = services.expire_due(now=self.now, limit=limit)
        assert (report.expired, report.set_aside) == (min(due, limit), 0)

    @rule(pk=reservations, sku=st.sampled_from(SKUS), units=QUANTITIES)
    def fulfil(self, pk: object, sku: str, units: int) -> None:
        self._allow(services.fulfil, services.NotCommitted, services.NotOnHand, reservation_id=pk, lines={sku: units})

    @rule(pk=reservations, sku=st.sampled_from(SKUS), units=QUANTITIES)
    def give_back(self, pk: object, sku: str, units: int) -> None:
        self._allow(
            services.give_back, services.NotCommitted, reservation_id=pk, lines={sku: units}, reason="cancelled"
        )

    @rule(sku=st.sampled_from(SKUS), place=st.sampled_from(["NEAR", "FAR"]), change=st.integers(-4, 4).filter(bool))
    def adjust(self, sku: str, place: str, change: int) -> None:
        item = StockItem.objects.get(variant_id=sku, location__code=place)
        self._allow(services.adjust, services.BelowPromised, stock_item_id=item.pk, change=change, reason="count")

    @rule(sku=st.sampled_from(SKUS), place=st.sampled_from(["NEAR", "FAR"]), limit=st.integers(0, 3))
    def set_backorder_limit(self, sku: str, place: str, limit: int) -> None:
        item = StockItem.objects.get(variant_id=sku, location__code=place)
        self._allow(
            services.set_backorder_limit,
            services.BelowPromised,
            stock_item_id=item.pk,
            limit=limit,
            arrives_on=ARRIVES_ON,
            reason="season",
        )

    @invariant()
    def promises_stay_within_stock(self) -> None:
        for row in StockItem.objects.all():
            assert row.held + row.allocated <= row.on_hand + row.backorder_limit
            assert min(row.on_hand, row.held, row.allocated, row.backorder_limit) >= 0

    @invariant()
    def counters_agree_with_the_rows(self) -> None:
        assert prove() == []

    @invariant()
    def states_never_go_back(self) -> None:
        for pk, state in Reservation.objects.values_list("pk", "state"):
            before = self.last_seen.get(pk, ReservationState.HELD)
            assert before in (ReservationState.HELD, state)
            self.last_seen[pk] = state

    @invariant()
    def expired_counts_for_nothing(self) -> None:
        ids = list(Reservation.objects.values_list("pk", flat=True))
        known = holds(reservation_ids=ids, now=self.now)
        assert not any(hold.is_live and hold.expires_at <= self.now for hold in known.values())
        live = dict.fromkeys(SKUS, 0)
        for row in Reservation.objects.live(now=self.now).prefetch_related("lines"):
            for line in row.lines.all():
                live[line.sku] += line.quantity
        seen = available_to_promise(skus=SKUS, now=self.now)
        assert {sku: seen[sku].held for sku in SKUS} == live

    def _allow(self, service: object, *refusals: type[ShopError], **arguments: object) -> None:
        """Call the service; these refusals are fine, anything else is a finding."""
        try:
            service(**arguments, actor=ACTOR, now=self.now)
        except refusals:
            return

    def _row(self, pk: object) -> dict[str, object]:
        return Reservation.objects.filter(pk=pk).values().get()

    def _is_live(self, pk: object) -> bool:
        return Reservation.objects.live(now=self.now).filter(pk=pk).exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_laws_hold_after_every_step_of_any_history() -> None:
    run_state_machine_as_test(
        Stockroom,
        settings=hypothesis_settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            # A failure is reported as it was found: shrinking it would take minutes. Add Phase.shrink to look closer.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
