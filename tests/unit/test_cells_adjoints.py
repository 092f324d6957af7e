import pytest
import torch

from tests.unit import cell_adjoints
from tests.unit.cells import ALL, drawn, noise

ADJOINTS = {name: getattr(cell_adjoints, name.split()[0]) for name in ALL}
ADJOINTS["ndm frozen"] = cell_adjoints.ndm_frozen


@pytest.mark.parametrize("name", ALL)
def test_the_adjoint_of_the_docstring_is_the_gradient_of_the_step(name):
    cell = ALL[name]
    p = {k: v.requires_grad_() for k, v in cell.effective(drawn(cell)).items()}
    blank, x = cell.blank(1, noise(1)), noise(1, 2)
    s = {k: (0.5 * noise(*v.shape)).requires_grad_() for k, v in blank.items()}
    n, y = cell.advance(p, s, x)
    gy, g = torch.cos(y).detach(), {k: torch.cos(3 + v).detach() for k, v in n.items()}
    wanted = torch.autograd.grad(
        [y, *n.values()],
        [*p.values(), *s.values()],
        [gy, *g.values()],
        allow_unused=True,
        materialize_grads=True,
    )
    streams = [{k: v[0].detach() for k, v in each.items()} for each in (s, n, g)]
    given = {k: v.detach() for k, v in p.items()}
    grads, before = ADJOINTS[name](given, streams[0], x[0], streams[1], gy[0], streams[2])
    found = [*(grads[k] for k in p), *(before[k][None] for k in s)]
    torch.testing.assert_close(found, list(wanted), rtol=1e-9, atol=1e-12)
    assert grads.keys() == p.keys()
