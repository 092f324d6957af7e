"""The k-winners-take-all of Hebbian layers: exactly k units win, whatever their values."""

import torch
from torch import Tensor

from memlab.native import available, ffi, lib, pointer

NAN = "fields must not be NaN; a layer whose weights are finite has no such one"


def check_winners(winners: int, units: int) -> None:
    """Raise ValueError where no layer of so many units has so many winners."""
    if not 1 <= winners <= units:
        raise ValueError(f"winners must be in [1, units={units}], got {winners}")


def won(fields: Tensor, winners: int) -> Tensor:
    """The winners of ``fields (…, H)``: bool of that shape, exactly k true in every row.

    The largest win; of equal ones at the border the lower index does. ValueError for NaN, which
    could neither win nor lose. In C where that is built; both give the same.
    """
    check_winners(winners, fields.shape[-1])
    if available() and fields.device.type == "cpu" and fields.dtype == torch.float32:
        return _won_in_c(fields.contiguous(), winners)
    return won_in_torch(fields, winners)


def won_in_torch(fields: Tensor, winners: int) -> Tensor:
    """The same by a sort of the largest, on any device."""
    top = fields.topk(winners, -1).values
    if bool(top[..., 0].isnan().any()):
        raise ValueError(NAN)
    border = top[..., -1:]
    at_least = fields >= border
    if int(at_least.sum()) == winners * border.numel():
        return at_least
    above = fields > border
    open_places = winners - above.sum(-1, keepdim=True)
    tied = at_least & ~above
    return above | (tied & (tied.cumsum(-1) <= open_places))


def _won_in_c(fields: Tensor, winners: int) -> Tensor:
    answer = torch.empty(fields.shape, dtype=torch.bool)
    work = torch.empty(2 * winners)
    units = fields.shape[-1]
    status = lib.ml_winners(
        fields.numel() // units,
        units,
        winners,
        pointer("fields", fields, fields.shape),
        ffi.cast("uint8_t *", answer.data_ptr()),
        pointer("work", work, work.shape),
    )
    if status != lib.ML_OK:
        raise ValueError(NAN)
    return answer


def binary(codes: Tensor) -> Tensor:
    """Codes as float32 zeros and ones, to calculate with."""
    return codes.to(torch.float32)
