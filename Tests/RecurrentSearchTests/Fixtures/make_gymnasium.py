"""Writes gymnasium.safetensors: what Gymnasium's classic worlds do in 1,000 steps of fixed actions.

    pip install gymnasium numpy safetensors && python make_gymnasium.py

A world that comes to its end begins anew; `resets` marks the steps before which that happened, `places` holds the state there.
"""
import os

import gymnasium
import numpy
from safetensors.numpy import save_file

WORLDS = {
    "cart-pole": "CartPole-v1", "pendulum": "Pendulum-v1", "acrobot": "Acrobot-v1", "mountain-car": "MountainCar-v0",
    "mountain-car-continuous": "MountainCarContinuous-v0",
}

tensors = {}
for name, world in WORLDS.items():
    env = gymnasium.make(world).unwrapped
    random = numpy.random.default_rng(7)
    env.reset(seed=1)
    begins = True
    rows = {key: [] for key in ("places", "resets", "actions", "after", "observations", "rewards", "terminated")}
    for step in range(1000):
        if isinstance(env.action_space, gymnasium.spaces.Discrete):
            # Runs of one action, so that the car gets somewhere.
            action = int(random.integers(env.action_space.n)) if step % 7 == 0 or name == "cart-pole" else action
            kept = float(action)
        else:
            action = random.uniform(-1.2, 1.2, 1).astype(numpy.float32) * float(env.action_space.high[0])
            kept = float(action[0])
        rows["places"].append(numpy.array(env.state, dtype=float))
        rows["resets"].append(float(begins))
        observation, reward, terminated, _, _ = env.step(action)
        rows["actions"].append(kept)
        rows["after"].append(numpy.array(env.state, dtype=float))
        rows["observations"].append(numpy.array(observation, dtype=float))
        rows["rewards"].append(float(reward))
        rows["terminated"].append(float(terminated))
        begins = bool(terminated)
        if terminated:
            env.reset(seed=step)
    for key, values in rows.items():
        tensors[f"{name}.{key}"] = numpy.array(values, dtype=numpy.float64)
save_file(tensors, os.path.join(os.path.dirname(os.path.abspath(__file__)), "gymnasium.safetensors"))
