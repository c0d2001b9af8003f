"""A brand kit and forbidden pictures in real commands: read once, kept whole, shown by their digests."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import yaml
from manners_parts import cards_order
from mint_runs import Desk
from PIL import Image

KIT = {"name": "Acme", "palette": ["#ffffff"], "forbidden_words": ["cheap"]}


def put_files(folder: Path) -> None:
    (folder / "brands").mkdir()
    (folder / "brands/acme.yaml").write_text(yaml.safe_dump(KIT))
    (folder / "licensed").mkdir()
    Image.effect_noise((64, 64), 90).save(folder / "licensed/theirs.png")


def test_an_order_with_a_kit_and_forbidden_pictures_needs_their_files_only_once(
    studio_desk: Desk,
) -> None:
    folder = studio_desk.folder
    put_files(folder)
    done = [
        *cards_order()["done"],
        {"palette": {"colours": "brand.palette", "min_share": 0}},
        {"not_seen_before": {"forbidden": "licensed", "against": []}},
    ]
    # A person has to look at each, so the order is still open when the files are gone.
    order = studio_desk.write(cards_order(brand="acme", done=done, review="all"))
    begun = studio_desk.mintage("run", str(order), "--json").json()
    assert begun["in_review"] == 2, begun
    shutil.rmtree(folder / "brands")
    shutil.rmtree(folder / "licensed")
    story = studio_desk.here("trace", f"{begun['order']}#one", "--json").out
    rule = next(
        one
        for one in json.loads(story)["attempts"][0]["verdicts"]
        if one["criterion"] == "not_seen_before"
    )
    assert re.fullmatch("sha256:[0-9a-f]{64}", rule["parameters"]["forbidden"])
    assert "data:image" not in story
    ended = studio_desk.mintage("resume", begun["order"], "--json").json()
    assert (ended["in_review"], ended["failed"]) == (2, 0)
