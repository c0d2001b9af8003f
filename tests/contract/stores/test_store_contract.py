"""What every store promises, on every store there is."""

from __future__ import annotations

import hashlib
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from assets import BadKey, DigestMismatch, KeyTaken, Missing, PutOutcome, Store, place_of
from assets.store import CACHE_RELEASED

RACERS = 16
ROUNDS = 2


def put(store: Store, key: str, data: bytes) -> PutOutcome:
    sha256 = hashlib.sha256(data).hexdigest()
    return store.put_once(key, data, sha256=sha256, media_type="image/webp")


def test_a_fresh_store_passes_its_check_more_than_once(store: Store) -> None:
    store.check()
    store.check()


def test_bytes_come_back_as_they_were_put(store: Store) -> None:
    data = bytes(range(256)) * 20_000
    assert put(store, "released/a/b.webp", data) is PutOutcome.CREATED
    assert store.get("released/a/b.webp") == data
    assert b"".join(store.chunks("released/a/b.webp")) == data


def test_an_empty_object_is_an_object(store: Store) -> None:
    assert put(store, "staging/empty", b"") is PutOutcome.CREATED
    assert store.get("staging/empty") == b""
    assert [head.byte_count for head in store.walk("staging/")] == [0]


def test_the_same_bytes_put_again_are_the_same(store: Store) -> None:
    assert put(store, "x", b"same") is PutOutcome.CREATED
    assert put(store, "x", b"same") is PutOutcome.SAME


def test_other_bytes_never_take_a_key_that_is_taken(store: Store) -> None:
    put(store, "x", b"first")
    with pytest.raises(KeyTaken) as caught:
        put(store, "x", b"other")
    assert hashlib.sha256(b"first").hexdigest() in str(caught.value)
    assert hashlib.sha256(b"other").hexdigest() in str(caught.value)
    assert store.get("x") == b"first"


def test_bytes_that_are_not_what_their_digest_says_are_refused(store: Store) -> None:
    with pytest.raises(DigestMismatch):
        store.put_once("x", b"data", sha256="0" * 64, media_type="image/png")
    assert store.head("x") is None


def test_of_sixteen_threads_that_race_for_a_key_exactly_one_creates_it(store: Store) -> None:
    for number in range(ROUNDS):
        start = threading.Barrier(RACERS)
        key = f"race/{number}"

        def race(mine: int, start: threading.Barrier = start, key: str = key) -> str:
            start.wait()
            try:
                return put(store, key, f"racer {mine}".encode() * 1000).value
            except KeyTaken:
                return "taken"

        with ThreadPoolExecutor(RACERS) as pool:
            outcomes = list(pool.map(race, range(RACERS)))
        assert sorted(outcomes) == ["created"] + ["taken"] * (RACERS - 1)
        winner = outcomes.index("created")
        assert store.get(key) == f"racer {winner}".encode() * 1000


def test_threads_that_race_with_the_same_bytes_all_succeed_and_one_creates(store: Store) -> None:
    start = threading.Barrier(RACERS)

    def race(_: int) -> PutOutcome:
        start.wait()
        return put(store, "staging/same", b"the very same" * 1000)

    with ThreadPoolExecutor(RACERS) as pool:
        outcomes = list(pool.map(race, range(RACERS)))
    assert outcomes.count(PutOutcome.CREATED) == 1
    assert outcomes.count(PutOutcome.SAME) == RACERS - 1


def test_replacing_takes_bytes_and_files_and_leaves_no_part_of_the_old(store: Store) -> None:
    store.replace("m/manifest.json", b"old and long", media_type="application/json")
    file = io.BytesIO(b"new")
    file.seek(2)
    store.replace("m/manifest.json", file, media_type="application/json")
    assert store.get("m/manifest.json") == b"new"
    assert not file.closed


def test_what_is_not_there_is_missing(store: Store) -> None:
    assert store.head("nothing/here") is None
    with pytest.raises(Missing, match="nothing/here"):
        store.get("nothing/here")
    with pytest.raises(Missing):
        list(store.chunks("nothing/here"))
    assert list(store.walk("nothing/")) == []
    assert list(store.folders("nothing/")) == []


def test_below_a_file_nothing_is_there(store: Store) -> None:
    put(store, "a", b"file")
    assert store.head("a/b") is None
    with pytest.raises(Missing):
        store.get("a/b")
    assert list(store.walk("a/")) == []


def test_a_head_knows_size_and_media_type(store: Store) -> None:
    put(store, "released/a.webp", b"12345")
    head = store.head("released/a.webp")
    assert head is not None
    assert (head.key, head.byte_count, head.media_type) == ("released/a.webp", 5, "image/webp")
    assert head.sha256 in {None, hashlib.sha256(b"12345").hexdigest()}


def test_metadata_outside_ascii_is_kept_or_left_out_but_never_spoilt(store: Store) -> None:
    data = b"metadata"
    job = "önske@1#krûs / 100 % +oak"
    store.put_once(
        "x.png",
        data,
        sha256=hashlib.sha256(data).hexdigest(),
        media_type="image/png",
        metadata={"mintage-job": job},
        cache_control=CACHE_RELEASED,
    )
    head = store.head("x.png")
    assert head is not None
    assert head.metadata.get("mintage-job", job) == job


@pytest.mark.parametrize(
    "key",
    [
        "ünï/çødé-猫.webp",
        "a+b c&d=e.webp",
        "per%20cent/100%.webp",
        "quote'\"<>.webp",
        "semi;colon,tilde~*.webp",
        "question?mark#hash.webp",
        "dots/..a/b../.hidden",
        "-dash/@at",
        "x" * 255,
    ],
)
def test_odd_keys_are_kept_as_they_are(store: Store, key: str) -> None:
    assert put(store, key, key.encode()) is PutOutcome.CREATED
    assert put(store, key, key.encode()) is PutOutcome.SAME
    assert store.get(key) == key.encode()
    assert [head.key for head in store.walk("")] == [key]


def test_a_name_and_a_folder_of_that_name_live_together_or_one_is_refused(store: Store) -> None:
    put(store, "a", b"file")
    try:
        put(store, "a/b", b"below")
    except BadKey as error:
        assert "folder" in str(error)  # noqa: PT017 - only some stores refuse it
    else:
        assert store.get("a/b") == b"below"
    assert store.get("a") == b"file"
    put(store, "c/d", b"below")
    try:
        put(store, "c", b"file")
    except BadKey as error:
        assert "folder" in str(error)  # noqa: PT017 - only some stores refuse it
    else:
        assert store.get("c") == b"file"
    assert store.get("c/d") == b"below"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "..",
        "../x",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        "nul\0",
        "new\nline",
        "tab\t",
        "back\\slash",
        "right\u202eleft",
        "surrogate\ud800",
        ".incoming/x",
        "é" * 128,
        "a/" * 600 + "b",
    ],
)
def test_keys_that_could_lead_elsewhere_are_refused_everywhere(store: Store, key: str) -> None:
    with pytest.raises(BadKey):
        put(store, key, b"x")
    with pytest.raises(BadKey):
        store.replace(key, b"x", media_type="text/plain")
    with pytest.raises(BadKey):
        store.get(key)
    with pytest.raises(BadKey):
        store.head(key)
    with pytest.raises(BadKey):
        store.locate(key)


def test_a_walk_names_everything_below_a_prefix_and_nothing_else(store: Store) -> None:
    keys = ["w/a.b", "w/a/b", "w/a-b", "w/a/c/d", "w/é", "w/z", "wx/no", "v/no"]
    for key in keys:
        put(store, key, b"x")
    assert {head.key for head in store.walk("w/")} == {key for key in keys if key[:2] == "w/"}
    assert sorted(head.key for head in store.walk("")) == sorted(keys)


def test_a_walk_goes_on_after_a_thousand_objects(store: Store) -> None:
    with ThreadPoolExecutor(RACERS) as pool:
        list(pool.map(lambda number: put(store, f"many/{number:04}", b"x"), range(1005)))
    assert [head.key for head in store.walk("many/")] == [f"many/{n:04}" for n in range(1005)]


def test_folders_are_named_one_level_deep(store: Store) -> None:
    for key in ["r/a/1", "r/a/x/2", "r/b c/3", "r/é/4", "r/file", "q/no/5"]:
        put(store, key, b"x")
    assert list(store.folders("r/")) == ["r/a/", "r/b c/", "r/é/"]
    assert list(store.folders("")) == ["q/", "r/"]


def test_a_prefix_ends_with_a_slash(store: Store) -> None:
    with pytest.raises(BadKey):
        list(store.walk("released"))
    with pytest.raises(BadKey):
        list(store.folders("../"))


def test_a_place_is_named_for_people(store: Store) -> None:
    assert store.locate("released/a b.webp").endswith("released/a b.webp")
    assert place_of(store.url, "released/a b.webp") == store.locate("released/a b.webp")
    assert "secret" not in store.url
