"""Steps a second of recurrent PPO on cart-pole without velocities: this package beside sb3-contrib's RecurrentPPO, one thread each.

    python3 policy_gradient.py --recurrent PROGRAM --peer-python PYTHON [--rounds 3] [--steps 20480]

Both learn with 16 environments, 128 steps between updates, 8 passes of 4 minibatches, an LSTM of 64 units for the actor and one for
the critic, and a tanh layer of 64 units before each output. Interleaved rounds in one run; the ratio is the median over rounds of
the ratio within a round. Writes results/policy_gradient.json.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

from worker import HERE, cpu_name

PEER = """
import sys, time, gymnasium, numpy, torch, sb3_contrib
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.env_util import make_vec_env
torch.set_num_threads(1)
class Places(gymnasium.ObservationWrapper):
    def __init__(self, env):
        super().__init__(env)
        box = env.observation_space
        self.observation_space = gymnasium.spaces.Box(box.low[::2], box.high[::2], dtype=numpy.float32)
    def observation(self, observation):
        return observation[::2]
worlds = make_vec_env("CartPole-v1", n_envs=16, wrapper_class=Places)
model = RecurrentPPO("MlpLstmPolicy", worlds, n_steps=128, batch_size=512, n_epochs=8, learning_rate=1e-3, seed=0,
    policy_kwargs=dict(lstm_hidden_size=64, net_arch=[64]), device="cpu")
model.learn(2048)
begin = time.perf_counter()
model.learn(int(sys.argv[1]))
print(int(sys.argv[1]) / (time.perf_counter() - begin), sb3_contrib.__version__, torch.__version__)
"""


def own(program, steps, threads):
    with tempfile.TemporaryDirectory() as folder:
        answer = subprocess.run(
            [program, "reinforce", "cart-pole", "--hide-velocities", "--steps", str(steps), "--judgements", "0",
             "--test-episodes", "1", "--threads", str(threads), "--quiet", "--json", "--out", folder + "/model"],
            check=True, capture_output=True, text=True)  # fmt: skip
        result = json.loads(answer.stdout)
        return result["steps"] / result["seconds"]


def peer(python, steps):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    answer = subprocess.run([python, "-c", PEER, str(steps)], check=True, capture_output=True, text=True, env=environment)
    rate, contrib, torch = answer.stdout.split()[-3:]
    return float(rate), contrib, torch


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--recurrent", default=str(HERE.parent / ".build/release/recurrent"))
    parser.add_argument("--peer-python", default="python3")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20480)
    arguments = parser.parse_args()
    ours, theirs, versions = [], [], ("", "")
    for round_number in range(arguments.rounds):
        ours.append(own(arguments.recurrent, arguments.steps, 1))
        rate, *versions = peer(arguments.peer_python, arguments.steps)
        theirs.append(rate)
        print(f"round {round_number + 1}: {ours[-1]:.0f} and {theirs[-1]:.0f} steps a second, {ours[-1] / theirs[-1]:.1f} times")
    result = {
        "what": "steps a second of recurrent PPO, learning included, one thread",
        "environment": "cart-pole without velocities",
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "peer": {"sb3-contrib": versions[0], "torch": versions[1]},
        "recurrent": ours,
        "sb3_contrib": theirs,
        "ratio": statistics.median(a / b for a, b in zip(ours, theirs)),
    }
    path = pathlib.Path(HERE) / "results" / "policy_gradient.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"median ratio {result['ratio']:.1f}; wrote results/policy_gradient.json")


if __name__ == "__main__":
    main()
