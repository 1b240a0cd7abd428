"""TensorFlow: Keras LSTM layers in a tf.function, batch first as Keras wants it. First argument: the number of threads."""
import os
import sys

threads = int(sys.argv[1])
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import tensorflow as tf  # noqa: E402

from common import Unsupported, serve  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)


class Peer:
    def version(self):
        return {"tensorflow": tf.__version__, "keras": tf.keras.__version__}

    def load(self, point, numbers):
        if point.cell != "lstm" or point.projection or point.variant != "standard":
            raise Unsupported("only the standard LSTM is a layer of Keras that this compares")
        self.point = point

        def weights(suffix):
            return [
                numbers[f"p.weight_ih{suffix}"].T, numbers[f"p.weight_hh{suffix}"].T,
                numbers[f"p.bias_ih{suffix}"] + numbers[f"p.bias_hh{suffix}"]]

        self.x = tf.constant(numbers["x"].transpose(1, 0, 2))
        self.upstream = tf.constant(numbers["upstream"].transpose(1, 0, 2))
        self.mask = None if point.lengths is None else tf.constant(point.mask()[:, :, 0].T)
        self.layers = []
        for number in range(point.layers):
            layer = tf.keras.layers.LSTM(point.hidden, return_sequences=True, zero_output_for_mask=True)
            if point.directions == 2:
                layer = tf.keras.layers.Bidirectional(layer)
            layer.build((point.batch, point.steps, point.input if number == 0 else point.directions * point.hidden))
            suffixes = [suffix for place, _, suffix in point.places() if place == number]
            layer.set_weights([value for suffix in suffixes for value in weights(suffix)])
            self.layers.append(layer)
        self.infer = tf.function(self.network)
        self.gradients = tf.function(self.backward)

    def network(self, x):
        for layer in self.layers:
            x = layer(x, mask=self.mask)
        return x

    def backward(self, x, upstream):
        variables = [variable for layer in self.layers for variable in layer.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = self.network(x)
        return y, tape.gradient(y, [x] + variables, output_gradients=upstream)

    def forward(self):
        # Waiting for the numbers: a call may return before they are there.
        self.infer(self.x).numpy()

    def train(self):
        self.gradients(self.x, self.upstream)[1][0].numpy()

    def results(self):
        y, gradients = self.gradients(self.x, self.upstream)
        return {"y": y.numpy().transpose(1, 0, 2), "d.x": gradients[0].numpy().transpose(1, 0, 2)}

    def stepper(self):
        if self.point.layers > 1:
            raise Unsupported("steps are those of one LSTM cell")
        cell, x = self.layers[0].cell, self.x[:, 0]
        step = tf.function(lambda x, h, c: cell(x, [h, c])[1])
        state = [tf.zeros((self.point.batch, self.point.hidden))] * 2

        def run():
            nonlocal state
            state = step(x, *state)
            state[0].numpy()

        return run

    def forms(self, mode):
        if mode == "step":
            return [("tf.function of the cell", self.stepper())]
        return [("tf.function", self.forward if mode == "forward" else self.train)]


serve(Peer())
