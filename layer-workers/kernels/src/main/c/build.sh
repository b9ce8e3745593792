#!/bin/sh
# Builds the native kernels for this machine's architecture into the folder $1, once for each CPU path. Without a C compiler
# there are none, and the build goes on: Caravan then runs on the JVM's own vectors.
out=$1
cd "$(dirname "$0")" || exit 1
cc=${CC:-cc}
if ! command -v "$cc" >/dev/null 2>&1; then
    echo "no C compiler ($cc): built without the native kernels"
    exit 0
fi
common="-std=gnu11 -O3 -fPIC -fvisibility=hidden -ffp-contract=off -fno-tree-reassoc -fno-math-errno -fno-trapping-math -Wall -Wextra"
case "$(uname -m)" in
    x86_64|amd64) arch=x86_64 paths="avx2 avx512 avx512bf16 amx" ;;
    aarch64|arm64) arch=aarch64 paths="neon neoni8mm" ;;
    *) echo "no native kernels for $(uname -m)"; exit 0 ;;
esac
avx2="-mavx2 -mfma -mf16c"
avx512="-mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mfma -mf16c -mprefer-vector-width=512"
avx512bf16="$avx512 -mavx512bf16"
amx="$avx512bf16 -mamx-tile -mamx-int8 -mamx-bf16"
neon="-march=armv8.2-a+dotprod+fp16"
neoni8mm="-march=armv8.2-a+dotprod+fp16+i8mm"
library=$out/classes/io/caravan/kernels/nativelib/$(uname -s | tr '[:upper:]' '[:lower:]')-$arch
objects=$out/objects
# A build takes half a minute of two cores: one of the same sources, by the same compiler, is kept.
built=$({ cksum ./*; "$cc" --version; uname -m; } | cksum)
if [ -f "$library/libcaravan.so" ] && [ "$(cat "$objects/built" 2>/dev/null)" = "$built" ]; then exit 0; fi
rm -rf "$objects" && mkdir -p "$objects" || exit 1
$cc $common -c platform.c -o "$objects/platform.o" || exit 1
for path in $paths; do
    eval flags=\$$path
    if ! $cc $flags -E -x c /dev/null >/dev/null 2>&1; then
        echo "$cc knows no $path: built without its kernels"
        continue
    fi
    for source in dot_int8 dot_int8_tiles dot_float dot_bf16 dot_bf16_tiles dot_widened dot_twelve activation attention store_kv pack pack_twelve quantise logits; do
        $cc $common $flags -DPATH=$path -c $source.c -o "$objects/$path-$source.o" || exit 1
    done
done
mkdir -p "$library" && $cc -shared -o "$library/libcaravan.so" "$objects"/*.o && echo "$built" >"$objects/built"
