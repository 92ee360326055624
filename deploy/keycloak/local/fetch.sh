#!/usr/bin/env bash
# Fetches Keycloak by version and checksum, and builds it once for a database in memory. Without a JDK or Maven, or where the archive
# cannot be had, it says so and leaves nothing: what needs Keycloak is then skipped. Another checksum is an error.
set -euo pipefail
version=$1 sha256=$2 target=$3

skip() {
    echo "Keycloak is not fetched, and what needs it is skipped: $1" >&2
    exit 0
}

command -v java >/dev/null || skip "there is no JDK (17 or newer)"
command -v mvn >/dev/null || skip "there is no Maven"
mkdir -p "$target"
archive=$target/keycloak-quarkus-dist-$version.tar.gz
if [ ! -f "$archive" ]; then
    mvn --quiet --batch-mode org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
        -Dartifact="org.keycloak:keycloak-quarkus-dist:$version:tar.gz" -DoutputDirectory="$target" \
        || skip "Maven does not get org.keycloak:keycloak-quarkus-dist:$version"
fi
echo "$sha256  $archive" | sha256sum --check --quiet
rm -rf "$target/server"
mkdir "$target/server"
tar --extract --gzip --file "$archive" --directory "$target/server" --strip-components 1
# The log of the build says nothing that its exit status does not.
"$target/server/bin/kc.sh" build --db=dev-mem --cache=local >"$target/build.log"
touch "$target/server/.installed"
rm "$archive"
