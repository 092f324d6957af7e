"""Write the README's tables and picture from runs made here and now.

Each table stands between two comments, `<!-- TABLE of: COMMAND -->` and `<!-- /TABLE -->`, where
TABLE is `claims` or `references`; the command is run and its table put in between.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "gallery.png"
SLOT = re.compile(
    r"(?P<head><!-- (?P<table>\w+) of: python -m memlab (?P<words>[^(]*?) \([^)]*\) -->\n)"
    r".*?(?P<tail><!-- /(?P=table) -->)",
    re.DOTALL,
)


def main() -> None:
    """Fill every slot; the picture comes from the first run."""
    readme = README.read_text()
    with tempfile.TemporaryDirectory() as scratch:
        folders = [
            run(slot["words"], Path(scratch) / str(i))
            for i, slot in enumerate(SLOT.finditer(readme))
        ]
        left = iter(folders)
        README.write_text(SLOT.sub(lambda slot: filled(slot, next(left)), readme))
        PICTURE.parent.mkdir(exist_ok=True)
        shutil.copy(folders[0] / "figures" / "gallery_before.png", PICTURE)


def run(words: str, folder: Path) -> Path:
    """Run memlab with these words; returns the folder with its tables and figures."""
    command = [sys.executable, "-m", "memlab", *shlex.split(words), "tracking=none"]
    subprocess.run([*command, f"hydra.run.dir={folder}"], cwd=ROOT, check=True)
    return folder


def filled(slot: re.Match[str], folder: Path) -> str:
    """A slot with the table of a run in it."""
    rows = json.loads((folder / "tables" / f"{slot['table']}.json").read_text())
    table = claims(rows) if slot["table"] == "claims" else references(rows)
    return f"{slot['head']}\n{table}\n\n{slot['tail']}"


def claims(rows: list[dict[str, Any]]) -> str:
    """The claim table as Markdown."""
    lines = [
        "| claim | verdict | margin over the best control | p (Holm) |",
        "| --- | --- | --- | --- |",
    ]
    for row in rows:
        margin = f"{interval(row)} over {row['best_control'].replace('_', ' ')}"
        p = f"{row['p_holm']:.3f}"
        lines.append(f"| {row['statement']} | **{row['status']}** | {margin} | {p} |")
    return "\n".join(lines)


def references(rows: list[dict[str, Any]]) -> str:
    """The published figures and the controls beside them, as Markdown."""
    rows = [r for r in rows if r["published"] is not None or r["name"].startswith("p2/control")]
    lines = [
        "| figure | published | expected | measured | note |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        expected = "" if row["expected"] is None else f"{row['expected']:g} ± {row['tolerance']:g}"
        published = "" if row["published"] is None else f"{row['published']:g}"
        measured = row["absent"] or interval(row)
        lines.append(f"| {row['name']} | {published} | {expected} | {measured} | {row['note']} |")
    return "\n".join(lines)


def interval(row: dict[str, Any]) -> str:
    """A mean and its interval."""
    return f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


if __name__ == "__main__":
    main()
