"""Parses every WDL file below a folder with miniwdl; prints how many it took and how many it refused."""
import pathlib
import sys

import WDL

taken = refused = 0
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.wdl")):
    try:
        WDL.parse_document(path.read_text(errors="replace"))
        taken += 1
    except Exception:
        refused += 1
print(f"{taken} taken, {refused} refused")
