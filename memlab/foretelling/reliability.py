"""How often comes what was foretold with some chance: the sums behind a reliability diagram."""

import torch
from torch import Tensor

DECADES, PER_DECADE = 4, 5
BINS = DECADES * PER_DECADE + 1  # of chances: one for the rarest, then five in each decade up to 1
EDGES = tuple(10 ** (k / PER_DECADE - DECADES) for k in range(BINS - 1))  # between the bins


def reliability(chances: Tensor, symbols: Tensor, valid: Tensor) -> Tensor:
    """The sum of the chances, how many of them came true, and how many there are ``(R, 3, BINS)``.

    ``chances (R, C, size, A)`` at the symbols that came ``(R, C, size)``, where valid.
    """
    came = torch.zeros_like(chances, dtype=torch.float64)
    came.scatter_(-1, symbols.long()[..., None], 1.0)
    counts = valid[..., None].expand(chances.shape).double()
    edges = torch.tensor(EDGES, dtype=chances.dtype, device=chances.device)
    bins = torch.bucketize(chances, edges, right=True).flatten(1)  # (R, C size A)
    sums = [x.flatten(1) for x in (chances.double() * counts, came * counts, counts)]
    empty = torch.zeros(len(chances), BINS, dtype=torch.float64, device=chances.device)
    return torch.stack([empty.scatter_add(1, bins, x) for x in sums], dim=1)
