#!/bin/sh
# Compares the kernels of all CPU paths on the same inputs, in the folder $1: AVX-512 and AMX as plain loops,
# AMX in tile registers too where this CPU has them, NEON where a cross compiler and an emulator (gcc-aarch64-linux-gnu,
# qemu-user) are installed.
out=$1
here=$(cd "$(dirname "$0")" && pwd)
kernels=$here/../../main/c
cc=${CC:-cc}
mkdir -p "$out" && cd "$out" || exit 1
common="-std=gnu11 -O2 -ffp-contract=off -fno-tree-reassoc -fno-math-errno -w -I$kernels"
sources="$here/paths.c $kernels/dot_int8.c $kernels/dot_int8_tiles.c $kernels/dot_float.c $kernels/dot_bf16.c $kernels/dot_bf16_tiles.c $kernels/dot_widened.c $kernels/dot_twelve.c $kernels/activation.c $kernels/attention.c $kernels/store_kv.c $kernels/pack.c $kernels/pack_twelve.c $kernels/quantise.c $kernels/logits.c"
failed=0

# Sums across a row are made in an order that depends on the width of the vectors; all else has the same bits, what is called same_ must.
compare() { # name of a path, and of the one that it is held to
    paste -d " " "$2.txt" "$1.txt" | awk -v path="$1" -v other="$2" '
        { off = $3 - $6; off = off < 0 ? -off : off; size = $3 < 0 ? -$3 : $3
          if ($1 != $4 || $2 != $5 || $6 != $6 + 0 || off > 2e-6 * (size > 1 ? size : 1) || $1 ~ /^same_/ && $3 != $6) { if (!bad++) first = $0 }
          if ($3 != $6) differing++ }
        END { printf "%s: %d numbers, %d of them other bits than %s\n", path, NR, differing, other
              if (bad || !NR) { printf "%s: %d numbers are wrong, first %s\n", path, bad, first; exit 1 } }' || failed=1
}

[ "$(uname -m)" = x86_64 ] || { echo "the paths are compared on x86-64"; exit 0; }
$cc $common -mavx2 -mfma -mf16c -DPATH=avx2 $sources -o avx2 -lm && ./avx2 >avx2.txt || exit 1
$cc $common -mavx2 -mfma -mf16c -include "$here/emulated_avx512.h" -DPATH=avx512 $sources -o avx512 -lm &&
    ./avx512 >avx512.txt || exit 1
compare avx512 avx2
$cc $common -mavx2 -mfma -mf16c -include "$here/emulated_avx512.h" -DEMULATED_BF16 -DPATH=avx512bf16 $sources -o avx512bf16 -lm &&
    ./avx512bf16 >avx512bf16.txt || exit 1
compare avx512bf16 avx2
$cc $common -mavx2 -mfma -mf16c -include "$here/emulated_amx.h" -DPATH=amx $sources -o amx -lm &&
    ./amx >amx.txt || exit 1
compare amx avx2
tiles="-mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mavx512bf16 -mamx-tile -mamx-int8 -mamx-bf16 -mfma -mf16c"
if grep -qw amx_int8 /proc/cpuinfo 2>/dev/null && $cc $tiles -E -x c /dev/null >/dev/null 2>&1; then
    $cc $common $tiles -DPATH=amx $sources -o amxcpu -lm && ./amxcpu >amxcpu.txt || exit 1
    cmp amxcpu.txt amx.txt || failed=1
else
    echo "amx: compared as plain loops only (needs a CPU and a compiler that have tiles)"
fi
if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null; then
    for path in neon neoni8mm; do
        features=dotprod+fp16$([ $path = neon ] || echo +i8mm)
        aarch64-linux-gnu-gcc $common -march=armv8.2-a+$features -DPATH=$path -static $sources -o $path -lm &&
            qemu-aarch64 -cpu max ./$path >$path.txt || exit 1
        compare $path avx2
    done
    cmp neon.txt neoni8mm.txt || failed=1
else
    echo "neon: not compared (needs gcc-aarch64-linux-gnu and qemu-user)"
fi
exit $failed
