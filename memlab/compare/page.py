"""Pages of HTML that stand by themselves: tables, pictures and words, nothing from elsewhere."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d9dee3;
  --back: #ffffff; --stripe: #f6f8fa; --link: #0072b2; --good: #007a55; --bad: #b34700; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa4af; --line: #3a414a;
  --back: #15181c; --stripe: #1d2127; --link: #7cc0ee; --good: #4cc39a; --bad: #f0925a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 76rem; color: var(--ink);
  background: var(--back); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; padding-top: .6rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; font-weight: 600; }
p, li { max-width: 52rem; } .soft { color: var(--soft); } .question { font-size: 1.15rem; }
ul { padding-left: 1.2rem; }
.scroll { overflow-x: auto; margin: .4rem 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .3rem .7rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th { border-bottom: 2px solid var(--line); color: var(--soft); font-weight: 600;
  white-space: nowrap; cursor: pointer; user-select: none; }
th[data-way="1"]::after { content: " ▴"; } th[data-way="-1"]::after { content: " ▾"; }
td { white-space: nowrap; }
td.long { white-space: normal; min-width: 7rem; max-width: 40rem; overflow-wrap: anywhere; }
td:first-child { max-width: 20rem; white-space: normal; }
tbody tr:nth-child(even) { background: var(--stripe); }
tr.good td { font-weight: 600; } .yes { color: var(--good); } .no { color: var(--bad); }
figure { margin: .6rem 0; }
img { max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line);
  border-radius: 6px; padding: 8px; }
pre { background: var(--stripe); border: 1px solid var(--line); border-radius: 6px;
  padding: .7rem .9rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; }
details { margin: .6rem 0; } summary { cursor: pointer; color: var(--link); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: .5rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } h2, h3 { break-after: avoid; }
  tr, img { break-inside: avoid; } .scroll { overflow: visible; } td, th { white-space: normal; } }
"""

# Clicking a heading sorts by it, numbers as numbers; printing shows what is folded away.
SCRIPT = """
const number = text => parseFloat(text.replace(/,/g, "").replace(/^[<+ ]+/, ""));
for (const head of document.querySelectorAll("th")) head.addEventListener("click", () => {
  const place = head.cellIndex, body = head.closest("table").tBodies[0];
  const way = head.dataset.way === "1" ? -1 : 1;
  for (const other of head.parentNode.cells) delete other.dataset.way;
  head.dataset.way = way;
  const rows = [...body.rows].map(row => [row, row.cells[place].textContent.trim()]);
  const numeric = rows.some(([, text]) => !isNaN(number(text)));
  rows.sort(([, a], [, b]) => {
    if (!numeric) return way * a.localeCompare(b, undefined, { numeric: true });
    const x = number(a), y = number(b);
    return isNaN(x) ? (isNaN(y) ? 0 : 1) : isNaN(y) ? -1 : way * (x - y);
  });
  body.append(...rows.map(([row]) => row));
});
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n" + "\n".join(parts) + f"\n<script>{SCRIPT}</script>\n"
        "</body>\n</html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A part of a page under its heading; nothing if it is empty."""
    return "\n".join([f"<h2>{escape(title)}</h2>", *parts]) if any(parts) else ""


def heading(text: str) -> str:
    """A heading within a section."""
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str, kind: str = "") -> str:
    """A few sentences."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def listed(lines: Sequence[str]) -> str:
    """Sentences as a list."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if lines else ""


def words(told: Mapping[str, str]) -> str:
    """Names and what they stand for."""
    pairs = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in told.items())
    return f"<dl>{''.join(pairs)}</dl>"


def typed(text: str) -> str:
    """Words for a shell."""
    return f"<pre>{escape(text)}</pre>"


def folded(title: str, *parts: str) -> str:
    """What is shown only to those who ask."""
    return f"<details><summary>{escape(title)}</summary>\n{''.join(parts)}\n</details>"


def picture(png: bytes, told: str) -> str:
    """A picture inside the page; ``told`` is for those who cannot see it."""
    text = base64.b64encode(png).decode("ascii")
    return f'<figure><img alt="{escape(told)}" src="data:image/png;base64,{text}"></figure>'


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    strong: Sequence[bool] = (),
    long: Sequence[str] = (),
) -> str:
    """A table that can be sorted; ``strong`` rows stand out, columns named ``long`` may wrap."""
    head = "".join(f"<th>{escape(name)}</th>" for name in headings)
    body = "\n".join(
        f"<tr{' class=good' if place < len(strong) and strong[place] else ''}>"
        + "".join(_cell(text, name in long) for name, text in zip(headings, row, strict=True))
        + "</tr>"
        for place, row in enumerate(rows)
    )
    return (
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _cell(text: str, long: bool) -> str:  # noqa: FBT001  two looks of one cell
    kind = ' class="long"' if long else ""
    return f"<td{kind}>{escape(text)}</td>"
