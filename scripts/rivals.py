"""What a user would write instead of the native step: torch's conv2d, and numba loops."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
import torch
from torch import Tensor

from memlab.reaction_diffusion import Kinetics

KINETICS = Kinetics()


class Field(NamedTuple):
    """Fields of R replicates: u, v (R, 1, n, n), the others (R, n, n)."""

    u: Tensor
    v: Tensor
    feed: Tensor
    kill: Tensor
    target: Tensor


def convolution_steps(steps: int, f: Field) -> None:
    """The step as one would write it in torch: circular padding and conv2d."""
    k = KINETICS
    weights = torch.tensor([[0.05, 0.2, 0.05], [0.2, -1.0, 0.2], [0.05, 0.2, 0.05]])[None, None]
    feed, kill = f.feed[:, None], f.kill[:, None]

    def laplacian(x: Tensor) -> Tensor:
        padded = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="circular")
        return torch.nn.functional.conv2d(padded, weights)

    for _ in range(steps):
        uvv = f.u * f.v * f.v
        u = f.u + k.dt * (k.diffuse_u * laplacian(f.u) - uvv + feed * (1 - f.u))
        v = f.v + k.dt * (k.diffuse_v * laplacian(f.v) + uvv - (feed + kill) * f.v)
        f.u.copy_(u.clamp(0, 1))
        f.v.copy_((v * k.decay).clamp(0, 1))


@numba.njit
def stencil_cell(  # noqa: PLR0917
    x: Any, n: Any, s: Any, left: int, here: int, right: int
) -> Any:
    """Laplacian at x[here], between the rows n and s."""
    edges = n[here] + s[here] + x[left] + x[right]
    corners = n[left] + n[right] + s[left] + s[right]
    return np.float32(0.2) * edges + np.float32(0.05) * corners - x[here]


@numba.njit
def stencil_steps(  # noqa: PLR0917
    steps: int, u: Any, v: Any, feed: Any, kill: Any, spare_u: Any, spare_v: Any
) -> None:
    """The step as one would write it in numba: a loop over the cells, (H, W)."""
    du, dv, decay = np.float32(0.16), np.float32(0.08), np.float32(0.9995)
    zero, one = np.float32(0), np.float32(1)
    height, width = feed.shape
    for _ in range(steps):
        for y in range(height):
            n, s = (y - 1 if y > 0 else height - 1), (y + 1 if y + 1 < height else 0)
            uy, un, us, vy, vn, vs = u[y], u[n], u[s], v[y], v[n], v[s]
            f, k, to_u, to_v = feed[y], kill[y], spare_u[y], spare_v[y]
            for x in range(width):
                left, right = (x - 1 if x > 0 else width - 1), (x + 1 if x + 1 < width else 0)
                cu, cv = uy[x], vy[x]
                uvv = cu * cv * cv
                lu = stencil_cell(uy, un, us, left, x, right)
                lv = stencil_cell(vy, vn, vs, left, x, right)
                to_u[x] = min(max(cu + (du * lu - uvv + f[x] * (one - cu)), zero), one)
                nv = (cv + (dv * lv + uvv - (f[x] + k[x]) * cv)) * decay
                to_v[x] = min(max(nv, zero), one)
        u, spare_u = spare_u, u
        v, spare_v = spare_v, v


@numba.njit
def padded_steps(  # noqa: PLR0917
    steps: int, u: Any, v: Any, feed: Any, kill: Any, spare_u: Any, spare_v: Any
) -> None:
    """The same over rows padded by hand for the wrap, (H, W+2): LLVM makes vectors of it."""
    du, dv, decay = np.float32(0.16), np.float32(0.08), np.float32(0.9995)
    zero, one = np.float32(0), np.float32(1)
    height, width = feed.shape
    for _ in range(steps):
        for y in range(height):
            n, s = (y - 1 if y > 0 else height - 1), (y + 1 if y + 1 < height else 0)
            uy, un, us, vy, vn, vs = u[y], u[n], u[s], v[y], v[n], v[s]
            f, k, to_u, to_v = feed[y], kill[y], spare_u[y], spare_v[y]
            for x in range(width):
                cu, cv = uy[x + 1], vy[x + 1]
                uvv = cu * cv * cv
                lu = stencil_cell(uy, un, us, x, x + 1, x + 2)
                lv = stencil_cell(vy, vn, vs, x, x + 1, x + 2)
                to_u[x + 1] = min(max(cu + (du * lu - uvv + f[x] * (one - cu)), zero), one)
                nv = (cv + (dv * lv + uvv - (f[x] + k[x]) * cv)) * decay
                to_v[x + 1] = min(max(nv, zero), one)
            to_u[0], to_u[width + 1] = to_u[width], to_u[1]
            to_v[0], to_v[width + 1] = to_v[width], to_v[1]
        u, spare_u = spare_u, u
        v, spare_v = spare_v, v


def stencil_runner(f: Field) -> Callable[[int], None]:
    """The plain numba step on a field of one replicate."""
    arrays = [x.reshape(x.shape[-2:]).numpy().copy() for x in (f.u, f.v, f.feed, f.kill)]
    spare = [np.empty_like(arrays[0]), np.empty_like(arrays[0])]
    return lambda steps: stencil_steps(steps, *arrays, *spare)


def padded_runner(f: Field) -> Callable[[int], None]:
    """The padded numba step on a field of one replicate."""
    u, v = (np.pad(x[0, 0].numpy(), ((0, 0), (1, 1)), mode="wrap") for x in (f.u, f.v))
    arrays = (u, v, f.feed[0].numpy(), f.kill[0].numpy())
    spare = (np.empty_like(u), np.empty_like(v))
    return lambda steps: padded_steps(steps, *arrays, *spare)
