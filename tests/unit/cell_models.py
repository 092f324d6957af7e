"""Small models and what they are asked, for the tests of the library of cells."""

import numpy as np

from memlab.cells import create_model

NAMES = ["amrc", "pmrc", "amn", "dtpn", "hyper_amn", "sgw_amn", "ndm"]
LAG = 2


def delayed(sequences=32, steps=20, seed=0):
    """What came in two steps ago, of noise."""
    x = np.random.default_rng(seed).uniform(-1, 1, (sequences, steps, 1))
    y = np.roll(x, LAG, 1)
    y[:, :LAG] = 0
    return x, y


def small(name, **parameters):
    given = {"hidden_size": 8, "epochs": 2, "random_state": 0, "batch_size": 8}
    return create_model(name, **given | parameters)


def bits(model):
    """Everything learned, as bytes."""
    learned = model.learned_
    parts = (learned.parameters, learned.moments, learned.memory, {"g": learned.generator})
    return b"".join(one.numpy().tobytes() for part in parts for one in part.values())
