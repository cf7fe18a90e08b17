"""What we have, what we promised, and who waits for it. Only `inventory.services` writes these tables."""

from inventory.models.line import PlaceInLine, PlaceInLineQuerySet, WaitingLine, line_key
from inventory.models.stock import (
    LedgerIsAppendOnly,
    Location,
    MovementKind,
    Reservation,
    ReservationLine,
    ReservationQuerySet,
    StockItem,
    StockItemQuerySet,
    StockMovement,
    StockMovementQuerySet,
)
from inventory.states import PlaceState, ReservationState

__all__ = [
    "LedgerIsAppendOnly",
    "Location",
    "MovementKind",
    "PlaceInLine",
    "PlaceInLineQuerySet",
    "PlaceState",
    "Reservation",
    "ReservationLine",
    "ReservationQuerySet",
    "ReservationState",
    "StockItem",
    "StockItemQuerySet",
    "StockMovement",
    "StockMovementQuerySet",
    "WaitingLine",
    "line_key",
]
