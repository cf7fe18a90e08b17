"""Staff screens of the stock: counters, ledger, reservations, locations."""

from inventory.admin.ledger import StockMovementAdmin
from inventory.admin.location import LocationAdmin
from inventory.admin.reservation import ReservationAdmin
from inventory.admin.stock import StockItemAdmin

__all__ = ["LocationAdmin", "ReservationAdmin", "StockItemAdmin", "StockMovementAdmin"]
