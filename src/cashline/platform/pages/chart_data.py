"""A chart as JSON for the drawing script, as a table for everyone else, and a small line as points.

Numbers stay exact text.
"""

import json
from collections.abc import Sequence
from decimal import Decimal

from markupsafe import Markup

from cashline.platform.pages.components import Chart, Column, Row, Table
from cashline.platform.pages.speaking import gettext as _


def chart_json(chart: Chart) -> Markup:
    """The chart for the attribute `data-chart`; numbers are decimal strings, `<` and `&` are escaped."""
    data = {
        "title": str(chart.title),
        "kind": chart.kind,
        "categories": chart.categories,
        "series": [
            {
                "name": str(series.name),
                "values": [None if value is None else str(value) for value in series.values],
                "stack": series.stack,
                "tone": series.tone or "",
                "dashed": series.dashed,
            }
            for series in chart.series
        ],
        "flows": [{"source": flow.source, "target": flow.target, "value": str(flow.value)} for flow in chart.flows],
        "totals": chart.totals,
        "unit": chart.unit,
        "urls": chart.urls,
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign, code in (
        ("&", "\\u0026"),
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(sign, code)
    return Markup(text)  # noqa: S704 - every sign that could end the script is escaped above


def chart_table(chart: Chart) -> Table:
    """The chart's figures as a table, for those who cannot or would rather not see it."""
    if chart.kind == "sankey":
        return _flow_table(chart)
    unit = f" ({chart.unit})" if chart.unit else ""
    columns = (
        Column("category", _("Category"), place="title"),
        *(Column(str(i), f"{series.name}{unit}", "number", place="amount") for i, series in enumerate(chart.series)),
    )
    rows = []
    for place, name in enumerate(chart.categories):
        values = {str(i): one.values[place] for i, one in enumerate(chart.series) if place < len(one.values)}
        rows.append(Row(str(place), {"category": name, **values}))
    return Table(columns, tuple(rows), caption=chart.title)


def _flow_table(chart: Chart) -> Table:
    columns = (
        Column("from", _("From"), place="title"),
        Column("to", _("To")),
        Column("value", chart.unit or _("Value"), "number", place="amount"),
    )
    flows = enumerate(chart.flows)
    rows = tuple(Row(str(i), {"from": one.source, "to": one.target, "value": one.value}) for i, one in flows)
    return Table(columns, rows, caption=chart.title)


def spark_points(values: Sequence[Decimal | int], width: int = 96, height: int = 28) -> str:
    """The values as points of an SVG polyline inside `width` × `height`, with a margin of two for the stroke."""
    if len(values) < 2:
        return ""
    least, most = min(values), max(values)
    span = Decimal(most - least) or Decimal(1)
    step = Decimal(width - 4) / (len(values) - 1)
    points = (
        (2 + step * i, height - 2 - (height - 4) * Decimal(value - least) / span) for i, value in enumerate(values)
    )
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
