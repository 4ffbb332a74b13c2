"""The worker process: what the clock of this database makes due, over and over."""

from cashline.platform.clock.queries import read_clock


def minute() -> None:
    """What should not wait."""
    from cashline.flow.schedule import run_minute

    while run_minute(now=read_clock().now):
        pass


def day() -> None:
    """What a business day brings."""
    from cashline.flow.schedule import run_day

    clock = read_clock()
    run_day(today=clock.today(), now=clock.now)


def snapshots() -> None:
    """The figures over all the books that are asked for or no longer fresh."""
    from cashline.flow.schedule import FIGURES
    from cashline.platform.snapshots.actions import refresh_snapshots

    refresh_snapshots(FIGURES, now=read_clock().now)


def work(*, once: bool) -> None:
    """Run procrastinate's worker until stopped; `once` does what is due and returns."""
    if once:
        day()
        minute()
        snapshots()
        return
    from procrastinate.contrib.django import app

    from cashline.platform.jobs import worker as tasks

    tasks.wake()
    with app.replace_connector(app.connector.get_worker_connector()) as running:  # type: ignore[attr-defined]
        running.run_worker(queues=None, concurrency=3, install_signal_handlers=True, listen_notify=True)
