"""Reliability diagrams of ``statistics_intervals.py``, as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

SIDE, GAP, LEFT, TOP, COLUMNS = 190, 56, 52, 40, 3


def draw(rows: Sequence[tuple[str, Sequence[float]]], levels: Sequence[float]) -> str:
    """Draw one diagram a panel: coverage seen over confidence asked for, one line a setting.

    ``rows`` are the panel and the coverage at each of ``levels``. The dashes are what is promised.
    """
    panels = [
        panel for panel in dict.fromkeys(p for p, _ in rows) if not panel.startswith("without")
    ]
    height = TOP + -(-len(panels) // COLUMNS) * (SIDE + GAP + 16)
    width = LEFT + COLUMNS * (SIDE + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        'font-family="sans-serif" font-size="11" role="img">',
        "<title>Coverage of intervals against the confidence asked for</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, panel in enumerate(panels):
        x = LEFT + number % COLUMNS * (SIDE + GAP)
        y = TOP + number // COLUMNS * (SIDE + GAP + 16)
        lines = [covered for each, covered in rows if each == panel]
        parts += [f'<g transform="translate({x},{y})">', *_panel(panel, lines, levels), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(title: str, lines: Sequence[Sequence[float]], levels: Sequence[float]) -> Iterator[str]:
    """Axes run from 40 % to 100 %."""

    def place(share: float) -> float:
        return round((max(share, 0.4) - 0.4) / 0.6 * SIDE, 1)

    yield f'<text x="0" y="-8" font-weight="bold">{title}</text>'
    yield f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>'
    for tick in levels:
        at = place(tick)
        named = f'font-size="9">{tick * 100:g}</text>'
        yield f'<text x="{at}" y="{SIDE + 14}" text-anchor="middle" {named}'
        yield f'<text x="-5" y="{SIDE - at + 3}" text-anchor="end" {named}'
    yield (
        f'<line x1="{place(0.4)}" y1="{SIDE}" x2="{SIDE}" y2="0" stroke="#000" '
        'stroke-dasharray="4 3"/>'
    )
    for covered in lines:
        points = " ".join(
            f"{place(level)},{round(SIDE - place(share), 1)}"
            for level, share in zip(levels, covered, strict=True)
        )
        yield f'<polyline points="{points}" fill="none" stroke="#0b62a4" stroke-opacity="0.45"/>'
    yield f'<text x="{SIDE / 2}" y="{SIDE + 28}" text-anchor="middle">confidence, %</text>'
