"""The page in headless Chromium, as a person uses it."""

import shutil
from pathlib import Path

import pytest

from tests.demo.models import chained, readers, scene
from tests.demo.test_server import Running

pytestmark = pytest.mark.slow
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--force-prefers-reduced-motion",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    selenium = pytest.importorskip("selenium", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("there is no chromium with its chromedriver")
    assert selenium
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*FLAGS, f"--user-data-dir={profile}", "--window-size=1280,800"):
        options.add_argument(flag)
    downloads = {"download.default_directory": str(tmp_path_factory.mktemp("downloads"))}
    options.add_experimental_option("prefs", downloads)
    found = Chrome(options, ChromeService(driver))
    found.downloads = Path(downloads["download.default_directory"])
    yield found
    found.quit()


@pytest.fixture
def page(browser):
    with Running(readers(), most_bytes=200_000) as running:
        browser.get(running.server.url)
        yield Page(browser)
        faults = [one for one in browser.get_log("browser") if one["level"] == "SEVERE"]
        refused = [one for one in faults if "status of 4" in one["message"]]
        assert faults == refused  # no script failed, no policy was hurt


class Page:
    def __init__(self, browser):
        self.browser = browser
        self.until(lambda: self.all("#detector option"))

    def until(self, test):
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.browser, 20).until(lambda _: test())

    def all(self, selector):
        return self.browser.find_elements("css selector", selector)

    def one(self, selector):
        (found,) = self.all(selector)
        return found

    def upload(self, path):
        self.one("#file").send_keys(str(path))

    @property
    def words(self):
        script = "return [...document.querySelectorAll('#list b, #list i')].map(e => e.textContent)"
        return self.browser.execute_script(script)

    @property
    def status(self):
        return self.one("#status").text

    def marked(self, selector):
        return ["on" in (one.get_attribute("class") or "").split() for one in self.all(selector)]


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "my photo.png"
    path.write_bytes(scene())
    return path


def test_a_photo_is_uploaded_and_its_words_appear(page, photo):
    page.upload(photo)
    page.until(lambda: page.words == ["word0", "word1", "word2"])
    assert len(page.all("#words polygon")) == 3
    assert page.one("#count").text == "3 words"
    assert "320 × 240 pixels" in page.status
    outline = page.all("#words polygon")[0].rect
    picture = page.one("#photo").rect
    scale = picture["width"] / 320
    assert outline["x"] == pytest.approx(picture["x"] + 20 * scale, abs=3)
    assert outline["y"] == pytest.approx(picture["y"] + 20 * scale, abs=3)


def test_a_word_is_marked_in_the_photo_and_in_the_list(page, photo):
    page.upload(photo)
    page.until(lambda: len(page.words) == 3)
    page.all("#list button")[1].click()
    assert page.marked("#words polygon") == page.marked("#list button") == [False, True, False]
    page.all("#words polygon")[2].click()
    assert page.marked("#words polygon") == page.marked("#list button") == [False, False, True]
    page.all("#words polygon")[2].click()
    assert not any(page.marked("#list button"))


def test_other_models_read_the_same_photo(page, photo):
    from selenium.webdriver.support.select import Select

    page.upload(photo)
    page.until(lambda: len(page.words) == 3)
    Select(page.one("#recognizer")).select_by_visible_text("others")
    page.until(lambda: page.words == ["other0", "other1", "other2"])
    Select(page.one("#detector")).select_by_visible_text("spotter")
    Select(page.one("#recognizer")).select_by_visible_text("by itself")
    page.until(lambda: page.words == ["own0", "own1", "own2"])


def test_the_score_map_is_laid_over_the_photo_by_a_slider(page, photo):
    page.upload(photo)
    page.until(lambda: len(page.words) == 3)
    assert not page.one("#map").is_displayed()
    page.browser.execute_script(
        "const s = document.getElementById('strength'); s.value = 60;"
        "s.dispatchEvent(new Event('input'));"
    )
    assert page.one("#map").is_displayed()
    assert page.one("#map").value_of_css_property("opacity") == "0.6"
    assert page.one("#map").rect == page.one("#photo").rect


def test_the_json_is_saved_under_the_name_of_the_photo(page, photo):
    import json

    page.upload(photo)
    page.until(lambda: len(page.words) == 3)
    page.one("#save").click()
    file = page.browser.downloads / "my photo.json"
    page.until(file.exists)
    saved = json.loads(file.read_text())
    assert saved["image"] == "my photo.png" and len(saved["words"]) == 3
    assert "preview" not in saved and "maps" not in saved


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"just a text", "Not read: the file: not a whole image (11 bytes)."),
        (b"/etc/passwd", "Not read: the file: not a whole image (11 bytes)."),
        (bytes(2**20), "The file has 1 MB; at most 0.2 MB are taken."),
    ],
)
def test_what_cannot_be_read_is_one_line_and_the_next_photo_is_read(
    content, status, page, photo, tmp_path
):
    (tmp_path / "file.jpg").write_bytes(content)
    page.upload(tmp_path / "file.jpg")
    page.until(lambda: page.status == status)
    assert not page.words
    page.upload(photo)
    page.until(lambda: len(page.words) == 3)


def test_texts_are_shown_as_they_are_and_never_run(browser, photo):
    from tcm.demo.readers import Readers
    from tcm.reader.text_reader import WordReader
    from tests.demo.models import Numbers, detector

    hostile = "<img src=x onerror=document.title='run'>"
    models = Readers(
        [("<b>boxes", detector())], [("<i>", WordReader(Numbers(start=hostile)))], chained
    )
    with Running(models) as running:
        browser.get(running.server.url)
        page = Page(browser)
        page.upload(photo)
        page.until(lambda: page.words == [f"{hostile}{i}" for i in range(3)])
        assert browser.title == "Text in photos"
        assert not page.all("#list img")
        assert not browser.get_log("browser")


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(width, page, photo):
    page.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    page.upload(photo)
    page.until(lambda: len(page.words) == 3)
    wide = page.browser.execute_script("return document.documentElement.scrollWidth")
    page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width
