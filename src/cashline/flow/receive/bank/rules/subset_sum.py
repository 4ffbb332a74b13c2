"""Which open items add up to a payment: an exact search with a bound on its steps."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubsetSearch:
    """The subsets found (as positions), and whether every subset was looked at."""

    subsets: tuple[tuple[int, ...], ...]
    is_complete: bool


def find_subsets(amounts: Sequence[int], target: int, *, max_steps: int, max_found: int = 3) -> SubsetSearch:
    """Subsets of at least two positive `amounts` (smallest units) that sum to `target`, larger amounts first.

    Branches that cannot reach the target, or pass it, are cut; the search stops after `max_steps` branches or
    `max_found` subsets and then says that it is not complete.
    """
    order = sorted(range(len(amounts)), key=lambda position: (-amounts[position], position))
    values = [amounts[position] for position in order]
    if any(value <= 0 for value in values):
        raise ValueError("Only positive amounts can be searched.")
    rest = [0] * (len(values) + 1)
    for position in range(len(values) - 1, -1, -1):
        rest[position] = rest[position + 1] + values[position]
    found: list[tuple[int, ...]] = []
    steps = 0
    stack: list[tuple[int, int, tuple[int, ...]]] = [(0, target, ())]
    while stack:
        position, missing, chosen = stack.pop()
        steps += 1
        if steps > max_steps or len(found) >= max_found:
            return SubsetSearch(tuple(found), is_complete=False)
        if missing == 0:
            if len(chosen) > 1:
                found.append(tuple(sorted(order[each] for each in chosen)))
            continue
        if position == len(values) or rest[position] < missing:
            continue
        stack.append((position + 1, missing, chosen))
        if values[position] <= missing:
            stack.append((position + 1, missing - values[position], (*chosen, position)))
    return SubsetSearch(tuple(found), is_complete=True)
