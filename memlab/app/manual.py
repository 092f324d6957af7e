"""The help page: what memlab is, what to type, and every choice there is."""

from pathlib import Path

import yaml

HEAD = """\
memlab: one protocol for many kinds of memory.

A run teaches a medium some patterns, lets time or other patterns interfere, asks it to complete
partial cues, and compares its answers with what memoryless controls would answer.

Try
  python -m memlab                                 the default run, under half a minute
  python -m memlab substrate=notebook              another medium, the same protocol
  python -m memlab substrate=gray_scott seed=2     another seed
  python -m memlab experiment=<one of those below> a published setting
  python -m memlab -m substrate=gray_scott,notebook seed=1,2,3
                                                   a sweep: every combination, then one table
  python -m memlab sweep=capacity                  a whole sweep from its file, on all cores
  python -m memlab -m substrate=gray_scott_graded sweep.search=optuna sweep.metric=after/skill \\
      'substrate.strength=tag(log,interval(0.0003,0.03))' 'substrate.kill=interval(0.063,0.071)'
                                                   a search for what scores best
  python -m memlab.ui                              look at all runs in the browser (or: make ui)
"""

TAIL = """\
Change anything
  group=choice          one of the choices above           patterns=shapes
  group.key=value       one parameter of a choice          substrate.write_steps=2000
  key=value             seed, replicates, device, threads, video, name
  python -m memlab --cfg job                shows every key and value and runs nothing
  python -m memlab --cfg job -p substrate   shows those of one group
  python -m memlab --config-dir my/conf     adds your own choices, one YAML file each

Results: outputs/runs/<time>/ holds the tables, figures and arrays of a run, outputs/mlflow.db all
runs together. HYDRA_FULL_ERROR=1 shows the trace behind a message; --hydra-help every other option.
"""


def page(folders: list[Path]) -> str:
    """The whole help page, with the choices found in these configuration folders."""
    preset = defaults(folders[0] / "config.yaml")
    lines = ["Choices (* the default)"]
    for group, choices in groups(folders).items():
        lines.append(f"  {group}=")
        for choice, about in choices.items():
            star = "*" if preset.get(group) == choice else " "
            lines.append(f"  {star} {choice:<22} {about}".rstrip())
    return "\n".join([HEAD, *lines, "", TAIL])


def defaults(file: Path) -> dict[str, str]:
    """The choice each group starts with."""
    entries = yaml.safe_load(file.read_text(encoding="utf-8"))["defaults"]
    return {k: str(v) for entry in entries if isinstance(entry, dict) for k, v in entry.items()}


def groups(folders: list[Path]) -> dict[str, dict[str, str]]:
    """Every group with its choices and the one line each says about itself."""
    found: dict[str, dict[str, str]] = {}
    for folder in folders:
        for file in sorted(folder.glob("*/*.yaml")):
            found.setdefault(file.parent.name, {})[file.stem] = first_comment(file)
    return found


def first_comment(file: Path) -> str:
    """The first comment line of a YAML file that is not a directive to the composer."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") and "@package" not in line:
            return line.lstrip("# ").rstrip()
        if line.strip() and not line.startswith("#"):
            break
    return ""
