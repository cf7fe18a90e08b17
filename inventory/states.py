"""Where a reservation and a place in line can stand, and every step there is."""

from django.db import models

from shop.states import StateMachine, Transition


class ReservationState(models.TextChoices):
    """Where a reservation stands. HELD is the only one that it can leave."""

    HELD = "HELD", "Held"
    COMMITTED = "COMMITTED", "Committed"
    RELEASED = "RELEASED", "Released"
    EXPIRED = "EXPIRED", "Expired"


RESERVATION_STATES = StateMachine(
    name="Reservation",
    start=ReservationState.HELD,
    transitions=(
        Transition(ReservationState.HELD, "commit", ReservationState.COMMITTED),
        Transition(ReservationState.HELD, "release", ReservationState.RELEASED),
        Transition(ReservationState.HELD, "expire", ReservationState.EXPIRED),
    ),
)


class PlaceState(models.TextChoices):
    """Where a place in line stands. Only WAITING and OFFERED ones are live."""

    WAITING = "WAITING", "Waiting"
    OFFERED = "OFFERED", "At their turn"
    TAKEN = "TAKEN", "Taken"
    MISSED = "MISSED", "Missed"
    DECLINED = "DECLINED", "Declined"
    LEFT = "LEFT", "Left"
    CLOSED = "CLOSED", "Line closed"


PLACE_STATES = StateMachine(
    name="Place in line",
    start=PlaceState.WAITING,
    transitions=(
        Transition(PlaceState.WAITING, "offer", PlaceState.OFFERED),
        Transition(PlaceState.WAITING, "leave", PlaceState.LEFT),
        Transition(PlaceState.WAITING, "close", PlaceState.CLOSED),
        Transition(PlaceState.OFFERED, "take", PlaceState.TAKEN),
        Transition(PlaceState.OFFERED, "miss", PlaceState.MISSED),
        Transition(PlaceState.OFFERED, "decline", PlaceState.DECLINED),
    ),
)
