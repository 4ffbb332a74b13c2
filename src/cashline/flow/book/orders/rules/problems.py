"""What can be wrong with an order: one refusal for each thing, with its place, its line and its fix."""

from cashline.kernel.refusals import Conflict, InvalidValue, NotFound, Refusal


class UnknownCustomer(NotFound):
    """No such customer."""

    code = "unknown_customer"


class CustomerNotActive(Refusal):
    """The customer is blocked or closed."""

    code = "customer_not_active"
    status = 409


class UnknownEntity(NotFound):
    """No such legal entity."""

    code = "unknown_entity"


class OrderCurrencyDiffers(Refusal):
    """An order is kept in its customer's currency."""

    code = "order_currency_differs"


class NoLines(InvalidValue):
    """An order has at least one line."""

    code = "order_without_lines"


class TooManyLines(InvalidValue):
    """An order has more lines than any that makes sense."""

    code = "order_too_long"


class UnknownProduct(NotFound):
    """No such product."""

    code = "unknown_product"


class ProductNotSold(Refusal):
    """The product is no longer sold."""

    code = "product_not_sold"


class InvalidQuantity(InvalidValue):
    """The quantity is not positive, too large or too fine."""

    code = "invalid_quantity"


class InvalidPrice(InvalidValue):
    """The price or the discount is out of range."""

    code = "invalid_price"


class NoPrice(Refusal):
    """Neither the order nor the price book has a price."""

    code = "no_price"


class IntervalNeeded(Refusal):
    """It is not clear how often the line is billed."""

    code = "interval_needed"


class InvalidTerm(InvalidValue):
    """The interval or the term does not suit the product."""

    code = "invalid_term"


class DiscountOverAuthority(Refusal):
    """The price is lower than whoever enters the order may give."""

    code = "discount_over_authority"


class InvalidOrderDate(InvalidValue):
    """A date is out of range."""

    code = "invalid_order_date"


class InvalidReference(InvalidValue):
    """A reference is too long or empty."""

    code = "invalid_reference"


class OrderReferenceReused(Conflict):
    """The buyer's reference stands for another order."""

    code = "order_reference_reused"
