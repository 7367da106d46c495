"""Finds the Docker requirements of every CWL file below a folder with cwl-utils."""
import contextlib
import io
import pathlib
import sys

from cwl_utils.docker_extract import traverse
from cwl_utils.parser import load_document_by_uri

taken = refused = 0
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.cwl")):
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            loaded = load_document_by_uri(path.resolve().as_uri(), load_all=True)
            for process in loaded if isinstance(loaded, list) else [loaded]:
                list(traverse(process))
        taken += 1
    except BaseException:
        refused += 1
print(f"{taken} taken, {refused} refused")
