"""Names and reasons from outside: shown as they are, obeyed by no terminal, never the end of a command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from console.app import run
from console.escaping import shown, shown_json
from console.output import print_json, say, table
from console.screen import indented, listed, screen

ROOT = Path(__file__).parents[3]
EVIL = "a\x1b[2J\n  ok      format:\u202egnp\x9b\u2028.png"
HARMLESS = r"a\x1b[2J\n  ok      format:\u202egnp\x9b\u2028.png"


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert shown(EVIL) == HARMLESS
    assert shown("a\tb\r\udcff\ufeff") == r"a\tb\r\udcff\ufeff"
    kept = "ünïcode 😀 👩\u200d👧 “quoted” עברית C:\\new"
    assert shown(kept) == kept


@given(st.text())
def test_json_with_nothing_to_obey_says_the_same(text: str) -> None:
    written = shown_json(json.dumps({"name": text}, indent=2, ensure_ascii=False))
    assert json.loads(written) == {"name": text}
    assert shown(written.replace("\n", "")) == written.replace("\n", "")


def test_every_way_to_print_is_safe_from_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    out = screen()
    out.print(EVIL)
    out.print(indented(EVIL, 2))
    out.print(listed([EVIL]))
    out.print(table(("name",), [(EVIL,)]))
    say(EVIL)
    printed = capsys.readouterr()
    assert printed.out.count(HARMLESS) == 4
    assert printed.err == f"{HARMLESS}\n"
    assert len(printed.out.splitlines()) == 5
    print_json({"name": EVIL})
    told = capsys.readouterr().out
    assert json.loads(told) == {"name": EVIL}
    assert "\x9b" not in told


def test_a_file_s_name_forges_no_line_and_is_no_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINTAGE_INSPECTORS", "1")
    (tmp_path / "rules.yaml").write_text("done: [format: {is: png}]", encoding="utf-8")
    forged = "a.png: passes\nb.png"
    names = ("[1].png", "{}", '{"a": 1}', forged)
    for name in names:
        Image.new("L", (9, 9)).save(tmp_path / name, "PNG")
    assert run(["inspect", *names, "--done", "rules.yaml", "--json"]) == 0
    assert [one["file"] for one in json.loads(capsys.readouterr().out)["files"]] == [*names]
    assert run(["inspect", forged, "gone\x1b[31m.png", "--done", "rules.yaml"]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines()[0] == r"a.png: passes\nb.png: passes"
    assert "\x1b" not in told.out + told.err
    assert run(["check", "[1].yaml"]) == 2
    assert "[1].yaml" in capsys.readouterr().out


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_stream_that_lacks_a_character_gets_an_escape(
    tmp_path: Path, form: tuple[str, ...]
) -> None:
    (tmp_path / "rules.yaml").write_text("done: [format: {is: png}]", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "console", "inspect", "ünï😀.png", "--done", "rules.yaml", *form],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert r"\xfcn\xef\U0001f600.png was not judged" in done.stderr
    if form:
        assert json.loads(done.stdout)["files"][0]["file"] == "ünï😀.png"
    else:
        assert done.stdout.startswith(r"\xfcn\xef\U0001f600.png: not judged")
