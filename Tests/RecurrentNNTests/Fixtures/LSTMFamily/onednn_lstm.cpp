// Prints, as JSON, LSTMs with peepholes and projection as oneDNN 2.6 (Debian's libdnnl-dev) computes them in single
// precision, forward and backward: c++ -O1 -std=c++17 onednn_lstm.cpp -ldnnl -o onednn_lstm && ./onednn_lstm
//
// oneDNN's layouts: weights_layer and weights_iter (layer, direction, input, gate, output), peephole (layer, direction,
// gate, output), projection (layer, direction, input, output), bias (layer, direction, gate, output); gates i, f, c~, o and
// peepholes i, f, o. There is one bias.
#include <oneapi/dnnl/dnnl.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

using namespace dnnl;
using tag = memory::format_tag;
using dims = memory::dims;

static uint64_t state = 1;

// Uniform in -1...1, from a 64-bit congruential generator.
static float uniform() {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (float)((double)(state >> 11) / (double)(1ull << 53) * 2 - 1);
}

struct Array {
    const char *name;
    dims shape;
    tag format;
    std::vector<float> values;

    Array(const char *name, dims shape, tag format, float scale)
        : name(name), shape(shape), format(format) {
        int64_t count = 1;
        for (auto extent : shape) count *= extent;
        values.resize(count);
        for (auto &value : values) value = scale == 0 ? 0 : scale * uniform();
    }

    memory::desc plain() const { return memory::desc(shape, memory::data_type::f32, format); }
    memory::desc any() const { return memory::desc(shape, memory::data_type::f32, tag::any); }

    void print(bool last = false) const {
        std::printf("\"%s\": {\"shape\": [", name);
        for (size_t k = 0; k < shape.size(); ++k) std::printf("%s%lld", k ? ", " : "", (long long)shape[k]);
        std::printf("], \"values\": [");
        for (size_t k = 0; k < values.size(); ++k) std::printf("%s%.9g", k ? ", " : "", values[k]);
        std::printf("]}%s\n", last ? "" : ",");
    }
};

static engine cpu(engine::kind::cpu, 0);

static memory load(Array &array, stream &s, const memory::desc &wanted) {
    memory plain(array.plain(), cpu, array.values.data());
    memory result(wanted, cpu);
    reorder(plain, result).execute(s, plain, result);
    s.wait();
    return result;
}

static void store(memory &from, Array &array, stream &s) {
    memory plain(array.plain(), cpu, array.values.data());
    reorder(from, plain).execute(s, from, plain);
    s.wait();
}

static memory zeros(const memory::desc &wanted) {
    memory result(wanted, cpu);
    std::memset(result.get_data_handle(), 0, wanted.get_size());
    return result;
}

static void run(const char *name, uint64_t seed, bool peephole, int64_t projection, bool reversed, bool last) {
    const int64_t T = 5, B = 3, I = 4, H = 5, P = projection ? projection : H;
    state = seed;
    stream s(cpu);
    Array x("x", {T, B, I}, tag::tnc, 1), h0("h0", {1, 1, B, P}, tag::ldnc, 1), c0("c0", {1, 1, B, H}, tag::ldnc, 1);
    Array w("weights_layer", {1, 1, I, 4, H}, tag::ldigo, 0.8f), r("weights_iter", {1, 1, P, 4, H}, tag::ldigo, 0.8f);
    Array p("weights_peephole", {1, 1, 3, H}, tag::ldgo, 0.8f), q("weights_projection", {1, 1, H, P}, tag::ldio, 0.8f);
    Array b("bias", {1, 1, 4, H}, tag::ldgo, 0.8f);
    Array y("y", {T, B, P}, tag::tnc, 0), hn("hn", {1, 1, B, P}, tag::ldnc, 0), cn("cn", {1, 1, B, H}, tag::ldnc, 0);
    Array dy("dy", {T, B, P}, tag::tnc, 1), dhn("dhn", {1, 1, B, P}, tag::ldnc, 1), dcn("dcn", {1, 1, B, H}, tag::ldnc, 1);
    Array dx("dx", x.shape, tag::tnc, 0), dh0("dh0", h0.shape, tag::ldnc, 0), dc0("dc0", c0.shape, tag::ldnc, 0);
    Array dw("dweights_layer", w.shape, tag::ldigo, 0), dr("dweights_iter", r.shape, tag::ldigo, 0);
    Array dp("dweights_peephole", p.shape, tag::ldgo, 0), dq("dweights_projection", q.shape, tag::ldio, 0);
    Array db("dbias", b.shape, tag::ldgo, 0);

    auto direction = reversed ? rnn_direction::unidirectional_right2left : rnn_direction::unidirectional_left2right;
    auto p_desc = peephole ? p.plain() : memory::desc();
    auto q_any = projection ? q.any() : memory::desc();
    lstm_forward::primitive_desc forward(
        lstm_forward::desc(
            prop_kind::forward_training, direction, x.plain(), h0.plain(), c0.plain(), w.any(), r.any(), p_desc, q_any,
            b.plain(), y.plain(), hn.plain(), cn.plain()),
        cpu);
    lstm_backward::primitive_desc backward(
        lstm_backward::desc(
            prop_kind::backward, direction, x.plain(), h0.plain(), c0.plain(), w.any(), r.any(), p_desc, q_any, b.plain(),
            y.plain(), hn.plain(), cn.plain(), x.plain(), h0.plain(), c0.plain(), w.any(), r.any(), p_desc, q_any,
            b.plain(), y.plain(), hn.plain(), cn.plain()),
        cpu, forward);

    auto x_m = load(x, s, x.plain()), h0_m = load(h0, s, h0.plain()), c0_m = load(c0, s, c0.plain());
    auto b_m = load(b, s, b.plain()), y_m = zeros(y.plain()), hn_m = zeros(hn.plain()), cn_m = zeros(cn.plain());
    memory workspace(forward.workspace_desc(), cpu);
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC_LAYER, x_m}, {DNNL_ARG_SRC_ITER, h0_m}, {DNNL_ARG_SRC_ITER_C, c0_m},
        {DNNL_ARG_WEIGHTS_LAYER, load(w, s, forward.weights_layer_desc())},
        {DNNL_ARG_WEIGHTS_ITER, load(r, s, forward.weights_iter_desc())}, {DNNL_ARG_BIAS, b_m},
        {DNNL_ARG_DST_LAYER, y_m}, {DNNL_ARG_DST_ITER, hn_m}, {DNNL_ARG_DST_ITER_C, cn_m},
        {DNNL_ARG_WORKSPACE, workspace},
    };
    memory p_m, q_m;
    if (peephole) arguments[DNNL_ARG_WEIGHTS_PEEPHOLE] = p_m = load(p, s, p.plain());
    if (projection) arguments[DNNL_ARG_WEIGHTS_PROJECTION] = load(q, s, forward.weights_projection_desc());
    lstm_forward(forward).execute(s, arguments);
    s.wait();
    store(y_m, y, s), store(hn_m, hn, s), store(cn_m, cn, s);

    auto dx_m = zeros(x.plain()), dh0_m = zeros(h0.plain()), dc0_m = zeros(c0.plain()), db_m = zeros(b.plain());
    auto dw_m = zeros(backward.diff_weights_layer_desc()), dr_m = zeros(backward.diff_weights_iter_desc());
    auto dp_m = peephole ? zeros(p.plain()) : memory();
    auto dq_m = projection ? zeros(backward.diff_weights_projection_desc()) : memory();
    arguments[DNNL_ARG_WEIGHTS_LAYER] = load(w, s, backward.weights_layer_desc());
    arguments[DNNL_ARG_WEIGHTS_ITER] = load(r, s, backward.weights_iter_desc());
    if (projection) arguments[DNNL_ARG_WEIGHTS_PROJECTION] = load(q, s, backward.weights_projection_desc());
    arguments[DNNL_ARG_DIFF_SRC_LAYER] = dx_m;
    arguments[DNNL_ARG_DIFF_SRC_ITER] = dh0_m;
    arguments[DNNL_ARG_DIFF_SRC_ITER_C] = dc0_m;
    arguments[DNNL_ARG_DIFF_WEIGHTS_LAYER] = dw_m;
    arguments[DNNL_ARG_DIFF_WEIGHTS_ITER] = dr_m;
    if (peephole) arguments[DNNL_ARG_DIFF_WEIGHTS_PEEPHOLE] = dp_m;
    if (projection) arguments[DNNL_ARG_DIFF_WEIGHTS_PROJECTION] = dq_m;
    arguments[DNNL_ARG_DIFF_BIAS] = db_m;
    arguments[DNNL_ARG_DIFF_DST_LAYER] = load(dy, s, y.plain());
    arguments[DNNL_ARG_DIFF_DST_ITER] = load(dhn, s, hn.plain());
    arguments[DNNL_ARG_DIFF_DST_ITER_C] = load(dcn, s, cn.plain());
    lstm_backward(backward).execute(s, arguments);
    s.wait();
    store(dx_m, dx, s), store(dh0_m, dh0, s), store(dc0_m, dc0, s), store(db_m, db, s);
    store(dw_m, dw, s), store(dr_m, dr, s);
    if (peephole) store(dp_m, dp, s);
    if (projection) store(dq_m, dq, s);

    std::printf("\"%s\": {\n\"reversed\": %s,\n", name, reversed ? "true" : "false");
    for (auto array : {&x, &h0, &c0, &w, &r, &b, &y, &hn, &cn, &dy, &dhn, &dcn, &dx, &dh0, &dc0, &dw, &dr}) array->print();
    if (peephole) p.print(), dp.print();
    if (projection) q.print(), dq.print();
    db.print(true);
    std::printf("}%s\n", last ? "" : ",");
}

int main() {
    std::printf("{\n");
    run("standard", 1, false, 0, false, false);
    run("peepholes", 2, true, 0, false, false);
    run("peepholes, reversed", 3, true, 0, true, false);
    run("projection", 4, false, 3, false, false);
    run("peepholes and projection", 5, true, 3, false, false);
    run("peepholes and projection, reversed", 6, true, 2, true, true);
    std::printf("}\n");
}
