"""The classic worlds beside Gymnasium's, and Gymnasium's own worlds as the bridge serves them.

    RECURRENT=path/of/recurrent python environments.py

Prints what it counted; ends with 1 where anything differs.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import gymnasium
import numpy as np

WORLDS = {
    "cart-pole": "CartPole-v1",
    "pendulum": "Pendulum-v1",
    "acrobot": "Acrobot-v1",
    "mountain-car": "MountainCar-v0",
    "mountain-car-continuous": "MountainCarContinuous-v0",
}
problems = []


def ask(cases):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "list").write_text("".join(json.dumps(case) + "\n" for case in cases))
        subprocess.run(
            [os.environ["RECURRENT"], "conformance", "environments", folder / "list", folder / "out"],
            check=True,
            env=os.environ | {"PYTHON": sys.executable},
        )
        return [json.loads(line) for line in (folder / "out").read_text().splitlines()]


def draw(space, random, step, last):
    """An action; choices are kept for some steps, so that the car gets somewhere."""
    if isinstance(space, gymnasium.spaces.Discrete):
        return int(random.integers(space.n)) if step % 5 == 0 else last
    return random.uniform(1.2 * space.low, 1.2 * space.high).astype(np.float32)


def own_world(world, seed, steps=1000):
    """Episodes of the world without its time limit: where each begins, its actions, and what came of them."""
    env = gymnasium.make(world).unwrapped
    random = np.random.default_rng(seed)
    env.reset(seed=seed)
    episodes, action = [], 0
    episode = {"start": [float(v) for v in env.state], "actions": [], "steps": []}
    for step in range(steps):
        action = draw(env.action_space, random, step, action)
        observation, reward, terminated, _, _ = env.step(action)
        episode["actions"].append([float(v) for v in np.ravel(action)])
        episode["steps"].append(([float(v) for v in env.state], [float(v) for v in observation], float(reward), bool(terminated)))
        if terminated:
            episodes.append(episode)
            env.reset(seed=seed + step)
            episode = {"start": [float(v) for v in env.state], "actions": [], "steps": []}
    return episodes + ([episode] if episode["actions"] else [])


def apart(found, wanted):
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    return np.inf if found.shape != wanted.shape else float(np.max(np.abs(found - wanted) / np.maximum(1, np.abs(wanted)), initial=0))


compared = 0
for name, world in WORLDS.items():
    worst = 0.0
    for seed in range(5):
        episodes = own_world(world, seed)
        answers = ask(
            [{"environment": name + ":time-limit=0", "seed": 0, "start": e["start"], "actions": e["actions"]} for e in episodes]
        )
        for episode, answer in zip(episodes, answers, strict=True):
            for (state, observation, reward, terminated), step in zip(episode["steps"], answer["steps"], strict=True):
                compared += 1
                if step["terminated"] != terminated:
                    problems.append(f"{name}: an episode ends elsewhere")
                worst = max(worst, apart(step["state"], state), apart(step["observation"], observation), apart(step["reward"], reward))
    print(f"{name}: greatest difference {worst:.1e}")
    if worst > 1e-6:
        problems.append(f"{name}: {worst}")

# Through the bridge everything is Gymnasium's own: to the last bit.
bridged = 0
for world in WORLDS.values():
    env = gymnasium.make(world)
    random = np.random.default_rng(1)
    first, _ = env.reset(seed=3)
    actions, wanted, action = [], [], 0
    for step in range(60):
        action = draw(env.action_space, random, step, action)
        observation, reward, terminated, truncated, _ = env.step(action)
        actions.append([float(v) for v in np.ravel(action)])
        wanted.append(([float(v) for v in observation], float(reward), bool(terminated), bool(truncated)))
        if terminated or truncated:
            break
    (answer,) = ask([{"environment": "gym:" + world, "seed": 3, "actions": actions}])
    if answer["first"] != [float(v) for v in first]:
        problems.append(f"{world}: another first observation")
    for step, want in zip(answer["steps"], wanted, strict=True):
        bridged += 1
        if (step["observation"], step["reward"], step["terminated"], step["truncated"]) != want:
            problems.append(f"{world}: the bridge gives {step}, not {want}")

print(f"{compared} steps of the package's worlds and {bridged} through the bridge compared")
for problem in problems[:20]:
    print(problem)
sys.exit(bool(problems))
