"""Takes pictures out of the page of a study: pictures.py REPORT.html PREFIX, which writes PREFIX-confirmed.svg and so on."""

import pathlib
import re
import sys

NAMES = {
    "The best point of each variant with other seeds": "confirmed",
    "What explains the variation: nats a frame on the test part": "importance",
    "nats a frame on the test part: learning rate and hidden size": "map",
}
page, prefix = pathlib.Path(sys.argv[1]).read_text(), sys.argv[2]
for picture in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
    for title, name in list(NAMES.items()):
        if f">{title}<" in picture:
            pathlib.Path(f"{prefix}-{name}.svg").write_text(picture + "\n")
            # The first is that of all variants.
            del NAMES[title]
