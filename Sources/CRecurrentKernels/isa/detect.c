#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1
#endif

#include "prelude.h"

#if defined(__linux__)
#include <sched.h>
#endif

#if defined(__x86_64__)
#include <cpuid.h>
#include <xmmintrin.h>

static uint64_t extended_control_register(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static int processor_has(rk_isa isa) {
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    const uint32_t fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28, f16c = 1u << 29;
    if ((c & (fma | osxsave | avx | f16c)) != (fma | osxsave | avx | f16c)) return 0;
    // The operating system must save the registers: bits 1 and 2 for ymm, 5 to 7 for zmm.
    const uint64_t saved = extended_control_register();
    if ((saved & 0x6) != 0x6) return 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    if (!(b & 1u << 5)) return 0;
    if (isa == rk_isa_avx2) return 1;
    const uint32_t f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;
    return (b & (f | dq | bw | vl)) == (f | dq | bw | vl) && (saved & 0xe6) == 0xe6;
}

/// Whether a processor that has `isa` multiplies bytes in it with one instruction.
static int processor_has_byte_dot(rk_isa isa) {
    uint32_t a, b, c, d;
    if (!processor_has(isa) || !__get_cpuid_count(7, isa == rk_isa_avx2, &a, &b, &c, &d)) return 0;
    return isa == rk_isa_avx2 ? a >> 4 & 1 : c >> 11 & 1;
}
#endif

rk_lstm_step_function rk_lstm_step_byte_dot(rk_isa isa) {
#if defined(__x86_64__)
    if (isa == rk_isa_avx2 && processor_has_byte_dot(isa)) return rk_lstm_step_s8_avxvnni;
    if (isa == rk_isa_avx512 && processor_has_byte_dot(isa)) return rk_lstm_step_s8_avx512vnni;
#endif
    (void)isa;
    return NULL;
}

rk_affine_step_function rk_affine_step_byte_dot(rk_isa isa) {
#if defined(__x86_64__)
    if (isa == rk_isa_avx2 && processor_has_byte_dot(isa)) return rk_affine_step_s8_avxvnni;
    if (isa == rk_isa_avx512 && processor_has_byte_dot(isa)) return rk_affine_step_s8_avx512vnni;
#endif
    (void)isa;
    return NULL;
}

const rk_table *rk_table_of(rk_isa isa, rk_element element) {
    const int f32 = element == rk_element_f32;
    switch (isa) {
    case rk_isa_portable: return f32 ? &rk_table_portable_f32 : &rk_table_portable_f64;
#if defined(__x86_64__)
    case rk_isa_avx2:
        if (!processor_has(rk_isa_avx2)) return NULL;
        return f32 ? &rk_table_avx2_f32 : &rk_table_avx2_f64;
    case rk_isa_avx512:
        if (!processor_has(rk_isa_avx512)) return NULL;
        return f32 ? &rk_table_avx512_f32 : &rk_table_avx512_f64;
#endif
#if defined(__aarch64__)
    case rk_isa_neon: return f32 ? &rk_table_neon_f32 : &rk_table_neon_f64;
#endif
    default: return NULL;
    }
}

int32_t rk_allowed_processors(void) {
#if defined(__linux__)
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0) return (int32_t)CPU_COUNT(&mask);
#endif
    return 0;
}

uint64_t rk_enter_region(void) {
#if defined(__x86_64__)
    const uint32_t saved = _mm_getcsr();
    _mm_setcsr(saved | 0x8040);
    return saved;
#elif defined(__aarch64__)
    uint64_t saved;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    __asm__ volatile("msr fpcr, %0" : : "r"(saved | 1ull << 24));
    return saved;
#else
    return 0;
#endif
}

void rk_leave_region(uint64_t saved) {
#if defined(__x86_64__)
    _mm_setcsr((uint32_t)saved);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(saved));
#else
    (void)saved;
#endif
}
