"""The worker: procrastinate's periodic tasks wake our work; `wake` asks for it at once, after the commit.

A task does nothing but call a function that finds its work in the tables, so a lost or doubled wake-up is harmless.
"""

import contextlib
from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.db import close_old_connections, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


def _call(path: str) -> None:
    module, _, name = path.rpartition(".")
    function: Callable[[], Any] = getattr(import_module(module), name)
    close_old_connections()
    try:
        function()
    finally:
        close_old_connections()


@app.periodic(cron="* * * * *")
@app.task(name="cashline.minute", queueing_lock="cashline.minute", pass_context=False)
def minute(timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate passes it
    """Do what should not wait."""
    _call("cashline.surfaces.cli.working.minute")


@app.periodic(cron="7 * * * *")
@app.task(name="cashline.day", queueing_lock="cashline.day", pass_context=False)
def day(timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate passes it
    """Do the work of the business day; every hour, since entities have days of their own."""
    _call("cashline.surfaces.cli.working.day")


@app.periodic(cron="* * * * *")
@app.task(name="cashline.snapshots", queueing_lock="cashline.snapshots", lock="cashline.snapshots", pass_context=False)
def snapshots(timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate passes it
    """Read figures over all the books, one worker at a time and beside what should not wait."""
    _call("cashline.surfaces.cli.working.snapshots")


def wake() -> None:
    """Ask a worker to look now, once this transaction has committed."""
    transaction.on_commit(_defer_minute)


def _defer_minute() -> None:
    with contextlib.suppress(AlreadyEnqueued):
        minute.defer()


def wake_snapshots() -> None:
    """Ask a worker to read what figures were requested, once this transaction has committed."""
    transaction.on_commit(_defer_snapshots)


def _defer_snapshots() -> None:
    with contextlib.suppress(AlreadyEnqueued):
        snapshots.defer()
