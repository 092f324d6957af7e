"""Addresses with passwords in them, and the folders that quote one."""

import pytest

from memlab.record.address import secluded


@pytest.mark.parametrize(
    ("text", "closed"),
    [("uri: postgresql://me:secret@host/runs", True), ("uri: sqlite:///outputs/mlflow.db", False)],
)
def test_a_folder_that_quotes_a_password_is_closed_to_others(tmp_path, text, closed):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    secluded(folder, text)
    assert (folder.stat().st_mode & 0o077 == 0) is closed
