"""Memory-native recurrent cells, as repaired and as published."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from memlab.cells.models import AMN as AMN
    from memlab.cells.models import AMRC as AMRC
    from memlab.cells.models import DTPN as DTPN
    from memlab.cells.models import NDM as NDM
    from memlab.cells.models import PMRC as PMRC
    from memlab.cells.models import SGWAMN as SGWAMN
    from memlab.cells.models import HyperAMN as HyperAMN
    from memlab.cells.models import create_model as create_model
    from memlab.cells.persistence import load as load
    from memlab.cells.persistence import load_into as load_into
    from memlab.cells.persistence import save as save

MODELS = ("AMN", "AMRC", "DTPN", "NDM", "PMRC", "SGWAMN", "HyperAMN", "create_model")
FILES = ("load", "load_into", "save")


def __getattr__(name: str) -> object:
    """The models, on demand: they need scikit-learn, which the equations do not."""
    if name not in {*MODELS, *FILES}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    place = "memlab.cells.models" if name in MODELS else "memlab.cells.persistence"
    return vars(import_module(place))[name]
