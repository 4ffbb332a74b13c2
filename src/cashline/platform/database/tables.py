"""What the tables of all domains have in common: UUIDv7 keys and exact columns for money, rates and quantities."""

import uuid
from enum import StrEnum
from typing import Any

from django.db import models

from cashline.kernel.identifiers import new_id


class Table(models.Model):
    """A table with a UUIDv7 key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True

    pk: uuid.UUID


def amount_column(**options: Any) -> "models.DecimalField[Any, Any]":
    """An amount of money in major units, up to 4 decimals."""
    return models.DecimalField(max_digits=20, decimal_places=4, **options)


def rate_column(**options: Any) -> "models.DecimalField[Any, Any]":
    """A price for one unit, or a percentage: up to 10 decimals."""
    return models.DecimalField(max_digits=24, decimal_places=10, **options)


def quantity_column(**options: Any) -> "models.DecimalField[Any, Any]":
    """A quantity, up to 6 decimals."""
    return models.DecimalField(max_digits=20, decimal_places=6, **options)


def currency_column(**options: Any) -> "models.TextField[Any, Any]":
    """An ISO 4217 code."""
    return models.TextField(max_length=3, **options)


def instant_column(**options: Any) -> "models.DateTimeField[Any, Any]":
    """A moment in UTC; the clock of the doors fills it, never the database."""
    return models.DateTimeField(**options)


def status_column(choices: Any, **options: Any) -> "models.TextField[Any, Any]":
    """A status; only the lifecycle of its document changes it."""
    if isinstance(options.get("db_default"), StrEnum):
        options["db_default"] = options["db_default"].value
    return models.TextField(choices=[(choice.value, choice.value) for choice in choices], **options)


def link_to(to: str, **options: Any) -> "models.ForeignKey[Any, Any]":
    """A reference to another row; the row it points at cannot be deleted."""
    options.setdefault("related_name", "+")
    return models.ForeignKey(to, on_delete=models.PROTECT, **options)
