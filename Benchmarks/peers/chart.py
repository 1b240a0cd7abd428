"""The chart of the speed protocol: a row for each point, a dot for each number of threads, ratios on a logarithmic axis."""
import math

COLORS = {1: "#3b6fb5", 2: "#d1702a"}
OTHER = "#6a9a3d"
PANELS = [("forward", "Inference"), ("train", "Training step"), ("step", "Streaming step")]
ROW, LEFT, WIDTH, GAP, TOP = 15, 290, 340, 30, 76


def escaped(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def label(point):
    sizes = " × ".join(str(point[letter]) for letter in "TBIH")
    extras = []
    if point.get("layers", 1) > 1:
        extras.append(f"{point['layers']} layers")
    extras += [kind for kind in ("ragged", "bidirectional") if point.get(kind) and point["name"] != kind]
    if "projection" in point and point["name"] != "projection":
        extras.append("projection")
    if "variant" in point and point["name"] != point["variant"]:
        extras.append(point["variant"])
    name = "" if point["name"].startswith("drawn") else point["name"] + " "
    return name + sizes + "".join(", " + extra for extra in extras)


def ticks(low, high):
    steps = [s * 10 ** e for e in range(-2, 4) for s in (1, 1.5, 2, 3, 5, 7)]
    return [step for step in steps if low <= step <= high]


def svg(report):
    """The picture as text; it needs nothing but the report."""
    results = report["points"]
    panels = [(mode, title) for mode, title in PANELS[:2] if any(r["mode"] == mode for r in results)]
    rows = {}
    for result in results:
        rows.setdefault(result["name"], []).append(result)
    # The worst ratio first, as everywhere.
    names = sorted(rows, key=lambda name: min(result["ratio"]["median"] for result in rows[name]))
    values = [v for r in results for v in (r["ratio"]["median"], *r["ratio"]["interval95"])] or [1]
    low, high = min(0.8, 0.9 * min(values)), max(2, 1.1 * max(values))
    columns = max(1, len(panels))
    width, bottom = LEFT + columns * (WIDTH + GAP) + 10, TOP + ROW * len(names)
    out = []

    def text(x, y, content, size=11, anchor="start", fill="#333", weight="normal"):
        out.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" '
                   f'font-weight="{weight}">{escaped(content)}</text>')

    def x_of(panel, value):
        share = math.log(value / low) / math.log(high / low)
        return LEFT + panel * (WIDTH + GAP) + share * WIDTH

    text(10, 22, "Time of the best peer over ours", 15, weight="bold")
    about = f"{report['cpu']}, {report.get('instruction_set', '')}, {report['date']}; right of 1: this package is faster"
    text(10, 40, about, fill="#666")
    threads = sorted({result["threads"] for result in results})
    for index, count in enumerate(threads):
        x = width - 90 * (len(threads) - index)
        out.append(f'<circle cx="{x}" cy="18" r="4" fill="{COLORS.get(count, OTHER)}"/>')
        text(x + 9, 22, f"{count} thread" + "s" * (count > 1))
    for panel, (mode, title) in enumerate(panels):
        text(LEFT + panel * (WIDTH + GAP), TOP - 18, title, 12, weight="bold")
        for tick in ticks(low, high):
            x = x_of(panel, tick)
            main = tick == 1
            out.append(f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}" '
                       f'stroke="{"#333" if main else "#ddd"}" stroke-width="{1.5 if main else 1}"/>')
            text(x, bottom + 14, f"{tick:g}", 10, "middle", "#666")
            text(x, TOP - 8, f"{tick:g}", 10, "middle", "#666")
    for row, name in enumerate(names):
        y = TOP + ROW * row + ROW / 2
        if row % 2:
            out.insert(0, f'<rect x="0" y="{y - ROW / 2:.1f}" width="{width}" height="{ROW}" fill="#f6f6f6"/>')
        text(LEFT - 12, y + 3.5, label(rows[name][0]["point"]), 10, "end")
        for result in rows[name]:
            # Streaming steps are inference.
            mode = "forward" if result["mode"] == "step" else result["mode"]
            panel = next((i for i, (m, _) in enumerate(panels) if m == mode), 0)
            color = COLORS.get(result["threads"], OTHER)
            at = y + (2 if result["threads"] > 1 else -2)
            first, last = (x_of(panel, value) for value in result["ratio"]["interval95"])
            out.append(f'<line x1="{first:.1f}" y1="{at:.1f}" x2="{last:.1f}" y2="{at:.1f}" stroke="{color}" '
                       'stroke-width="2" opacity="0.5"/>')
            out.append(f'<circle cx="{x_of(panel, result["ratio"]["median"]):.1f}" cy="{at:.1f}" r="3.2" fill="{color}"/>')
    text(10, bottom + 34, "Rows: T × B × I × H, the worst ratio first. Lines: 95 % intervals over interleaved rounds.", 10,
         fill="#666")
    height = bottom + 46
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif"><rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(out) + "\n</svg>\n")
