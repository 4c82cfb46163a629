"""A document as one HTML file that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ftworkbench.printable import one_line, printable
from ftworkbench.report.blocks import Block, Bullets, Chart, Document, Folded, Heading, Paragraph, Table, Verbatim
from ftworkbench.report.chart import as_svg

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --dim: #777; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 860px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.3; } h2 { font-size: 1.15rem; margin-top: 2.2rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; margin: .8rem 0; } .wide { overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: var(--soft); padding: .6rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0 .8rem; }
.label { color: var(--dim); font-size: .85rem; } details { margin: .5rem 0; } summary { cursor: pointer; }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: currentColor; } .grid { stroke: var(--line); }
.name { font-weight: 600; } mark { background: #d9770644; color: inherit; text-decoration: underline; }
""".strip()  # noqa: E501


def as_html(document: Document) -> str:
    """The document's text, in UTF-8. Every text in it is escaped."""
    title = next((one_line(block.text) for block in document if isinstance(block, Heading)), "report")
    body = "\n".join(part for block in document for part in _render(block))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _render(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"<h{block.level}>{_line(block.text)}</h{block.level}>"
        case Paragraph():
            yield f"<p>{_line(block.text)}</p>"
        case Bullets():
            yield "<ul>" + "".join(f"<li>{_line(line)}</li>" for line in block.lines) + "</ul>"
        case Table():
            yield _table(block)
        case Verbatim():
            yield f'<div class="label">{_line(block.label)}</div><pre>{_marked(block)}</pre>'
        case Chart():
            yield f'<figure>{as_svg(block)}<figcaption class="label">{_line(block.title)}</figcaption></figure>'
        case Folded():
            inner = "\n".join(part for each in block.blocks for part in _render(each))
            yield f"<details><summary>{_line(block.title)}</summary>\n{inner}\n</details>"


def _marked(block: Verbatim) -> str:
    parts, at = [], 0
    for start, end in block.marks:
        parts += [_text(block.text[at:start]), f"<mark>{_text(block.text[start:end])}</mark>"]
        at = end
    return "".join((*parts, _text(block.text[at:])))


def _text(text: str) -> str:
    return escape(printable(text))


def _line(text: str) -> str:
    return escape(one_line(text))


def _table(table: Table) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        marks = (' class="n"' if place in table.numbers else "" for place in range(len(cells)))
        inner = (f"<{tag}{mark}>{_line(cell)}</{tag}>" for mark, cell in zip(marks, cells, strict=True))
        return f"<tr>{''.join(inner)}</tr>"

    rows = "\n".join(row(cells, "td") for cells in table.rows)
    head = f"<thead>{row(table.head, 'th')}</thead>"
    return f'<div class="wide"><table>\n{head}\n<tbody>\n{rows}\n</tbody>\n</table></div>'
