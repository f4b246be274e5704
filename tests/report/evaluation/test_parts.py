"""The layouts below the page: what is drawn where."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from fingerprint.report.evaluation import confusion, curves, similarity
from fingerprint.report.evaluation.figures import Figures, compared_with, parts_of
from fingerprint.report.evaluation.numbers import DASH, big, interval, name
from fingerprint.report.evaluation.svg import Axis, Point, Rule, Series, draw, mark


def figure(
    protocol: str, part: str = "all", responses: int = 10, level: str = "lab", top: float | None = 0.5
) -> dict[str, Any]:
    metrics = {"top-1": {"value": top, "low": None, "high": None}}
    sizes = {"cases": 8, "releases": 4, "chance": 0.1, "majority": 0.2}
    return {"protocol": protocol, "part": part, "responses": responses, "level": level, "metrics": metrics, **sizes}


def lookup(rows: list[dict[str, Any]], order: tuple[str, ...] = ()) -> Figures:
    """The protocols of the figures, in some order."""
    names = dict.fromkeys([*order, *(row["protocol"] for row in rows)])
    views = ["accuracy"]
    protocols = [{"name": n, "question": "Which?", "left_out": "Some.", "views": views} for n in names]
    return Figures({"protocols": protocols, "figures": rows})


def test_numbers() -> None:
    assert interval("top-1", {"value": 0.951, "low": 0.9, "high": 1.0}) == "95.1% (90.0–100.0)"
    assert interval("log-loss", {"value": 1.2345, "low": 1.0, "high": None}) == "1.234"
    assert interval("top-1", {"value": None, "low": None, "high": None}) == interval("top-1", None) == DASH
    assert [big(v) for v in (0.97, 0.038, 1.0, 0.0, 447.0, 1234.0, None)] == [
        "97%", "3.8%", "100%", "0%", "447", "1,234", DASH,
    ]  # fmt: skip
    assert len(name("x" * 500)) == 60


def test_neighbouring_marks_differ_in_colour_and_shape() -> None:
    seen = [mark(n) for n in range(112)]
    assert len(set(seen)) == 112
    assert all(a.colour != b.colour and a.shape != b.shape for a, b in pairwise(seen))


def test_a_missing_value_breaks_the_line_and_the_band() -> None:
    values = [0.1, 0.2, None, 0.4, 0.5]
    points = [
        Point(i, y, "", None if y is None else y - 0.1, None if y is None else y + 0.1) for i, y in enumerate(values)
    ]
    axis = Axis("", 0, 4, [])
    chart = draw("c", [Series("s", mark(0), points)], axis, Axis("", 0, 1, []), [Rule((0, 0), (4, 1), "all")])
    (line,) = chart.lines
    assert len(line.pieces) == len(line.bands) == 2
    assert len(line.markers) == 4
    start = f"M{chart.left:g} {chart.bottom:g}L{chart.right:g} {chart.top:g}"
    assert chart.rules[0][0] == start


def test_the_number_of_responses_is_on_a_logarithmic_axis() -> None:
    axis = Axis("", 1, 25, [], math.log)
    assert math.isclose(axis.position(5, 0, 100), 50)
    assert axis.position(100, 0, 100) == 100


def test_protocols_in_order_and_the_number_nearest_to_the_usual_one() -> None:
    rows = [figure("other-set", responses=3), figure("same-set", responses=25), figure("extra")]
    figures = lookup(rows, ("absent", "same-set", "other-set"))
    assert figures.protocols() == ["same-set", "other-set", "extra"]
    assert [figures.typical(p) for p in figures.protocols()] == [25, 3, 10]


def test_levels_that_were_not_measured_have_no_chart() -> None:
    tested = [
        figure("unseen-release", level=level, top=None if level == "release" else 0.5) for level in ("lab", "release")
    ]
    assert list(curves.accuracy(lookup(tested))) == ["lab"]


def test_the_threshold_of_the_model_is_flagged_on_each_curve() -> None:
    curve = [{"threshold": t / 10, "coverage": 1 - t / 10, "false-attribution rate": 0.2} for t in range(10)]
    found = {"threshold": 0.65, "false_attribution_rate": 0.05, "curves": {"same-set": curve}}
    chart = curves.risk_coverage(lookup([figure("same-set")]), found)
    assert chart is not None
    assert chart.lines[0].flag is not None
    assert "at 70.0%: 30.0% attributed" in chart.lines[0].flag[1]


def test_confusion_counts_what_is_not_listed_as_right() -> None:
    predicted = [{"lab": f"l{i}", "cases": i} for i in range(1, 8)]
    row = confusion.row("lab", {"lab": "own", "cases": 100, "predicted": predicted})
    assert (row.right, row.others[0], len(row.others), row.more) == (72, ("l7", 7), 5, 3)
    listed = confusion.row("lab", {"lab": "own", "cases": 10, "predicted": [{"lab": "own", "cases": 4}]})
    assert listed.right == 4
    columns, rows = confusion.heat(
        [
            {"lab": "a", "cases": 400, "predicted": [{"lab": "b", "cases": 1}]},
            {"lab": "c", "cases": 0, "predicted": []},
        ]
    )
    assert columns == ["a", "c", "b"]
    assert [cell and (cell.text, cell.step, cell.right) for cell in rows[0][1]] == [
        ("100", 6, True), None, ("<1", 1, False),
    ]  # fmt: skip
    assert rows[1][1] == [None, None, None]
    assert rows[1][0].share is None


def test_the_map_keeps_distances_and_names_do_not_overlap() -> None:
    points = [{"release": f"r{i}", "lab": f"l{i % 30}", "family": "f", "x": i % 20, "y": i // 20} for i in range(400)]
    drawn = similarity.draw_map(points, str.upper)
    assert len(drawn.dots) == 400
    assert len(drawn.labs) == 30
    boxes = []
    for one in drawn.names:
        wide, tall = (7.5 * len(one.text), 13) if one.lab else (4.8 * len(one.text), 9)
        left = float(one.x) - {"start": 0, "end": wide, "middle": wide / 2}[one.anchor]
        boxes.append((left, float(one.y) - tall, left + wide, float(one.y)))
    # Every lab has its name, and what room is left has those of releases.
    assert {one.text for one in drawn.names if one.lab} == {f"L{i}" for i in range(30)}
    assert len(boxes) > 200
    for i, a in enumerate(boxes):
        assert a[0] >= 0
        assert a[2] <= drawn.width
        assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for b in boxes[:i])


def test_a_map_of_one_point_or_none() -> None:
    assert len(similarity.draw_map([{"release": "r", "lab": "l", "family": "f", "x": 1.0, "y": 2.0}], str).dots) == 1
    assert similarity.draw_map([{"release": "r", "lab": "l", "family": "f", "x": None, "y": 2.0}], str).dots == []


def test_the_tree_writes_support_from_a_half_on_and_keeps_order() -> None:
    def leaf(release: str) -> dict[str, Any]:
        return {"release": release, "lab": "l"}

    first = {"height": 1.0, "support": 0.5, "children": [leaf("a"), leaf("b")]}
    second = {"height": None, "support": 0.49, "children": [leaf("c"), leaf("d")]}
    drawn = similarity.draw_tree(
        {"height": 2.0, "support": None, "children": [first, second]}, {"l": mark(0)}, str.upper
    )
    assert [one.release for one in drawn.leaves] == ["a", "b", "c", "d"]
    assert [text for _, _, text in drawn.supports] == ["50"]
    assert [(one.support, one.members) for one in drawn.supported] == [(0.5, ["a", "b"])]
    assert len(drawn.branches) == 3
    gaps = {b.y - a.y for a, b in pairwise(drawn.leaves)}
    assert gaps == {similarity.LINE}


def test_parts_beside_what_was_not_changed() -> None:
    figures = lookup(
        [
            figure("same-set"),
            figure("perturbed"),
            figure("perturbed", "cut"),
            figure("by-language-and-domain", "language: en"),
        ]
    )
    assert [p.name for p in compared_with(figures, "perturbed")] == ["same-set", "all of them"]
    assert [(p.name, p.kind) for p in parts_of(figures, "perturbed")] == [("cut", "")]
    assert [(p.name, p.kind) for p in parts_of(figures, "by-language-and-domain")] == [("en", "language")]
