"""Numbers have no gap and no duplicate, whoever takes them at once."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from cashline.platform import sql
from cashline.platform.numbering.actions import Series, take_numbers
from tests.support.cluster import Database
from tests.support.world import make_world


def test_sixty_four_issuers_leave_no_gap_and_no_duplicate(committed_db: Database) -> None:
    world = make_world()
    german = Series("invoice", "DE01", 2026, world.berlin)
    american = Series("invoice", "US01", 2026, world.boston)

    def issue(worker: int) -> list[str]:
        try:
            taken: list[str] = []
            for turn in range(5):
                try:
                    with transaction.atomic():
                        wanted = {german: 2, american: 1} if worker % 2 else {american: 1, german: 2}
                        numbers = take_numbers(wanted)
                        if (worker + turn) % 7 == 0:
                            raise InterruptedError
                except InterruptedError:
                    continue
                taken += numbers[german] + numbers[american]
            return taken
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=64) as pool:
        taken = [number for numbers in pool.map(issue, range(64)) for number in numbers]
    assert len(taken) == len(set(taken)) > 800
    last = dict(sql.fetch("SELECT e.code, s.next - 1 FROM number_series s JOIN legal_entities e ON e.id = s.entity_id"))
    for code in ("DE01", "US01"):
        found = sorted(int(number.rsplit("-", 1)[1]) for number in taken if code in number)
        assert found == list(range(1, last[code] + 1))
