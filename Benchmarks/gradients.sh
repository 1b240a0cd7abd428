#!/usr/bin/env bash
# How much of the gradient reaches earlier steps in an RNN and in an LSTM, before and after learning the adding problem and
# temporal order: Benchmarks/results/gradient_flow.jsonl and the figures gradient-flow-*.svg. A few minutes.
#
#     Benchmarks/gradients.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=(swift run -c release --package-path Benchmarks --scratch-path .build/bench LongLag)
results=Benchmarks/results/gradient_flow.jsonl
"${program[@]}" --gradients --tasks adding-100,temporal-order --cells rnn,lstm --seeds 1 > "$results.new"
mv "$results.new" "$results"
"${program[@]}" --draw-gradients "$results" --out Documentation/Figures
cp Documentation/Figures/gradient-flow-*.svg Sources/Recurrent/Recurrent.docc/Resources
