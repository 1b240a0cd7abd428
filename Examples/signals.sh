# What the recipes of sets of signals have in common; Examples/NAME/run reads it.
#
# DATA is the folder of the data sets, by default ../shared/data beside the package; RECURRENT the program, by default its
# release build. Each network is trained with one thread, and the training time is the processor time of all three seeds.
# The models come to lie below .build/examples.
data="${DATA:-../shared/data}"
if [ -z "${RECURRENT:-}" ]; then
    swift build -c release --product recurrent >&2
    RECURRENT="$(swift build -c release --show-bin-path)/recurrent"
fi

need() { # FILE SOURCE
    [ -r "$1" ] && return
    echo "$1: no such file ($2 has it)" >&2
    exit 6
}

# Trains three seeds and keeps the median: judged on TEST, or where that is empty on the examples that each network of a fold
# had not learned from.
judge() { # NAME WORDS TRAIN TEST OPTION…
    local name="$1" words="$2" train="$3" test="$4" work=".build/examples/$1" files=()
    shift 4
    mkdir -p "$work"
    TIMEFORMAT=%U
    : > "$work/seconds"
    for seed in 0 1 2; do
        { time "$RECURRENT" train classify "$train" --out "$work/seed-$seed" --force --quiet --threads 1 --seed "$seed" \
            "$@" > "$work/seed-$seed.txt"; } 2>> "$work/seconds"
        if [ -n "$test" ]; then
            "$RECURRENT" evaluate "$work/seed-$seed" "$test" --json > "$work/seed-$seed.json"
        else
            "$RECURRENT" info "$work/seed-$seed" --json > "$work/seed-$seed.json"
        fi
        files+=("$work/seed-$seed.json")
    done
    python3 Examples/median_classes.py "$work/scores.json" "${files[@]}"
    python3 Examples/record.py "$name" "$RECURRENT" "$words" "Examples/$name/run" \
        "$(awk '{ sum += $1 } END { print sum }' "$work/seconds")" "$work/scores.json"
}
