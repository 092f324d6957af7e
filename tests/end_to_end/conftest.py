"""What the tests of whole commands share."""

import pytest

from tests.end_to_end.schema import prepared


@pytest.fixture(scope="session", autouse=True)
def tables():
    """Stores of the tests' own process begin with MLflow's tables, made once."""
    prepared().spare_migrations()
