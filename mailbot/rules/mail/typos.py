"""How far two words are apart when a slip of the finger is one step."""

_LONG = 10**6


def distance(one: str, other: str, limit: int) -> int:
    """Damerau-Levenshtein with adjacent swaps (optimal string alignment): letters left out, added, replaced
    or swapped with their neighbour. Anything over `limit` is told as `limit + 1`."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            steps = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            swapped = i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b
            row.append(min(steps, before_last[j - 2] + 1 if swapped else _LONG))
        if min(row) > limit:
            return limit + 1
        before_last, last = last, row
    return min(last[-1], limit + 1)
