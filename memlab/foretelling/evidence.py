"""What a cue says of each place where patterns are of symbols."""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from memlab.space import Cue


def evidence(cue: Cue, symbols: int, wrong: float) -> Tensor:
    """How likely what is seen at a place is for each symbol there, ``(R, C, size, A)`` float32.

    What is certain is so; what is given is wrong with this chance, and then any other symbol.
    """
    values = torch.where(cue.given, cue.values, 0).flatten(2).long()
    same = one_hot(values, symbols).to(torch.float32)
    loose = same * (1 - wrong) + (1 - same) * (wrong / (symbols - 1))
    given, certain = cue.given.flatten(2)[..., None], cue.certain.flatten(2)[..., None]
    return torch.where(certain, same, torch.where(given, loose, 1.0))
