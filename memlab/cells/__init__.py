"""Memory-native recurrent cells, as repaired and as published; models of them on demand."""

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
    from memlab.cells.transfer import transferred as transferred

PLACES = {  # of what is imported on demand
    **dict.fromkeys(("AMN", "AMRC", "DTPN", "HyperAMN", "NDM", "PMRC", "SGWAMN"), "models"),
    "create_model": "models",
    "transferred": "transfer",
    **dict.fromkeys(("load", "load_into", "save"), "persistence"),
}
# What is loaded on demand stands in no namespace: only this list brings it into `import *`.
__all__ = [
    "AMN",
    "AMRC",
    "CELLS",
    "DTPN",
    "NDM",
    "PMRC",
    "PUBLISHED",
    "SGWAMN",
    "HyperAMN",
    "create_model",
    "load",
    "load_into",
    "save",
    "transferred",
]


def __getattr__(name: str) -> object:
    """The models, on demand: they need scikit-learn, which the equations do not."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(import_module(f"memlab.cells.{PLACES[name]}"))[name]


def __dir__() -> list[str]:
    """What there is, and what would be on demand."""
    return sorted({*globals(), *PLACES})
