"""The only writer of stock: every verb refuses, locks, rechecks and writes, in one transaction."""

from inventory.services.errors import (
    BelowPromised,
    CounterDrifted,
    ExtensionLimitReached,
    ExtensionTooEarly,
    HoldEnded,
    NotAway,
    NotCommitted,
    NotOnHand,
    StockMoved,
    StockUnavailable,
    UnknownReservation,
    UnknownStockItem,
)
from inventory.services.expiry import ExpiryReport, expire_due, release_expired
from inventory.services.outcome import commit, fulfil, give_back, has_arrived, take_back, write_off
from inventory.services.reservation import extend, extend_to, join, release, reserve, resize
from inventory.services.stock import adjust, open_location, receive, set_backorder_limit
from inventory.services.transfer import move_home, move_in, open_drop_location

__all__ = [
    "BelowPromised",
    "CounterDrifted",
    "ExpiryReport",
    "ExtensionLimitReached",
    "ExtensionTooEarly",
    "HoldEnded",
    "NotAway",
    "NotCommitted",
    "NotOnHand",
    "StockMoved",
    "StockUnavailable",
    "UnknownReservation",
    "UnknownStockItem",
    "adjust",
    "commit",
    "expire_due",
    "extend",
    "extend_to",
    "fulfil",
    "give_back",
    "has_arrived",
    "join",
    "move_home",
    "move_in",
    "open_drop_location",
    "open_location",
    "receive",
    "release",
    "release_expired",
    "reserve",
    "resize",
    "set_backorder_limit",
    "take_back",
    "write_off",
]
