"""Reports: nothing in an answer can break out of its place, and what was measured stands there."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from ftworkbench.report.blocks import Bullets, Chart, Curve, Folded, Heading, Paragraph, Table, Verbatim
from ftworkbench.report.html import as_html
from ftworkbench.report.markdown import as_markdown

HOSTILE = '<script>alert(1)</script> | a ``` b ```` \x1b[31m & "quoted" [x](http://y) # no heading\n| - * _'
DOCUMENT = [
    Heading(1, f"title {HOSTILE}"),
    Paragraph(HOSTILE),
    Bullets((HOSTILE, "second")),
    Table(("name", HOSTILE), (("one", "1"), (HOSTILE, "2")), frozenset({1})),
    Chart(f"chart {HOSTILE}", (Curve(HOSTILE, ((0.0, 2.0), (1.0, float("nan")), (2.0, 1.0))),)),
    Folded(HOSTILE, (Verbatim("answer", HOSTILE),)),
]


class _Tags(HTMLParser):
    """The tags of a page, and those that are not closed where they should be."""

    VOID = frozenset({"meta", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_has_no_script_nothing_from_elsewhere_and_whole_tags_whatever_is_in_it() -> None:
    page = as_html(DOCUMENT)
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.isdisjoint({"script", "img", "link", "iframe", "a"})
    assert "<script>alert(1)</script>" in tags.text
    assert "\x1b" not in page
    assert not re.search(r"(src|href)=", page)
    assert "default-src 'none'" in page


def test_markdown_escapes_what_is_special_and_fences_answers_that_have_fences() -> None:
    text = as_markdown(DOCUMENT)
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("#")] == [lines[0]]
    assert "\x1b" not in text
    fences = [line for line in lines if re.fullmatch(r"`{3,}(text)?", line)]
    assert fences == ["`````text", "`````"]
    rows = [line for line in lines if line.startswith("| ") and "name" in lines[lines.index(line) - 1] + line]
    assert rows
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 3  # two cells


def test_a_curve_is_drawn_from_its_finite_points() -> None:
    [polyline] = re.findall(r'points="([^"]*)"', as_html([Heading(1, "x"), DOCUMENT[4]]))
    points = [tuple(map(float, point.split(","))) for point in polyline.split()]
    assert len(points) == 2
    assert points[0][0] < points[1][0]
    assert points[0][1] < points[1][1]  # from the higher loss down, which is down the page


def test_what_differs_is_marked_and_cannot_break_out_either() -> None:
    block = Verbatim("tuned", "<b> a ``` c", ((0, 3), (6, 9)))
    assert "<mark>&lt;b&gt;</mark> a <mark>```</mark> c</pre>" in as_html([block])
    assert as_markdown([block]).splitlines()[-1] == "what differs: “\\<b\\>”, “\\`\\`\\`”"


@pytest.mark.parametrize("curves", [(), (Curve("empty", ()),), (Curve("nan", ((1.0, float("nan")),)),)])
def test_a_chart_without_points_is_none(curves: tuple[Curve, ...]) -> None:
    assert "<svg" not in as_html([Chart("nothing", curves)])
    assert "nothing" in as_markdown([Chart("nothing", curves)])


def test_a_curve_of_one_point_is_seen() -> None:
    assert "<circle" in as_html([Chart("loss", (Curve("validation", ((3.0, 0.5),)),))])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("- 5", "\\- 5"),
        ("1. yes", "1\\. yes"),
        ("$x$ &lt;", "\\$x\\$ \\&lt;"),
        ("-5 + 1", "-5 + 1"),
        ("10.5 kg", "10.5 kg"),
        ("---", "\\---"),
        ("1.", "1\\."),
        ("-", "\\-"),
    ],
)
def test_what_begins_a_list_or_is_mathematics_elsewhere_is_plain_text(text: str, written: str) -> None:
    assert as_markdown([Paragraph(text)]) == f"{written}\n"
