"""What a folder store looks like after its writer was killed with SIGKILL."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from assets import DirectoryStore, PutOutcome

OBJECTS_BEFORE_THE_KILL = 40

STAGES_FOREVER = """
import os, sys
from assets import DirectoryStore, stage
store = DirectoryStore(sys.argv[1])
while True:
    print(stage(store, os.urandom(2_000_000)), flush=True)
"""

STOPS_IN_THE_MIDDLE = """
import io, sys, time
from assets import DirectoryStore

class Slow(io.BytesIO):
    def read(self, size=-1):
        if self.tell() >= 2_000_000:
            print("half", flush=True)
            time.sleep(600)
        return super().read(size)

DirectoryStore(sys.argv[1]).replace("m/manifest.json", Slow(b"n" * 4_000_000), media_type="x/y")
"""


def killed(code: str, root: Path, lines: int) -> list[str]:
    """Run a writer, kill it after so many lines of output, and give them back."""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(lines)]
        process.kill()
        return said


def test_every_file_that_is_visible_after_kill_9_is_whole(tmp_path: Path) -> None:
    acknowledged = killed(STAGES_FOREVER, tmp_path, OBJECTS_BEFORE_THE_KILL)
    store = DirectoryStore(tmp_path)
    visible = [head.key for head in store.walk("")]
    assert {key.rpartition("/")[2] for key in visible} >= set(acknowledged)
    for key in visible:
        assert hashlib.sha256(store.get(key)).hexdigest() == key.rpartition("/")[2]


def test_a_manifest_whose_writer_dies_in_the_middle_stays_the_old_one(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.replace("m/manifest.json", b"old", media_type="application/json")
    assert killed(STOPS_IN_THE_MIDDLE, tmp_path, 1) == ["half"]
    assert store.get("m/manifest.json") == b"old"
    assert [head.key for head in store.walk("")] == ["m/manifest.json"]
    (leftover,) = (tmp_path / ".incoming").iterdir()
    assert leftover.stat().st_size > 0
    sha256 = hashlib.sha256(b"next").hexdigest()
    outcome = store.put_once("m/next", b"next", sha256=sha256, media_type="x/y")
    assert outcome is PutOutcome.CREATED


def test_processes_that_race_for_a_name_have_one_winner(tmp_path: Path) -> None:
    code = """
import hashlib, sys
from assets import DirectoryStore, KeyTaken
store, data = DirectoryStore(sys.argv[1]), sys.argv[2].encode() * 100_000
sys.stdin.readline()
won = 0
for number in range(50):
    try:
        sha256 = hashlib.sha256(data).hexdigest()
        store.put_once(f"race/{number}", data, sha256=sha256, media_type="x/y")
        won += 1
    except KeyTaken:
        pass
print(won)
"""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "abcd"
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = sum(int(racer.communicate()[0]) for racer in racers)
    assert won == 50
    for head in DirectoryStore(tmp_path).walk("race/"):
        assert head.byte_count == 100_000
        assert len(set(DirectoryStore(tmp_path).get(head.key))) == 1
