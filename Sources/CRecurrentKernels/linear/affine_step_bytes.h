// A linear map of one row with weights and operand of 8 bits: exact integer sums, as in cells/lstm_step_bytes.h.

/// Where the rows of vector `v` of a group begin, and how many there are.
typedef struct FN(affine_part) { ptrdiff_t first, count; } FN(affine_part);

INLINE FN(affine_part) FN(affine_part_of)(const rk_affine_step *args, ptrdiff_t panel, int v) {
    const ptrdiff_t quarter = (args->rows + 3) / 4, unit = (panel + v / 4) * LANES;
    const ptrdiff_t first = v % 4 * quarter + unit;
    const ptrdiff_t count = FN(smaller)(FN(smaller)(quarter - unit, LANES), args->rows - first);
    return (FN(affine_part)){first, count};
}

INLINE void FN(affine_finish)(const rk_affine_step *args, const int panels, ptrdiff_t panel, const vec *z) {
#pragma clang loop unroll(full)
    for (int v = 0; v < 4 * panels; v++) {
        const FN(affine_part) part = FN(affine_part_of)(args, panel, v);
        if (part.count > 0) FN(store_part)(args->y + part.first, z[v], part.count);
    }
}

/// The numbers of the rows of vector `v` of a group, out of one a row.
INLINE vec FN(affine_rows)(const rk_affine_step *args, const float *from, ptrdiff_t panel, int v) {
    const FN(affine_part) part = FN(affine_part_of)(args, panel, v);
    return part.count > 0 ? FN(load_part)(from + part.first, part.count) : (vec){0};
}

INLINE void FN(affine_byte_group)(
    const rk_affine_step *args, const int panels, ptrdiff_t panel, const uint8_t *x, float x_scale) {
    const uint8_t *w = (const uint8_t *)args->panels + panel * PANEL * ((args->depth + 3) / 4 * 4);
    vec z[8];
    bits sum[8];
#pragma clang loop unroll(full)
    for (int v = 0; v < 4 * panels; v++)
        sum[v] = -RK_BYTE_OFFSET * (bits)FN(affine_rows)(args, (const float *)args->sums, panel, v);
    FN(step_dots)(4 * panels, args->depth, x, w, sum);
#pragma clang loop unroll(full)
    for (int v = 0; v < 4 * panels; v++) {
        const vec scale = FN(affine_rows)(args, args->scales, panel, v) * FN(set)(x_scale);
        z[v] = FN(fma)(__builtin_convertvector(sum[v], vec), scale, FN(affine_rows)(args, args->bias, panel, v));
    }
    FN(affine_finish)(args, panels, panel, z);
}

static void FN(affine_step_s8)(const rk_affine_step *args) {
    const ptrdiff_t panels = ((args->rows + 3) / 4 + LANES - 1) / LANES;
    uint8_t *x = args->workspace;
    const float x_scale = FN(step_quantize)(args->depth, args->x, args->input_range, x);
    for (ptrdiff_t panel = 0; panel < panels; panel += 2) {
        if (panel + 1 < panels)
            FN(affine_byte_group)(args, 2, panel, x, x_scale);
        else
            FN(affine_byte_group)(args, 1, panel, x, x_scale);
    }
}
