#!/usr/bin/env bash
# Makes what lies below Caravan in its image, in the folder OUT: a Java runtime of the modules that Caravan uses, and the C
# library of this machine, which that runtime and the tokenizer's native library are linked to. Needs no network.
#
#   root.sh LIBRARIES OUT CLASSES
#
# LIBRARIES is the folder of Caravan's jars; CLASSES is made because Jib wants to see that something was compiled.
# JAVA_HOME is the JDK.
set -euo pipefail
java_home=$JAVA_HOME libraries=$1 out=$2 classes=$3

# What jdeps --print-module-deps says of the jars, less compilers and debuggers; TLS with EC keys, zip files, and jcmd for
# those who look into a running pod.
MODULES=java.desktop,java.instrument,java.management,java.naming,java.net.http,java.sql,jdk.attach,jdk.crypto.ec
MODULES+=,jdk.httpserver,jdk.incubator.vector,jdk.jcmd,jdk.jfr,jdk.management,jdk.unsupported,jdk.zipfs
# Of java.desktop only the beans are used.
SCREEN_AND_SOUND='libawt_xawt.so libjawt.so libjsound.so libsplashscreen.so'
USER_ID=10001

die() { printf 'root.sh: %s\n' "$*" >&2; exit 1; }
[ "$(uname -s)" = Linux ] && ldd --version 2>&1 | grep -qi 'glibc\|gnu libc' || die "the image is built on Linux with glibc"

rm -rf "$out"
mkdir -p "$classes" "$out/etc" "$out/opt" "$out/tmp"
"$java_home/bin/jlink" --add-modules "$MODULES" --strip-java-debug-attributes --no-man-pages --no-header-files \
    --compress zip-6 --output "$out/opt/java"
for library in $SCREEN_AND_SOUND; do rm -f "$out/opt/java/lib/$library"; done

# The jar that carries the tokenizer, for the names of what its native library needs.
native=$(mktemp -d)
trap 'rm -rf "$native"' EXIT
(cd "$native" && "$java_home/bin/jar" xf "$libraries"/tokenizers-*.jar "native/lib/linux-$(uname -m)/cpu/libtokenizers.so")

find "$out/opt/java" "$native" -type f \( -name '*.so' -o -path '*/bin/java' \) -print0 |
    xargs -0 -n 1 ldd 2>/dev/null |
    awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// && NF == 2 && $2 ~ /^\(/ { print $1 }' |
    grep -v "^$out" | LC_ALL=C sort -u |
    while IFS= read -r library; do
        mkdir -p "$out$(dirname "$library")"
        cp -L "$library" "$out$library"
    done

# Java takes the encoding of files' names from the locale, which the C library knows from files alone.
utf8=/usr/lib/locale/C.utf8
mkdir -p "$out/usr/lib/locale"
if [ -d "$utf8" ]; then cp -RL "$utf8" "$out$utf8"; else localedef -i C -f UTF-8 "$out$utf8" || die "this machine has no locale C.UTF-8"; fi

printf 'root:x:0:0:root:/:/none\ncaravan:x:%s:%s:Caravan:/tmp:/none\n' "$USER_ID" "$USER_ID" >"$out/etc/passwd"
printf 'root:x:0:\ncaravan:x:%s:\n' "$USER_ID" >"$out/etc/group"
printf 'hosts: files dns\n' >"$out/etc/nsswitch.conf"
