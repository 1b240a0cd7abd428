// Written by Benchmarks/draw_shapes.py, as Benchmarks/shapes.json.

extension BenchmarkPoint {
    /// The shapes that a reader would ask for.
    static let namedWords = """
        layer lstm T=50 B=64 I=256 H=256
        zaremba-medium lstm T=35 B=20 I=650 H=650 layers=2
        wide lstm T=64 B=32 I=128 H=512
        forecast lstm T=168 B=64 I=8 H=64
        forecast-deep lstm T=336 B=32 I=32 H=128 layers=2
        single lstm T=512 B=1 I=256 H=256
        large lstm T=128 B=128 I=1024 H=1024
        stream-128 lstm T=1 B=1 I=128 H=128 stream
        stream-256 lstm T=1 B=1 I=256 H=256 stream
        stream-512 lstm T=1 B=1 I=512 H=512 stream
        stream-1024 lstm T=1 B=1 I=1024 H=1024 stream
        ragged lstm T=50 B=64 I=256 H=256 ragged
        bidirectional lstm T=50 B=64 I=256 H=256 directions=2
        projection lstm T=50 B=64 I=256 H=256 projection=128
        peephole lstm T=50 B=64 I=256 H=256 peephole
        layer-norm lstm T=50 B=64 I=256 H=256 layer-norm
        gru gru T=50 B=64 I=256 H=256
        rnn rnn T=50 B=64 I=256 H=256
        """

    /// Drawn once from a grid by a fixed seed.
    static let drawnWords = """
        drawn-01 lstm T=50 B=1 I=192 H=192 layers=4
        drawn-02 lstm T=1 B=20 I=256 H=768
        drawn-03 lstm T=128 B=4 I=100 H=128 layers=2
        drawn-04 lstm T=128 B=7 I=256 H=1024 ragged
        drawn-05 lstm T=128 B=64 I=8 H=256 ragged
        drawn-06 lstm T=512 B=8 I=96 H=96
        drawn-07 lstm T=50 B=32 I=100 H=512 peephole
        drawn-08 lstm T=128 B=128 I=64 H=64
        drawn-09 lstm T=512 B=16 I=32 H=32
        drawn-10 lstm T=50 B=2 I=100 H=100
        drawn-11 lstm T=16 B=20 I=100 H=384 directions=2
        drawn-12 lstm T=1 B=16 I=650 H=650 layers=2
        drawn-13 lstm T=1 B=1 I=100 H=2048
        drawn-14 lstm T=1 B=128 I=1536 H=1536
        drawn-15 lstm T=16 B=2 I=64 H=64 peephole
        drawn-16 lstm T=128 B=8 I=256 H=100 layers=2 projection=50 ragged
        drawn-17 lstm T=16 B=32 I=256 H=256 layers=2
        drawn-18 lstm T=1 B=7 I=1024 H=1024 layers=2 projection=512
        drawn-19 lstm T=1 B=64 I=768 H=768
        drawn-20 lstm T=1 B=4 I=100 H=2048 layers=3
        drawn-21 lstm T=512 B=64 I=100 H=32 ragged
        drawn-22 lstm T=1 B=7 I=650 H=650 layers=2
        drawn-23 lstm T=1 B=2 I=256 H=1536 layers=2
        drawn-24 lstm T=16 B=20 I=512 H=512 layers=2
        drawn-25 lstm T=16 B=128 I=32 H=192
        drawn-26 lstm T=128 B=32 I=32 H=96 peephole
        drawn-27 lstm T=50 B=4 I=100 H=384 layers=2 ragged
        drawn-28 lstm T=512 B=16 I=128 H=128 peephole
        drawn-29 lstm T=1 B=8 I=1536 H=1536
        drawn-30 lstm T=1 B=1 I=8 H=192 directions=2
        drawn-31 lstm T=1 B=8 I=128 H=128
        drawn-32 lstm T=128 B=4 I=100 H=650 peephole
        drawn-33 lstm T=1 B=64 I=100 H=100 layers=2 directions=2
        drawn-34 lstm T=50 B=7 I=256 H=384
        drawn-35 lstm T=50 B=1 I=100 H=32 layers=2
        drawn-36 lstm T=16 B=128 I=64 H=64
        drawn-37 lstm T=128 B=20 I=768 H=768 ragged
        drawn-38 lstm T=128 B=2 I=32 H=96 layers=2 directions=2
        drawn-39 lstm T=16 B=32 I=32 H=1024
        drawn-40 lstm T=50 B=16 I=512 H=512
        drawn-41 lstm T=1 B=8 I=2048 H=2048 layers=2 directions=2
        drawn-42 lstm T=16 B=2 I=256 H=256 directions=2 ragged
        drawn-43 lstm T=16 B=128 I=8 H=96
        drawn-44 lstm T=50 B=20 I=64 H=64 peephole
        drawn-45 lstm T=1 B=16 I=2048 H=2048
        drawn-46 lstm T=512 B=64 I=256 H=256 ragged
        drawn-47 lstm T=16 B=7 I=100 H=650 peephole
        drawn-48 lstm T=1 B=1 I=8 H=1024
        drawn-49 lstm T=16 B=4 I=768 H=768
        drawn-50 lstm T=512 B=32 I=192 H=192 ragged
        drawn-51 lstm T=1 B=16 I=1536 H=1536 layers=2 directions=2
        drawn-52 lstm T=50 B=32 I=100 H=100
        drawn-53 lstm T=128 B=64 I=8 H=128 layers=3
        drawn-54 lstm T=1 B=8 I=32 H=32 layers=4 directions=2
        drawn-55 lstm T=50 B=1 I=512 H=512 layers=2
        drawn-56 lstm T=16 B=20 I=256 H=384 peephole
        drawn-57 lstm T=1 B=128 I=100 H=100
        drawn-58 lstm T=128 B=4 I=32 H=96 projection=48 ragged
        drawn-59 lstm T=1 B=2 I=8 H=1536
        drawn-60 lstm T=128 B=7 I=32 H=768 layers=2 ragged
        """
}
