"""Memory-native recurrent cells, as repaired and as published."""

from collections.abc import Callable

from memlab.cells.cell import Cell
from memlab.cells.equations.amn import Amn
from memlab.cells.equations.amrc import Amrc
from memlab.cells.equations.dtpn import Dtpn
from memlab.cells.equations.hyper_amn import HyperAmn
from memlab.cells.equations.ndm import Ndm
from memlab.cells.equations.pmrc import Pmrc
from memlab.cells.equations.sgw_amn import SgwAmn
from memlab.cells.published.amn import PublishedAmn
from memlab.cells.published.amrc import PublishedAmrc
from memlab.cells.published.dtpn import PublishedDtpn
from memlab.cells.published.hyper_amn import PublishedHyperAmn
from memlab.cells.published.ndm import PublishedNdm
from memlab.cells.published.pmrc import PublishedPmrc
from memlab.cells.published.sgw_amn import PublishedSgwAmn

CELLS: dict[str, Callable[..., Cell]] = {
    "amrc": Amrc,
    "pmrc": Pmrc,
    "amn": Amn,
    "dtpn": Dtpn,
    "hyper_amn": HyperAmn,
    "sgw_amn": SgwAmn,
    "ndm": Ndm,
}

PUBLISHED: dict[str, Callable[..., Cell]] = {
    "amrc": PublishedAmrc,
    "pmrc": PublishedPmrc,
    "amn": PublishedAmn,
    "dtpn": PublishedDtpn,
    "hyper_amn": PublishedHyperAmn,
    "sgw_amn": PublishedSgwAmn,
    "ndm": PublishedNdm,
}
