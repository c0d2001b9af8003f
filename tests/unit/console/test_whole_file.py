"""`--out` on whatever may be there: links, devices, pipes, files that only their owner may read."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import chdir
from pathlib import Path
from threading import Thread

import pytest

from console.report_formats.whole_file import whole_file
from flows import BadSettings


def write(out: Path, text: str = "new") -> None:
    with whole_file(out) as path:
        path.write_text(text)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode_and_its_owner(tmp_path: Path, mode: int) -> None:
    out = tmp_path / "costs.csv"
    out.write_text("old")
    out.chmod(mode)
    if os.geteuid() == 0:
        os.chown(out, 1234, 2345)
    before = out.stat()
    write(out)
    after = out.stat()
    assert (out.read_text(), mode_of(out)) == ("new", mode)
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_a_new_file_is_as_the_umask_has_it(tmp_path: Path) -> None:
    kept = os.umask(0o027)
    try:
        write(tmp_path / "new" / "costs.csv")
    finally:
        os.umask(kept)
    assert mode_of(tmp_path / "new" / "costs.csv") == 0o640


@pytest.mark.parametrize("old", ["old", None])
def test_a_link_is_followed_and_stays_one(tmp_path: Path, old: str | None) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if old is not None:
        (folder / "target.csv").write_text(old)
        (folder / "target.csv").chmod(0o600)
    (tmp_path / "first").symlink_to(Path("elsewhere") / "target.csv")
    out = tmp_path / "second"
    out.symlink_to("first")
    write(out)
    assert out.is_symlink()
    assert (tmp_path / "first").is_symlink()
    assert [path.name for path in folder.iterdir()] == ["target.csv"]
    assert (folder / "target.csv").read_text() == "new"
    assert old is None or mode_of(folder / "target.csv") == 0o600


def test_a_link_that_leads_to_itself_stays(tmp_path: Path) -> None:
    out = tmp_path / "loop"
    out.symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"):
        write(out)
    assert out.is_symlink()


def _fail(out: Path) -> None:
    with whole_file(out) as path:
        path.write_text("half")
        raise ZeroDivisionError


def test_a_pipe_gets_the_whole_file_or_nothing_and_stays_a_pipe(tmp_path: Path) -> None:
    out = tmp_path / "pipe"
    os.mkfifo(out)
    with pytest.raises(ZeroDivisionError):
        _fail(out)
    taken: list[str] = []
    reader = Thread(target=lambda: taken.append(out.read_text()))
    reader.start()
    write(out, "a" * 200_000)
    reader.join()
    assert taken == ["a" * 200_000]
    assert out.is_fifo()
    assert list(tmp_path.iterdir()) == [out]


def test_a_device_stays_a_device(tmp_path: Path) -> None:
    # A link, so that a defect would take the link's place and not the system's device.
    out = tmp_path / "nowhere"
    out.symlink_to("/dev/null")
    write(out)
    assert out.is_symlink()
    assert Path("/dev/null").is_char_device()


def test_a_socket_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one, chdir(tmp_path):
        one.bind("socket")
        with pytest.raises(BadSettings, match="socket is a socket; name a file"):
            write(Path("socket"))
        assert Path("socket").is_socket()


def test_what_standard_output_goes_to_is_added_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "log.txt"
    out.write_text("before\n")
    with out.open("a") as stream:
        monkeypatch.setattr("sys.__stdout__", stream)
        write(Path(f"/dev/fd/{stream.fileno()}"), "rows\n")
        stream.write("after\n")
    assert out.read_text() == "before\nrows\nafter\n"
