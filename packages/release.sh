# What every step knows of the release; sourced from the root of the project.
#
# Sets VERSION, TARGET, NAME (of the archives), OUT (the folder of the results) and SOURCE_DATE_EPOCH, the moment that
# is written into them, so that the same sources give the same bytes.

OUT=target/packages
TARGET=${TARGET:-$(uname -m)-unknown-linux-musl}
VERSION=$(python3 -c 'import tomllib; print(tomllib.load(open("Cargo.toml", "rb"))["workspace"]["package"]["version"])')
NAME=omics-ecr-$VERSION-$TARGET
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
mkdir -p "$OUT"
