"""MIDI files beside mido and pretty_midi: generated files of all kinds, their note lists, and the files that we write again.

    RECURRENT=path/of/recurrent python midi.py

Prints what it counted; ends with 1 where anything differs.
"""

import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import warnings

import mido
import pretty_midi

warnings.filterwarnings("ignore")
rng = random.Random(8)
problems = []


def length(value):
    out = [value & 0x7F]
    while value := value >> 7:
        out.insert(0, value & 0x7F | 0x80)
    return bytes(out)


def meta(kind, body):
    return bytes([0xFF, kind]) + length(len(body)) + body


def track(events, running, rng):
    """Events of (time before, bytes), in running status where that is possible and wanted."""
    body, status = b"", None
    for time, data in events:
        if running and data[0] == status and rng.random() < 0.8:
            data = data[1:]
        elif data[0] < 0xF0:
            status = data[0]
        elif data[0] != 0xFF:
            status = None
        body += length(time) + data
    return b"MTrk" + struct.pack(">I", len(body)) + body


def events(rng, channels, tempi, hanging, changes):
    """A track: notes and everything else that may stand in one."""
    result, sounding = [], []
    if rng.random() < 0.5:
        result.append((0, meta(3, f"track {rng.randrange(99)}".encode())))
    for channel in channels:
        if rng.random() < 0.7:
            result.append((0, bytes([0xC0 | channel, rng.randrange(128)])))
    for _ in range(rng.randrange(4, 60)):
        time = rng.choice([0, 0, 1, rng.randrange(200), rng.randrange(3000)])
        kind, channel = rng.random(), rng.choice(channels)
        if kind < 0.45:
            pitch = rng.choice([60, 61, rng.randrange(128)])
            result.append((time, bytes([0x90 | channel, pitch, rng.randrange(1, 128)])))
            sounding.append((channel, pitch))
        elif kind < 0.8:
            channel, pitch = sounding.pop(rng.randrange(len(sounding))) if sounding else (channel, rng.randrange(128))
            off = [0x80 | channel, pitch, rng.randrange(128)] if rng.random() < 0.5 else [0x90 | channel, pitch, 0]
            result.append((time, bytes(off)))
        elif kind < 0.84:
            result.append((time, bytes([0xB0 | channel, rng.randrange(120), rng.randrange(128)])))
        elif kind < 0.87:
            result.append((time, bytes([0xE0 | channel, rng.randrange(128), rng.randrange(128)])))
        elif kind < 0.89:
            result.append((time, bytes([rng.choice([0xA0, 0xB0]) | channel, rng.randrange(120), rng.randrange(128)])))
        elif kind < 0.91:
            result.append((time, bytes([0xD0 | channel, rng.randrange(128)])))
        elif kind < 0.93 and changes:
            result.append((time, bytes([0xC0 | channel, rng.randrange(128)])))
        elif kind < 0.95:
            body = bytes(rng.randrange(128) for _ in range(rng.choice([0, 3, 200]))) + b"\xf7"
            result.append((time, b"\xf0" + length(len(body)) + body))
        elif kind < 0.97 and tempi:
            result.append((time, meta(0x51, struct.pack(">I", rng.randrange(100_000, 2_000_000))[1:])))
        elif kind < 0.98 and tempi:
            result.append((time, meta(0x58, bytes([rng.randrange(1, 13), rng.randrange(5), 24, 8]))))
        else:
            result.append((time, meta(rng.choice([1, 5, 6, 0x7F]), bytes(rng.randrange(128) for _ in range(5)))))
    if not hanging:
        result += [(rng.randrange(300), bytes([0x80 | channel, pitch, 0])) for channel, pitch in sounding]
    return result + [(rng.randrange(100), meta(0x2F, b""))]


def case(rng, kind):
    count = 1 if kind == "single" else rng.randrange(1, 6)
    division = (256 - rng.choice([24, 25, 29, 30])) << 8 | rng.choice([4, 40, 80]) if kind == "timecode" else \
        rng.choice([24, 96, 480, 960, 1])
    data = b"MThd" + struct.pack(">IHHH", 6, 0 if kind == "single" else 1, count, division)
    if kind == "alien":
        data = data[:4] + struct.pack(">I", 9) + data[8:] + b"abc" + b"XYZ " + struct.pack(">I", 5) + b"12345"
    order = rng.sample(range(16), 16)
    for index in range(count):
        # An instrument is a channel's and a note's that of its begin. pretty_midi keeps it by track and takes that of the end:
        # it agrees where a channel has one track and one instrument.
        own = order[index * 3:index * 3 + 3] if kind != "shared" else [0, 1, 9]
        data += track(events(rng, own, index == 0, kind == "hanging", kind in CHANGING), kind != "plain", rng)
    return data


def paired(path):
    """Notes of mido's messages, by a loop written from the rule: (start, end, pitch, velocity, channel, program)."""
    file = mido.MidiFile(path)
    merged = sorted(
        ((tick, place, index, message) for index, own in enumerate(file.tracks)
         for place, (tick, message) in enumerate(absolute(own)) if message.type == "program_change"),
        key=lambda item: (item[0], item[2], item[1]))
    tracks, hanging, empty = [], 0, 0
    for index, own in enumerate(file.tracks):
        notes, open_notes = [], {}
        for place, (tick, message) in enumerate(absolute(own)):
            if message.type not in ("note_on", "note_off"):
                continue
            key = (message.channel, message.note)
            if message.type == "note_on" and message.velocity > 0:
                open_notes.setdefault(key, []).append((tick, message.velocity, place))
                continue
            own_notes = open_notes.pop(key, [])
            kept = [note for note in own_notes if note[0] == tick]
            if len(kept) == len(own_notes):
                empty += len(kept)
                continue
            if kept:
                open_notes[key] = kept
            for start, velocity, begun in own_notes:
                if start == tick:
                    continue
                programs = [m.program for t, p, i, m in merged
                            if m.channel == key[0] and (t, i, p) < (start, index, begun)]
                notes.append((start, tick, key[1], velocity, key[0], programs[-1] if programs else 0))
        hanging += sum(len(own_notes) for own_notes in open_notes.values())
        tracks.append(sorted(notes))
    return tracks, hanging, empty


def absolute(messages):
    tick = 0
    for message in messages:
        tick += message.time
        yield tick, message


def pretty(path):
    file = pretty_midi.PrettyMIDI(path)
    return sorted(
        (note.pitch, round(note.start, 6), round(note.end, 6), note.velocity, own.program, own.is_drum)
        for own in file.instruments for note in own.notes)


def ours_as_pretty(tracks):
    return sorted(
        (n[2], round(n[6], 6), round(n[7], 6), n[3], n[5], n[4] == 9)
        for own in tracks for n in own)


def close(a, b):
    return len(a) == len(b) and all(
        x[0] == y[0] and abs(x[1] - y[1]) < 2e-6 and abs(x[2] - y[2]) < 2e-6 and x[3:] == y[3:] for x, y in zip(a, b))


CHANGING = {"shared", "changing", "timecode"}
KINDS = ["single", "parallel", "plain", "hanging", "shared", "changing", "timecode", "alien"]
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    items = []
    for number in range(1600):
        kind = KINDS[number % len(KINDS)]
        path = folder / f"{number}.mid"
        path.write_bytes(case(rng, kind))
        items.append((kind, path, folder / f"{number}-copy.mid"))
    listing, target = folder / "list.jsonl", folder / "found.jsonl"
    listing.write_text("".join(
        json.dumps({"file": str(path), "copy": str(copy)}) + "\n" for _, path, copy in items))
    subprocess.run([os.environ["RECURRENT"], "conformance", "midi", listing, target], check=True, timeout=300)
    found = [json.loads(line) for line in target.read_text().splitlines()]
    if len(found) != len(items):
        problems.append(f"{len(found)} answers for {len(items)} files")
    counted = {"notes": 0, "hanging": 0, "empty": 0, "mido": 0, "pretty_midi": 0, "written": 0}
    for (kind, path, copy), ours in zip(items, found):
        if "error" in ours:
            problems.append(f"{kind} {path.name}: refused: {ours['error']}")
            continue
        if kind != "alien":
            tracks, hanging, empty = paired(path)
            mine = [sorted(tuple(note[:6]) for note in own) for own in ours["tracks"]]
            if mine != tracks or (ours["hanging"], ours["empty"]) != (hanging, empty):
                problems.append(f"{kind} {path.name}: mido\n  ours   {mine}\n  theirs {tracks}")
                continue
            counted["mido"] += 1
            counted["notes"] += sum(map(len, tracks))
            counted["hanging"] += hanging
            counted["empty"] += empty
        if kind not in ("timecode", "alien"):
            mine, theirs = ours_as_pretty(ours["tracks"]), pretty(path)
            if kind in CHANGING:
                mine, theirs = [sorted(n[:4] + n[5:] for n in notes) for notes in (mine, theirs)]
            if not close(mine, theirs):
                problems.append(f"{kind} {path.name}: pretty_midi\n  ours   {mine}\n  theirs {theirs}")
                continue
            counted["pretty_midi"] += 1
        # What we write holds the same notes; two that sound at once on one pitch and channel no format can tell apart.
        again, _, _ = paired(copy)
        wanted = sorted(tuple(note[:6]) for own in ours["tracks"] for note in own)
        overlap = any(a[2] == b[2] and a[4] == b[4] and a[1] > b[0] for a, b in zip(
            *(lambda notes: (notes, notes[1:]))(sorted(wanted, key=lambda n: (n[4], n[2], n[0])))))
        channels = [{note[4] for note in own} for own in ours["tracks"]]
        apart = sum(map(len, channels)) == len(set().union(*channels)) if channels else True
        if not overlap and apart:
            if sorted(note for own in again for note in own) != wanted:
                problems.append(f"{kind} {path.name}: written again\n  ours   {wanted}\n  theirs {again}")
                continue
            if kind not in CHANGING and not close(pretty(copy), ours_as_pretty(ours["tracks"])):
                problems.append(f"{kind} {path.name}: written again, pretty_midi")
                continue
            counted["written"] += 1
    # A format that is not read is refused, whatever peers do.
    sequence = folder / "sequence.mid"
    sequence.write_bytes(case(rng, "plain")[:9] + b"\x02" + case(rng, "plain")[10:])
    listing.write_text(json.dumps({"file": str(sequence)}) + "\n")
    subprocess.run([os.environ["RECURRENT"], "conformance", "midi", listing, target], check=True, timeout=60)
    if "format 2" not in json.loads(target.read_text()).get("error", ""):
        problems.append("a file of format 2 is not refused")
print(f"mido: {counted['mido']} files, {counted['notes']} notes, {counted['hanging']} hanging, {counted['empty']} empty, alike")
print(f"pretty_midi: {counted['pretty_midi']} files with notes alike in seconds")
print(f"mido and pretty_midi: {counted['written']} files that we wrote have the same notes")
for problem in problems[:10]:
    print(problem[:2000], file=sys.stderr)
sys.exit(1 if problems else 0)
