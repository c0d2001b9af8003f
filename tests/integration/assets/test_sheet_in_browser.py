"""Contact sheets in a real Chromium: what is seen, typed, heard, and what must not happen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest
import sheet_parts
from axe_playwright_python.sync_playwright import Axe
from browser import playwright_browser, session_chromium
from playwright.sync_api import expect
from s3_server import S3Server
from warehouse_parts import ACCEPTED_AT

from assets import DirectoryStore, ManifestHeader, Withdrawn, open_store, write_manifest
from assets.sheet import (
    SheetHeader,
    Thumbnails,
    edition_sheet,
    origin_of,
    signed_links,
    write_sheet,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.xdist_group("browser")

ACCESSIBLE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
EDITION = f"released/{sheet_parts.CAMPAIGN}/product-photos/0123abcdef/"
WIDER = """[document.scrollingElement, ...document.querySelectorAll("dialog[open] .frame, .facts")]
  .filter((one) => one.scrollWidth > Math.max(one.clientWidth, 1))
  .map((one) => `${one.tagName}.${one.className}: ${one.scrollWidth} > ${one.clientWidth}`)"""
"""What has to be scrolled sideways, which nobody should have to."""
ALL = 70
"""Cards of `many_rows`: 72 files, two of them renditions."""


@dataclass
class Looked:
    """What a page did behind its reader's back."""

    page: Page
    console: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> DirectoryStore:
    """A store with two sheets: of many assets, and of hostile ones."""
    store = DirectoryStore(tmp_path_factory.mktemp("store"))
    withdrawn = Withdrawn(
        f"{EDITION}gone.png", "0" * 64, "job", ACCEPTED_AT, "the <b>logo</b> is old"
    )
    with Thumbnails(store) as thumbnails:
        for key, rows in (
            ("many.html", sheet_parts.many_rows(store)),
            ("hostile.html", sheet_parts.hostile_rows(store)),
        ):
            header = SheetHeader("Autumn <2026>", order=sheet_parts.ORDER, withdrawn=(withdrawn,))
            write_sheet(store, key, rows, header, thumbnail_of=thumbnails)
    return store


@pytest.fixture(scope="module")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with playwright_browser(session_chromium(request.config)) as browser:
        yield browser


@pytest.fixture
def context(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    options: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
    context = chromium.new_context(**options | getattr(request, "param", {}))
    yield context
    context.close()


@pytest.fixture
def looked(context: BrowserContext, store: DirectoryStore) -> Iterator[Looked]:
    """A page; in the end it has said nothing on the console and asked for nothing but files here."""
    looked = Looked(context.new_page())
    looked.page.on("console", lambda message: looked.console.append(message.text))
    looked.page.on("pageerror", lambda error: looked.console.append(str(error)))
    looked.page.on("request", lambda request: looked.asked.append(request.url))
    yield looked
    assert looked.console == []
    here = (store.root.as_uri(), "data:")
    assert [url for url in looked.asked if not url.startswith(here)] == []


@pytest.fixture
def page(looked: Looked, store: DirectoryStore) -> Page:
    """The sheet of many assets, open."""
    looked.page.goto((store.root / "many.html").as_uri())
    expect(cards(looked.page)).to_have_count(60)
    return looked.page


def cards(page: Page) -> Any:  # noqa: ANN401  Playwright's locator, whose methods tests use
    return page.locator("#cards .card")


def names(page: Page) -> list[str]:
    """The names on the cards; where there is a title the name stands below it."""
    return [
        card.locator(".name").inner_text()
        if card.locator(".name").count()
        else card.locator("h3").inner_text()
        for card in cards(page).all()
    ]


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox", name="Search").fill(words)


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=ACCESSIBLE).response["violations"]
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]


@pytest.mark.parametrize(
    "context",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
    ],
    ids=["light", "dark-and-narrow"],
    indirect=True,
)
def test_axe_finds_nothing_with_the_details_closed_and_open(page: Page) -> None:
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("button", name="Filters").click()
    page.locator("#keys summary").click()
    search(page, "slate")
    expect(cards(page)).to_have_count(1)
    assert violations(page) == []
    page.locator(".face").click()
    expect(page.get_by_role("dialog", name="A lamp on slate")).to_be_visible()
    assert violations(page) == []


def test_a_search_finds_one_asset_by_what_is_said_of_it(page: Page) -> None:
    told = page.get_by_role("status").first
    for words, name in (
        ("oak-41", "mug/oak-41"),  # its name
        ("LAMP slate", "lamp/slate"),  # a title, in other capitals
        ("messinglampe", "lamp/slate"),  # alt text in another language
        ("cafe fur", "vase/a b#1 50% ü"),  # without diacritics
        ("posters@2026", "poster"),  # the order
        ("other-cards", "poster"),  # the model
        ("autumn hero", "lamp/slate"),  # its tags
        ("oak-42 in the morning", "mug/oak-42"),  # the prompt
    ):
        search(page, words)
        expect(told).to_contain_text("1 of 70 assets")
        expect(page.get_by_text(name, exact=True)).to_be_visible()
        expect(cards(page)).to_have_count(1)
    search(page, "lamp mug slate")
    expect(told).to_have_text("Nothing fits; there are 70 assets in all")
    page.get_by_role("button", name="Clear search and filters").click()
    expect(told).to_contain_text("70 assets, 72 files")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_filter_is_there_for_everything_in_which_the_assets_differ(page: Page) -> None:
    for label, value, number in (
        ("Campaign", "winter-2026", 1),
        ("Order", "posters@2026-11-02", 1),
        ("Size", "300\u00a0×\u00a0200", 1),  # noqa: RUF001  as the page shows it
        ("Format", "webp", 1),
        ("Model", "other-cards", 1),
        ("Tag", "hero", 2),
        ("Approved by", "anna@acme.example", 1),
    ):
        choice = page.get_by_label(label, exact=True)
        choice.select_option(value)
        expect(cards(page)).to_have_count(number)
        choice.select_option("")
    page.get_by_label("Released from").fill("2026-11-03")
    expect(cards(page)).to_have_count(1)
    assert names(page) == ["vase/a b#1 50% ü"]


def test_names_are_sorted_as_people_expect_and_costs_exactly(page: Page) -> None:
    first = names(page)[:12]
    assert first == ["lamp/slate", *[f"mug/oak-{number}" for number in range(1, 12)]]
    page.get_by_label("Sort by").select_option("cost")
    assert names(page)[:3] == ["lamp/slate", "wrong", "poster"]
    page.get_by_label("Sort by").select_option("newest")
    assert names(page)[:2] == ["vase/a b#1 50% ü", "wrong"]


def test_the_cost_of_what_is_shown_is_exact(page: Page) -> None:
    # 66 mugs at 0.003, the lamp, the vase, and 0.1 + 0.2, which floats cannot add.
    expect(page.get_by_role("status").first).to_have_text("70 assets, 72 files · $1,234.498000002")
    search(page, "wrong")
    expect(page.get_by_role("status").first).to_have_text("1 of 70 assets · $0.20")
    # Its file is not what was released, so it has no picture, and says so.
    expect(cards(page).first).to_contain_text("No preview: the file could not be opened")


def test_a_card_says_what_people_ask_of_an_asset(page: Page) -> None:
    search(page, "lamp")
    card = cards(page).first
    assert [line for line in card.inner_text().split("\n") if line] == [
        "A lamp on slate",
        "lamp/slate",
        "A brass lamp stands on grey slate",
        "300\u00a0×\u00a0200 · png · 1\u00a0kB",  # noqa: RUF001  as the page shows it
        "$1,234.000000001 · 2 checks passed, 1 let pass",
        "Approved by anna@acme.example",
        "© 2026 Acme",
        "Also as 30\u00a0×\u00a020 webp, 60\u00a0×\u00a020 jpeg",  # noqa: RUF001  as the page shows it
        *("File", "of lamp/slate", "Receipt", "of lamp/slate"),
    ]
    assert card.locator("img").get_attribute("alt") == "A brass lamp stands on grey slate"


def test_a_rendition_that_alone_fits_leads_its_group(page: Page) -> None:
    page.get_by_label("Format").select_option("jpeg")
    assert names(page) == ["lamp/slate-wide"]
    expect(page.get_by_role("status").first).to_have_text(
        "1 of 70 assets, 3 files · $1,234.000000001"
    )
    page.get_by_label("Format").select_option("")
    assert names(page)[0] == "lamp/slate"


def test_links_lead_to_files_that_are_there(page: Page, store: DirectoryStore) -> None:
    for words in ("vase", "lamp", "oak-66"):
        search(page, words)
        expect(cards(page)).to_have_count(1)
        links = page.locator(".card a").evaluate_all("all => all.map(one => one.href)")
        assert len(links) == 2
        for link in links:
            assert Path(unquote(urlsplit(link).path)).is_relative_to(store.root)
            assert Path(unquote(urlsplit(link).path)).is_file()
    assert "?" not in links[0]


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("oak")
    expect(page.get_by_role("status").first).to_contain_text("66 of 70")
    page.locator(".face").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    across = page.evaluate("getComputedStyle(document.getElementById('cards')).gridTemplateColumns")
    number = len(across.split()) + 1
    expect(page.locator(".face").nth(number)).to_be_focused()
    assert (
        page.locator(".face").nth(number).evaluate("one => getComputedStyle(one).outlineStyle")
        == "solid"
    )
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=f"mug/oak-{number + 1}", exact=True)
    expect(dialog).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name=f"mug/oak-{number + 2}", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".face").nth(number + 1)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    # There are 66, and 60 were shown: the arrow brings the others.
    expect(page.locator(".face").nth(60)).to_be_focused()
    expect(cards(page)).to_have_count(66)


def test_the_slash_can_be_switched_off(page: Page) -> None:
    page.locator("#keys summary").click()
    page.get_by_label("/ goes to search").uncheck()
    page.locator(".face").first.focus()
    page.keyboard.press("/")
    expect(page.locator(".face").first).to_be_focused()
    page.reload()
    page.locator(".face").first.focus()
    page.keyboard.press("/")
    expect(page.locator(".face").first).to_be_focused()


def test_more_cards_come_when_asked_for_and_the_focus_goes_on(page: Page) -> None:
    page.get_by_role("button", name="Show 10 more").click()
    expect(cards(page)).to_have_count(ALL)
    expect(page.locator(".face").nth(60)).to_be_focused()
    expect(page.locator("#more")).to_be_hidden()


def test_details_show_every_language_and_copy_what_is_asked_for(page: Page) -> None:
    search(page, "lamp")
    page.locator(".face").first.click()
    dialog = page.get_by_role("dialog")
    german = dialog.get_by_text("Eine Messinglampe auf Schiefer")
    expect(german).to_have_attribute("lang", "de")
    for told in (
        "Made by a program without training data",
        "sharpness (warned)",
        "Acme brand team",
        "hero",
    ):
        expect(dialog.get_by_text(told).first).to_be_visible()
    expect(dialog.get_by_role("link", name="File of lamp/slate-small")).to_be_visible()
    dialog.get_by_role("button", name="Copy alt text (de)").click()
    expect(page.locator("#said")).to_have_text("Copy alt text (de): copied")
    # The file itself takes the thumbnail's place.
    expect(dialog.locator("#details-picture img")).to_have_count(1)
    assert dialog.locator("#details-picture img").evaluate("one => one.naturalWidth") == 300
    page.keyboard.press("Escape")
    # The focus comes back a moment after the dialog is gone.
    expect(page.locator(".face").first).to_be_focused()
    page.get_by_role("searchbox").fill("")
    page.keyboard.press("Control+v")
    expect(page.get_by_role("searchbox")).to_have_value("Eine Messinglampe auf Schiefer")


def test_a_search_can_be_sent_to_somebody_as_an_address(page: Page) -> None:
    search(page, "hero")
    page.get_by_label("Sort by").select_option("cost")
    expect(cards(page)).to_have_count(2)
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(cards(page)).to_have_count(2)
    assert names(page)[0] == "lamp/slate"


def test_what_was_withdrawn_is_told(page: Page) -> None:
    page.get_by_text("1 asset was withdrawn").click()
    expect(page.locator("#withdrawn li")).to_have_text(
        "gone.png, 2026-10-01 12:00 UTC: the <b>logo</b> is old"
    )
    assert page.title() == "Autumn <2026>"


def test_hostile_texts_are_shown_and_do_nothing(looked: Looked, store: DirectoryStore) -> None:
    page = looked.page
    page.goto((store.root / "hostile.html").as_uri())
    expect(cards(page)).to_have_count(len(sheet_parts.HOSTILE))
    for number, text in enumerate(sheet_parts.HOSTILE):
        page.locator(".face").nth(number).click()
        if text.isprintable():
            expect(page.locator("#details-title")).to_have_text(text)
            assert page.locator("#details .prompt").inner_text() == text
        page.keyboard.press("Escape")
    assert page.evaluate("window.stolen ?? null") is None
    assert page.locator("script").count() == 2, "the assets' element is taken out once it is read"
    assert page.locator("#cards img").count() == len(sheet_parts.HOSTILE)
    shown = page.locator("body").inner_text() + str(page.locator("option").all_inner_texts())
    assert not set("\u202e\u2066\x1b\x7f") & set(shown)


@pytest.mark.parametrize(
    "context", [{"viewport": {"width": 320, "height": 640}}], ids=["narrow"], indirect=True
)
def test_nothing_is_wider_than_a_narrow_window(looked: Looked, store: DirectoryStore) -> None:
    """WCAG 1.4.10, with a long value that has no place to break in every field."""
    page = looked.page
    unbroken = "anna-with-a-very-long-address" * 7
    for name, text in (("x", unbroken.replace("-", "")), ("y", unbroken), ("z", "\ufdfd" * 30)):
        rows = sheet_parts.unbroken_rows(store, name, text)
        gone = Withdrawn(f"{EDITION}{text}.png", "0" * 64, text, ACCEPTED_AT, text)
        told = SheetHeader(text, order=text, store=f"s3://{text}", withdrawn=(gone,))
        with Thumbnails(store) as thumbnails:
            write_sheet(
                store, "wide.html", rows, told, thumbnail_of=thumbnails, link_of=lambda _: None
            )
        page.goto((store.root / "wide.html").as_uri())
        expect(cards(page)).to_have_count(2)
        page.get_by_role("button", name="Filters").click()
        page.locator("#withdrawn summary").click()
        assert page.evaluate(WIDER) == [], name
        page.locator(".face").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert page.evaluate(WIDER) == [], name


def test_without_scripts_there_is_a_list_of_names(
    context: BrowserContext, store: DirectoryStore
) -> None:
    page = context.new_page()
    # Only a sandbox makes Chromium read, too, what stands there for browsers without scripts.
    page.route(
        "http://sheet.example/**",
        lambda route: route.fulfill(
            body=store.get("many.html"),
            headers={"Content-Type": "text/html", "Content-Security-Policy": "sandbox"},
        ),
    )
    page.goto("http://sheet.example/index.html")
    # Playwright's own locators are scripts; what a screen reader is told is not.
    nodes = context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    told = [(one["role"]["value"], one.get("name", {}).get("value")) for one in nodes]
    text = " ".join(str(name) for role, name in told if role == "StaticText")
    assert "This page needs JavaScript" in text
    links = [name for role, name in told if role == "link"]
    assert len(links) == 73, "72 files, and the link that skips to them"
    assert "vase/a b#1 50% ü" in links
    assert "searchbox" not in {role for role, _ in told}


@pytest.mark.s3
def test_it_works_from_s3(chromium: Browser, s3: S3Server, bucket: str, tmp_path: Path) -> None:
    client = s3.client()
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:GetObject"],
                "Resource": [f"arn:aws:s3:::{bucket}/*"],
            }
        ],
    }
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    client.close()
    store = open_store(f"s3://{bucket}/warehouse")
    rows = [sheet_parts.shelved(store, number, f"mug/a b-{number}") for number in range(3)]
    write_manifest(store, EDITION, ManifestHeader(sheet_parts.ORDER, sheet_parts.CAMPAIGN), rows)
    sheet = edition_sheet(store, EDITION)
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    answers: dict[str, int] = {}
    page.on("response", lambda answer: answers.update({answer.url: answer.status}))
    page.goto(f"{s3.endpoint_url}/{bucket}/warehouse/{sheet.key}")
    page.locator(".face").nth(1).click()
    picture = page.locator("#details-picture img")
    expect(picture).to_have_count(1)
    assert picture.evaluate("one => one.naturalWidth") == 24
    receipt = page.locator("#details .links a").nth(1).evaluate("one => one.href")
    assert context.request.get(receipt).status == 200
    here = f"{s3.endpoint_url}/{bucket}/warehouse/{EDITION}"
    assert {url: status for url, status in answers.items() if not url.startswith("data:")} == {
        f"{here}index.html": 200,
        f"{here}mug/a%20b-1.png": 200,
    }
    # A page that lies elsewhere reaches private files by signed addresses, and shows them too.
    link_of = signed_links(store, timedelta(days=1))
    origin = origin_of(link_of(rows[0].key))
    away = DirectoryStore(tmp_path)
    with Thumbnails(store) as thumbnails:
        header = SheetHeader("Away", image_origin=origin)
        write_sheet(away, "away.html", rows, header, thumbnail_of=thumbnails, link_of=link_of)
        assert thumbnails.made == 0, "the edition's sheet has them all"
    page.goto((tmp_path / "away.html").as_uri())
    page.locator(".face").nth(2).click()
    expect(picture).to_have_count(1)
    link = page.locator("#details .links a").first.evaluate("one => one.href")
    assert "X-Amz-Signature=" in link
    answer = context.request.get(link)
    assert answer.headers["content-disposition"] == 'attachment; filename="mug-a b-2.png"'
    assert hashlib.sha256(answer.body()).hexdigest() == rows[2].sha256
    assert said == []
    context.close()
