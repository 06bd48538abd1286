"""Writes what was measured for people: RESULTS.md, and results.svg beside it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from statistics import median


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def write(results: dict, to: Path) -> None:
    scenarios = results["scenarios"]
    lines = [
        "# Results",
        "",
        f"Measured on {results['date']} by `bench/run.py`, which is described in [README.md](README.md); medians of "
        "alternating rounds, the smallest and the largest beside. What counts are the ratios: all of a table ran on "
        "one machine in one go, load generators included.",
        "",
        f"Machine: {results['machine']}. PostgreSQL 15 with `fsync` and `synchronous_commit` on.",
        "",
        "![The medians as bars](results.svg)",
    ]
    for scenario in scenarios.values():
        samples = scenario["samples"]
        first = median(next(iter(samples.values())))
        rounds = max(len(values) for values in samples.values())
        compared = scenario.get("compared", True)
        lines += ["", f"## {scenario['title']}", "",
                  f"| {rounds} rounds | median | from | to |" + (" the first against it |" if compared else ""),
                  "|---|---:|---:|---:|" + ("---:|" if compared else "")]
        for contender, values in samples.items():
            middle = median(values)
            ratio = f" {first / middle:.2f} × |" if compared and middle else ""
            lines.append(f"| {contender} | {number(middle)} | {number(min(values))} | {number(max(values))} |{ratio}")
    (to / "RESULTS.md").write_text("\n".join(lines) + "\n")
    (to / "results.svg").write_text(picture(scenarios))


def picture(scenarios: dict) -> str:
    """Bars for each contender; the whisker is the spread."""
    row, head, left, wide = 22, 40, 300, 460
    parts: list[str] = []
    y = 10
    for scenario in scenarios.values():
        samples = scenario["samples"]
        largest = max(max(values) for values in samples.values()) or 1
        parts.append(f'<text x="10" y="{y + 20}" class="title">{escape(scenario["title"])}</text>')
        y += head
        for n, (contender, values) in enumerate(samples.items()):
            middle = median(values)
            scale = wide / largest
            own = "own" if contender.startswith("presque") else "other"
            parts.append(f'<text x="{left - 8}" y="{y + 14}" class="name">{escape(contender)}</text>')
            parts.append(f'<rect x="{left}" y="{y + 3}" width="{middle * scale:.1f}" height="14" class="{own}"/>')
            parts.append(f'<path d="M{left + min(values) * scale:.1f} {y + 10}H{left + max(values) * scale:.1f}"/>')
            parts.append(
                f'<text x="{left + max(values) * scale + 8:.1f}" y="{y + 14}" class="value">{number(middle)}</text>')
            y += row
        y += 10
    style = (
        "text{font:13px system-ui,sans-serif;fill:#222}.title{font-weight:600}.name{text-anchor:end}"
        ".own{fill:#2563eb}.other{fill:#94a3b8}path{stroke:#111;stroke-width:2}rect.back{fill:#fff}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 {y}" width="860" height="{y}" role="img" '
        f'aria-label="Medians of what was measured"><style>{style}</style>'
        f'<rect class="back" width="860" height="{y}"/>' + "".join(parts) + "</svg>\n"
    )
