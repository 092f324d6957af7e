"""A process leaves with its exit code although a thread of it is deep inside PyTorch."""

import subprocess
import sys

import pytest

BUSY = """
import sys, threading
from memlab.app.leaving import leaving
with leaving():
    import atexit, torch
    atexit.register(print, "cleaned up")
    def work():
        while True:
            torch.nanmean(torch.ones(1000))
            begun.set()
    begun = threading.Event()
    threading.Thread(target=work, daemon=True).start()
    begun.wait()
    {end}
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [("sys.exit()", 0), ("sys.exit(4)", 4), ("sys.exit('why')", 1), ("raise ValueError", 1)],
)
def test_a_thread_inside_torch_does_not_abort_the_process(end, code):
    command = [sys.executable, "-c", BUSY.format(end=end)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stderr
    assert result.stdout == "cleaned up\n"
