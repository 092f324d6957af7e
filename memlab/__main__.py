"""``python -m memlab``: see ``memlab.cli``."""

from memlab.cli import main

main()
