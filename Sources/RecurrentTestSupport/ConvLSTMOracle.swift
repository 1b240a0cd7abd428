public import RecurrentTensor

/// The ConvLSTM as plain loops in double precision over single places, typed from the article "The LSTM family".
///
/// Frames are [C, height, width]; one dimension is a height of 1. Kernels are odd and padded by half their size. Parameters:
/// `weight_ih` [4C, I, k, k], `weight_hh` [4C, C, k′, k′], `bias_ih` [4C], gates i, f, g, o; `peephole_i`, `peephole_f`,
/// `peephole_o` [C, height, width] where there are peepholes.
public struct ConvLSTMOracle {
    /// Steps of the input's convolution; the state's frame is that much smaller.
    public let stride: [Int]
    /// I and C.
    public let inputChannels, channels: Int
    let parameters: [String: Tensor]
    private let weights: [String: [Double]]

    /// The names of the parameters.
    public var parameterNames: [String] { parameters.keys.sorted() }

    /// The loops over these parameters.
    public init(stride: [Int] = [1, 1], parameters: [String: Tensor]) {
        self.stride = stride
        self.parameters = parameters
        weights = parameters.mapValues { $0.doubles() }
        inputChannels = parameters["weight_ih"]!.shape[1]
        channels = parameters["weight_hh"]!.shape[1]
    }

    /// A frame: [channels, height, width].
    struct Frame {
        let channels, height, width: Int
        var values: [Double]

        init(_ channels: Int, _ height: Int, _ width: Int, _ values: [Double]? = nil) {
            (self.channels, self.height, self.width) = (channels, height, width)
            self.values = values ?? [Double](repeating: 0, count: channels * height * width)
        }

        subscript(_ channel: Int, _ row: Int, _ column: Int) -> Double {
            get { values[(channel * height + row) * width + column] }
            set { values[(channel * height + row) * width + column] = newValue }
        }
    }

    fileprivate struct Step {
        var x, h, c, i, f, g, o, new: Frame
    }

    /// What a run gives.
    public struct Run {
        /// h and c after every step, [T, B, C, height, width]; zero at padded steps.
        public let h, c: Tensor
        /// h and c after the last step, [B, C, height, width].
        public let finalH, finalC: Tensor
        fileprivate var traces: [[Step]] = []
    }

    /// Visits every pair of places that a convolution multiplies: output channel, row and column, then weight, then input place.
    private func convolution(
        _ name: String, _ stride: [Int], _ input: Frame, _ output: Frame,
        _ visit: (_ out: (Int, Int, Int), _ weight: Int, _ place: (Int, Int, Int)) -> Void
    ) {
        let shape = parameters[name]!.shape
        for out in 0..<shape[0] {
            for row in 0..<output.height {
                for column in 0..<output.width {
                    for channel in 0..<shape[1] {
                        for a in 0..<shape[2] {
                            for b in 0..<shape[3] {
                                let y = row * stride[0] + a - shape[2] / 2
                                let x = column * stride[1] + b - shape[3] / 2
                                guard y >= 0, y < input.height, x >= 0, x < input.width else { continue }
                                let weight = ((out * shape[1] + channel) * shape[2] + a) * shape[3] + b
                                visit((out, row, column), weight, (channel, y, x))
                            }
                        }
                    }
                }
            }
        }
    }

    private func forward(_ x: Frame, _ h: Frame, _ c: Frame) -> (Step, h: Frame) {
        let C = channels
        var z = Frame(4 * C, h.height, h.width)
        for (name, stride, input) in [("weight_ih", stride, x), ("weight_hh", [1, 1], h)] {
            let weight = weights[name]!
            convolution(name, stride, input, h) { out, k, place in
                z[out.0, out.1, out.2] += weight[k] * input[place.0, place.1, place.2]
            }
        }
        let size = h.height * h.width
        for k in z.values.indices { z.values[k] += weights["bias_ih"]![k / size] }
        let (s, a) = (OracleActivation(.sigmoid), OracleActivation(.tanh))
        var step = Step(x: x, h: h, c: c, i: c, f: c, g: c, o: c, new: c)
        var output = h
        let count = C * size
        for k in 0..<count {
            let before = c.values[k]
            step.i.values[k] = s.value(z.values[k] + (weights["peephole_i"]?[k] ?? 0) * before)
            step.f.values[k] = s.value(z.values[count + k] + (weights["peephole_f"]?[k] ?? 0) * before)
            step.g.values[k] = a.value(z.values[2 * count + k])
            let new = step.f.values[k] * before + step.i.values[k] * step.g.values[k]
            step.new.values[k] = new
            step.o.values[k] = s.value(z.values[3 * count + k] + (weights["peephole_o"]?[k] ?? 0) * new)
            output.values[k] = step.o.values[k] * a.value(new)
        }
        return (step, output)
    }

    /// Runs over [T, B, I, height, width] from h and c, [B, C, height, width], or from zero.
    public func run(_ x: Tensor, h: Tensor? = nil, c: Tensor? = nil, lengths: [Int]? = nil) -> Run {
        let (T, B, rows, columns) = (x.shape[0], x.shape[1], x.shape[3], x.shape[4])
        let (height, width) = ((rows - 1) / stride[0] + 1, (columns - 1) / stride[1] + 1)
        let (inputSize, size) = (inputChannels * rows * columns, channels * height * width)
        let values = x.doubles()
        func given(_ state: Tensor?, _ b: Int) -> Frame {
            Frame(channels, height, width, state.map { Array($0.doubles()[b * size..<(b + 1) * size]) })
        }
        var (hs, cs) = ([Double](repeating: 0, count: T * B * size), [Double](repeating: 0, count: T * B * size))
        var (finalH, finalC): ([Double], [Double]) = ([], [])
        var traces: [[Step]] = []
        for b in 0..<B {
            var (hidden, cell) = (given(h, b), given(c, b))
            var trace: [Step] = []
            for t in 0..<(lengths?[b] ?? T) {
                let start = (t * B + b) * inputSize
                let frame = Frame(inputChannels, rows, columns, Array(values[start..<start + inputSize]))
                let (step, output) = forward(frame, hidden, cell)
                (hidden, cell) = (output, step.new)
                trace.append(step)
                for k in 0..<size {
                    hs[(t * B + b) * size + k] = hidden.values[k]
                    cs[(t * B + b) * size + k] = cell.values[k]
                }
            }
            finalH += hidden.values
            finalC += cell.values
            traces.append(trace)
        }
        let frame = [B, channels, height, width]
        var run = Run(
            h: Tensor(hs, shape: [T] + frame), c: Tensor(cs, shape: [T] + frame), finalH: Tensor(finalH, shape: frame),
            finalC: Tensor(finalC, shape: frame))
        run.traces = traces
        return run
    }

    // MARK: - Backward

    /// The gradients of Σ h · dh + Σ c · dc + Σ finalH · dFinalH + Σ finalC · dFinalC; parameters by name, x, h, c.
    public func backward(
        _ run: Run, x: Tensor, dh: Tensor, dc: Tensor, dFinalH: Tensor, dFinalC: Tensor
    ) -> (parameters: [String: Tensor], x: Tensor, h: Tensor, c: Tensor) {
        let (B, size) = (x.shape[1], dFinalH.count / x.shape[1])
        let (upH, upC) = (dh.doubles(), dc.doubles())
        let inputSize = x.count / (x.shape[0] * B)
        var gradients = weights.mapValues { [Double](repeating: 0, count: $0.count) }
        var dx = [Double](repeating: 0, count: x.count)
        var (dH0, dC0): ([Double], [Double]) = ([], [])
        for b in 0..<B {
            var hidden = Array(dFinalH.doubles()[b * size..<(b + 1) * size])
            var cell = Array(dFinalC.doubles()[b * size..<(b + 1) * size])
            for (t, step) in run.traces[b].enumerated().reversed() {
                let start = (t * B + b) * size
                for k in 0..<size {
                    hidden[k] += upH[start + k]
                    cell[k] += upC[start + k]
                }
                let input = backward(step, &hidden, &cell, &gradients)
                for k in 0..<inputSize { dx[(t * B + b) * inputSize + k] = input.values[k] }
            }
            dH0 += hidden
            dC0 += cell
        }
        return (
            parameters.reduce(into: [:]) { $0[$1.key] = Tensor(gradients[$1.key]!, shape: $1.value.shape) },
            Tensor(dx, shape: x.shape), Tensor(dH0, shape: dFinalH.shape), Tensor(dC0, shape: dFinalC.shape)
        )
    }

    /// From the gradients of h and c after a step to those before it; returns that of x.
    private func backward(
        _ step: Step, _ dh: inout [Double], _ dc: inout [Double], _ gradients: inout [String: [Double]]
    ) -> Frame {
        let count = dh.count
        var dz = Frame(4 * channels, step.h.height, step.h.width)
        let tanh = OracleActivation(.tanh)
        for k in 0..<count {
            let (i, f, g, o) = (step.i.values[k], step.f.values[k], step.g.values[k], step.o.values[k])
            let shown = tanh.value(step.new.values[k])
            let before = step.c.values[k]
            let dzo = dh[k] * shown * o * (1 - o)
            let d = dc[k] + dh[k] * o * (1 - shown * shown) + dzo * (weights["peephole_o"]?[k] ?? 0)
            let dzi = d * g * i * (1 - i)
            let dzf = d * before * f * (1 - f)
            dz.values[k] = dzi
            dz.values[count + k] = dzf
            dz.values[2 * count + k] = d * i * (1 - g * g)
            dz.values[3 * count + k] = dzo
            gradients["peephole_i"]?[k] += dzi * before
            gradients["peephole_f"]?[k] += dzf * before
            gradients["peephole_o"]?[k] += dzo * step.new.values[k]
            dc[k] = d * f + dzi * (weights["peephole_i"]?[k] ?? 0) + dzf * (weights["peephole_f"]?[k] ?? 0)
        }
        let size = step.h.height * step.h.width
        for k in dz.values.indices { gradients["bias_ih"]![k / size] += dz.values[k] }
        var dx = Frame(step.x.channels, step.x.height, step.x.width)
        var dBefore = Frame(channels, step.h.height, step.h.width)
        var dW = gradients["weight_ih"]!
        convolution("weight_ih", stride, step.x, step.h) { out, k, place in
            let d = dz[out.0, out.1, out.2]
            dW[k] += d * step.x[place.0, place.1, place.2]
            dx[place.0, place.1, place.2] += d * weights["weight_ih"]![k]
        }
        var dR = gradients["weight_hh"]!
        convolution("weight_hh", [1, 1], step.h, step.h) { out, k, place in
            let d = dz[out.0, out.1, out.2]
            dR[k] += d * step.h[place.0, place.1, place.2]
            dBefore[place.0, place.1, place.2] += d * weights["weight_hh"]![k]
        }
        (gradients["weight_ih"], gradients["weight_hh"]) = (dW, dR)
        dh = dBefore.values
        return dx
    }
}
