"""Settings found on small networks, for large ones.

    scale.py point STUDY.json [hidden]   the options of the best point of vanilla, the hidden size among them where it is asked for
    scale.py scores OUT SMALL.json LARGE.json [WHOLE.json]

The files are those of `recurrent runs show STUDY --json`: of the search on small networks, of large networks at the point that it
found, and, where there is one, of a search over all sizes.
"""

import json
import pathlib
import sys


def variant(path):
    return next(one for one in json.loads(pathlib.Path(path).read_text())["variants"] if one["variant"] == "vanilla")


if sys.argv[1] == "point":
    point = variant(sys.argv[2])["best"]["point"]
    if len(sys.argv) > 3:
        # A study varies something: two sizes are as good as one.
        point["hidden"] = f"{point['hidden']}:{point['hidden'] + 1}"
    else:
        del point["hidden"]
    print(*(word for name, value in point.items() for word in ("--" + name.replace("_", "-"), value)))
    sys.exit()
out, small, large, *whole = sys.argv[2:]
result = {"task": "scale", "small": variant(small), "large": variant(large)}
if whole:
    result["whole_search"] = variant(whole[0])
pathlib.Path(out).write_text(json.dumps(result, indent=2) + "\n")
