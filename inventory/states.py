"""Where a reservation can stand, and every step there is."""

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
