"""Files that are whole, and say of a cell what no cell can be."""

import pytest

from memlab.cells import create_model, load, save
from tests.unit.cell_models import delayed
from tests.unit.test_cells_persistence import resealed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told["parameters"].update(gates="no"), "gates must be True or False"),
        (lambda told: told["parameters"].update(warm_start="no"), "warm_start must be True or"),
        (lambda told: told["parameters"].update(hidden_size=2**40), "hidden_size must be a whole"),
        (lambda told: told["sizes"].update(recurrent="x"), "recurrent of Pmrc must be true or"),
        (lambda told: told["sizes"].update(hidden=2**40), "at most 1048576; axis 'h' has 1099511"),
        (lambda told: told["sizes"].update(hidden=2**20), r"at most 2\^31 numbers, got"),
        (lambda told: told["sizes"].update(hidden=6.0), "hidden of Pmrc must be a whole number"),
        (lambda told: told.pop("updates"), "updates"),
        (lambda told: told.update(updates=-5), "its updates must be a whole number of at least 0"),
        (lambda told: told.update(losses=["a"]), "its losses must be at least 0, got 'a'"),
        (lambda told: told.update(flat="yes"), "its flat must be True or False, got 'yes'"),
    ],
)
def test_flags_and_sizes_in_a_file_are_those_of_a_cell(tmp_path, change, message):
    path = tmp_path / "model.safetensors"
    save(create_model("pmrc", hidden_size=6, epochs=1).fit(*delayed()), path)
    path.write_bytes(resealed(path.read_bytes(), change))
    with pytest.raises(ValueError, match=message):
        load(path)
