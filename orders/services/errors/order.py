"""What an order, its parcels and its returns refuse, in words for a customer or for staff."""

from shop.errors import ShopError


class OrderNotPayable(ShopError):
    """Facts: `number`, `status`."""

    code = "order_not_payable"
    status = 409
    title = "This order cannot be paid"
    detail_format = "Order {number} is {status}. Nothing was charged."


class OrderNotCancellable(ShopError):
    """Facts: `number`, `status`."""

    code = "order_not_cancellable"
    status = 409
    title = "This order cannot be cancelled"
    detail_format = "Order {number} is {status}. Only what is neither packed nor sent can be cancelled."


class OrderNotFulfillable(ShopError):
    """Facts: `number`, `status`."""

    code = "order_not_fulfillable"
    status = 409
    title = "This order cannot be sent"
    detail_format = "Order {number} is {status}. Only a paid order is sent."


class OrderHeldBack(ShopError):
    """Facts: `number`."""

    code = "order_held_back"
    status = 409
    title = "This order is held back"
    detail_format = (
        "The bank took back a payment of order {number}. Settle that first; until then nothing of it is sent."
    )


class OrderOnBackorder(ShopError):
    """Facts: `number`."""

    code = "order_on_backorder"
    status = 409
    title = "Its units are not here yet"
    detail_format = (
        "Order {number} waits for a delivery: what is on hand belongs to others who bought before. "
        "It can be packed once its units have arrived."
    )


class NotThatManyLeft(ShopError):
    """Facts: `sku`, `asked`, `left`, `verb`."""

    code = "not_that_many_left"
    status = 409
    title = "There are fewer left"
    field = "units"
    detail_format = "{asked} of {sku} asked for, but {left} are left to {verb}. Look at the order again."


class NothingChosen(ShopError):
    """Facts: `verb`."""

    code = "nothing_chosen"
    title = "Nothing chosen"
    field = "units"
    detail_format = "Choose at least one unit to {verb}."


class ReturnTooEarly(ShopError):
    """Facts: `number`."""

    code = "return_too_early"
    status = 409
    title = "Nothing to return yet"
    detail_format = "Nothing of order {number} was sent yet. Cancel it instead, as long as it is not packed."


class ReturnTooLate(ShopError):
    """Facts: `number`, `days`, `until`."""

    code = "return_too_late"
    status = 409
    title = "The time to return it is over"
    detail_format = (
        "Returns are possible for {days} days after the last parcel left. For this order that was until {until}. "
        "Write to us if something is wrong with it."
    )


class ReturnMoved(ShopError):
    """Facts: `number`, `status`, `verb`."""

    code = "return_moved"
    status = 409
    title = "This return is further already"
    detail_format = "Return {number} is {status}, so it cannot be {verb}."


class NothingCameBack(ShopError):
    """Facts: `number`."""

    code = "nothing_came_back"
    title = "Nothing came"
    field = "units"
    detail_format = "Enter what came of return {number}. If nothing will come, close it instead."


class ShipmentMoved(ShopError):
    """Facts: `number`, `status`, `verb`."""

    code = "shipment_moved"
    status = 409
    title = "This parcel is elsewhere already"
    detail_format = "Parcel {number} is {status}, so it cannot be {verb}."
