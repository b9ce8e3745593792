/*
 * What does not depend on the CPU path: which one this CPU runs, memory for weights, and where threads run and sleep. Compiled once, for
 * any CPU.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#ifdef __linux__
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define EXPORT __attribute__((visibility("default")))

#if defined(__x86_64__) && defined(__linux__)
#define AMX_BF16 (1u << 22)
#define AMX_TILE (1u << 24)
#define AMX_INT8 (1u << 25)
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

/* whether this process may use tile registers, which the system keeps for threads only where it was asked to */
static int has_tiles(void) {
    unsigned eax, ebx, ecx, edx, all = AMX_BF16 | AMX_TILE | AMX_INT8;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || (edx & all) != all) return 0;
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}
#elif defined(__x86_64__)
static int has_tiles(void) { return 0; }
#endif

/* the widest vectors that this CPU and its system have kernels for: on x86-64 4 is AVX-512 with VNNI, BF16 and AMX's tile
 * registers, 3 without tiles, 2 with VNNI, 1 AVX2; on Arm 2 is NEON with I8MM, 1 with dot products and half precision; 0 is none */
EXPORT long caravan_path(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni"))
        return !__builtin_cpu_supports("avx512bf16") ? 2 : has_tiles() ? 4 : 3;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) return 1;
    return 0;
#elif defined(__linux__)
    unsigned long needed = HWCAP_ASIMDDP | HWCAP_FPHP | HWCAP_ASIMDHP;
    if ((getauxval(AT_HWCAP) & needed) != needed) return 0;
    return getauxval(AT_HWCAP2) & HWCAP2_I8MM ? 2 : 1;
#else
    return 1;
#endif
}

#define HUGE_PAGE ((size_t)2 << 20)
#define PAGE ((size_t)64 << 10) /* a multiple of any system's */

static size_t up(size_t number, size_t multiple) { return (number + multiple - 1) / multiple * multiple; }

/* zeroed memory that begins at a huge page, in huge pages where the system has some; NULL when there is none */
EXPORT void *caravan_allocate(size_t bytes) {
    size_t needed = up(bytes, PAGE), mapped = needed + HUGE_PAGE;
    char *memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    size_t before = up((size_t)memory, HUGE_PAGE) - (size_t)memory;
    char *from = memory + before;
    if (before > 0) munmap(memory, before);
    munmap(from + needed, mapped - before - needed); /* never nothing: before is less than a huge page */
#ifdef MADV_HUGEPAGE
    madvise(from, needed, MADV_HUGEPAGE);
#endif
    return from;
}

EXPORT long caravan_release(void *memory, size_t bytes) { return munmap(memory, up(bytes, PAGE)); }

#if defined(__linux__) && defined(MADV_HUGEPAGE)
#define PROBED_PAGES 16

/* kilobytes in huge pages of the mapping that holds an address, as the system counts them */
static long huge_kilobytes(size_t address) {
    FILE *maps = fopen("/proc/self/smaps", "re");
    if (maps == NULL) return 0;
    char line[512];
    long kilobytes = 0, here = 0;
    size_t from, to;
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%zx-%zx ", &from, &to) == 2) {
            if (here) break;
            here = from <= address && address < to;
        } else if (here && sscanf(line, "FilePmdMapped: %ld kB", &kilobytes) == 1) {
            break;
        }
    }
    fclose(maps);
    return kilobytes;
}

/* whether the system maps this file, from its begin on, in huge pages: asks for them and looks at what the first ones became */
EXPORT long caravan_map_huge(void *file, size_t bytes) {
    size_t pages = bytes / HUGE_PAGE < PROBED_PAGES ? bytes / HUGE_PAGE : PROBED_PAGES;
    if ((size_t)file % HUGE_PAGE != 0 || pages == 0 || madvise(file, bytes, MADV_HUGEPAGE) != 0) return 0;
    for (size_t page = 0; page < pages; page++) (void)*((volatile const char *)file + page * HUGE_PAGE);
    return huge_kilobytes((size_t)file) >= (long)(pages * (HUGE_PAGE >> 10));
}
#else
EXPORT long caravan_map_huge(void *file, size_t bytes) {
    (void)file, (void)bytes;
    return 0;
}
#endif

/* lets go of the pages of a mapped file that were read and are not needed again */
EXPORT long caravan_forget(void *address, size_t bytes) {
    size_t from = up((size_t)address, PAGE), to = ((size_t)address + bytes) / PAGE * PAGE;
    return to > from ? madvise((void *)from, to - from, MADV_DONTNEED) : 0;
}

#ifdef __linux__
#define CPU_WORDS 64

/* which of the 64 CPUs from 64 * word on the calling thread may run on, a bit each */
EXPORT long caravan_allowed_cpus(long word) {
    unsigned long set[CPU_WORDS] = {0};
    if (word < 0 || word >= CPU_WORDS || sched_getaffinity(0, sizeof set, (cpu_set_t *)set) != 0) return 0;
    return set[word];
}

/* lets the calling thread run on one CPU only; 0, or the system's error number */
EXPORT long caravan_pin(long cpu) {
    unsigned long set[CPU_WORDS] = {0};
    if (cpu < 0 || cpu >= 64 * CPU_WORDS) return EINVAL;
    set[cpu / 64] = 1ul << cpu % 64;
    return sched_setaffinity(0, sizeof set, (cpu_set_t *)set) == 0 ? 0 : errno;
}

/* how far a thread, by the system's number, stands back where others want its core: 0 to 19; 0, or the system's error number */
EXPORT long caravan_nice(long thread, long nice) {
    return setpriority(PRIO_PROCESS, (id_t)thread, (int)nice) == 0 ? 0 : errno;
}
#else
EXPORT long caravan_allowed_cpus(long word) { return word < 0; }

EXPORT long caravan_pin(long cpu) { return cpu < 0 ? EINVAL : ENOSYS; }

EXPORT long caravan_nice(long thread, long nice) { return thread < 0 || nice < 0 ? EINVAL : ENOSYS; }
#endif

#ifdef __linux__
/* sleeps for as long as a number in memory, which processes may share, is the one expected, until it is woken or for so long */
EXPORT long caravan_sleep(int32_t *number, long expected, long nanoseconds) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return syscall(SYS_futex, number, FUTEX_WAIT, (int32_t)expected, &time, NULL, 0) == 0 ? 0 : errno;
}

/* wakes one thread that sleeps at that number; how many it were */
EXPORT long caravan_wake(int32_t *number) { return syscall(SYS_futex, number, FUTEX_WAKE, 1, NULL, NULL, 0); }
#endif
