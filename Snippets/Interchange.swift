import Recurrent

// Weights of PyTorch in, an answer with carried state, an ONNX model out.
let imported = try NetworkImport(file: "state.safetensors")
try imported.network.save(to: "model")
let features = Tensor(normal: 0, shape: [20, 4, 8], key: RandomKey(seed: 1))  // 20 steps of 4 sequences
let (output, _) = try imported.network.run(features, lengths: [20, 7, 3, 0])
let graph = try ONNXExporter.model(of: imported.network, options: .init(hasLengths: true))
try graph.write(to: "network.onnx")

// Any ONNX model, within limits that no file can exceed.
let runner = try ONNXRunner(graph)
let answers = try runner.run(["x": features, "lengths": Tensor([20, 7, 3, 0] as [Int32])])
print(output.shape, answers.count)
