"""Memory-native recurrent cells, as repaired and as published."""

from memlab.cells.cell import Cell
from memlab.cells.equations.amn import Amn
from memlab.cells.equations.amrc import Amrc
from memlab.cells.equations.dtpn import Dtpn
from memlab.cells.equations.hyper_amn import HyperAmn
from memlab.cells.equations.ndm import Ndm
from memlab.cells.equations.pmrc import Pmrc
from memlab.cells.equations.sgw_amn import SgwAmn

CELLS: dict[str, type[Cell]] = {
    "amrc": Amrc,
    "pmrc": Pmrc,
    "amn": Amn,
    "dtpn": Dtpn,
    "hyper_amn": HyperAmn,
    "sgw_amn": SgwAmn,
    "ndm": Ndm,
}
