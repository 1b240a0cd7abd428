"""Takes pictures out of the page of a study: pictures.py REPORT.html PREFIX, which writes PREFIX-best-tenth.svg and so on.

What explains the variation is that of vanilla alone: over all cells together one that all but diverges takes most of it.
"""

import pathlib
import re
import sys

# What stands in a picture, its title or the line below, and the name that it gets.
PICTURES = [
    ("The best tenth of each variant", "", "best-tenth"),
    ("What explains the variation: nats a frame on the test part", "vanilla, ", "importance"),
    ("nats a frame on the test part: learning rate and hidden size", "vanilla, ", "map"),
]
page, prefix = pathlib.Path(sys.argv[1]).read_text(), sys.argv[2]
drawn = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
for title, subtitle, name in PICTURES:
    picture = next(one for one in drawn if f">{title}<" in one and f">{subtitle}" in one)
    pathlib.Path(f"{prefix}-{name}.svg").write_text(picture + "\n")
