"""The web app in a real browser: Debian's `chromium` and `chromium-driver`, through Selenium."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests import worlds

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no Chromium: apt-get install chromium chromium-driver"
)
EVIL = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"> A text like any other. "
# Seconds for a busy machine.
PATIENCE = 120
DROP = """
const [zone, name, text] = arguments, data = new DataTransfer();
data.items.add(new File([text], name));
for (const kind of ["dragenter", "dragover", "drop"])
  zone.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def log_of(chromium: Chrome, kind: str) -> list[dict[str, Any]]:
    """The new entries of one of the logs; Selenium has no types for them."""
    entries: list[dict[str, Any]] = chromium.get_log(kind)  # type: ignore[no-untyped-call]
    return entries


@pytest.fixture
def browser(chromium: Chrome, served: str) -> Iterator[Chrome]:
    """A browser at the form. In the end its console has no error, and it has asked nobody but the server."""
    log_of(chromium, "browser")
    log_of(chromium, "performance")
    chromium.get(served)
    yield chromium
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    log = [entry for entry in log_of(chromium, "browser") if not expected(entry)]
    sent = [json.loads(entry["message"])["message"] for entry in log_of(chromium, "performance")]
    addresses = {one["params"]["request"]["url"] for one in sent if one["method"] == "Network.requestWillBeSent"}
    assert log == []
    assert addresses
    assert {address for address in addresses if not address.startswith((served, "data:"))} == set()


def expected(entry: dict[str, Any]) -> bool:
    """Whether the browser notes only that the server answered with a status of an error."""
    return entry["source"] == "network" and "status of 4" in entry["message"]


def until(browser: Chrome, true: Callable[[Chrome], Any]) -> Any:
    return WebDriverWait(browser, PATIENCE).until(true)


def verdict(browser: Chrome) -> str:
    """Wait for the page of a verdict and return its text."""
    until(browser, lambda b: "/verdicts/" in b.current_url and b.find_elements(By.CSS_SELECTOR, "body.verdict"))
    return str(browser.find_element(By.TAG_NAME, "body").text)


def error(browser: Chrome) -> str:
    """Wait for an error and return what it says."""
    return str(until(browser, lambda b: b.find_element(By.ID, "error-said").text))


def submit(browser: Chrome) -> None:
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()


def drop(browser: Chrome, name: str, text: str, place: int = 0) -> None:
    browser.execute_script(DROP, browser.find_elements(By.CSS_SELECTOR, "[data-drop]")[place], name, text)


def choose(browser: Chrome, question: str) -> None:
    browser.find_element(By.CSS_SELECTOR, f"[value={question}]").click()


def test_a_dropped_file(browser: Chrome, oak: Path) -> None:
    drop(browser, "oak.jsonl", oak.read_text())
    submit(browser)
    found = verdict(browser)
    assert "oak.jsonl" in found
    link = browser.find_element(By.PARTIAL_LINK_TEXT, "Download JSON").get_attribute("href")
    assert link == browser.current_url + "/verdict.json"


def test_two_dropped_files_stay_together(browser: Chrome, oak: Path) -> None:
    first, *others = oak.read_text().splitlines(keepends=True)
    drop(browser, "one.jsonl", first)
    drop(browser, "two.jsonl", "".join(others))
    listed = browser.find_elements(By.CSS_SELECTOR, ".chosen li")
    assert [item.text.split(" ")[0] for item in listed] == ["one.jsonl", "two.jsonl"]
    submit(browser)
    assert "one.jsonl and 1 more" in verdict(browser)


def test_pasted_responses(browser: Chrome, texts: list[str]) -> None:
    box = browser.find_element(By.ID, "text")
    browser.execute_script("arguments[0].value = arguments[1]", box, texts[0])
    browser.find_element(By.CSS_SELECTOR, "[data-add]").click()
    added = browser.switch_to.active_element
    assert added.get_attribute("aria-label") == "Response 2"
    added.send_keys("A second response, typed by hand and long enough.")
    submit(browser)
    assert "2 responses" in verdict(browser)


def test_a_claim(browser: Chrome, oak: Path) -> None:
    assert not browser.find_element(By.ID, "claimed").is_displayed()
    choose(browser, "verify")
    assert not browser.find_element(By.ID, "expect").is_displayed()
    browser.find_element(By.ID, "claimed").send_keys("oak-2")
    drop(browser, "oak.jsonl", oak.read_text())
    submit(browser)
    assert "oak-2" in verdict(browser)


def test_two_models(browser: Chrome, oak: Path, ash: Path) -> None:
    assert not browser.find_element(By.ID, "other_text").is_displayed()
    choose(browser, "compare")
    drop(browser, "oak.jsonl", oak.read_text())
    drop(browser, "ash.jsonl", ash.read_text(), 1)
    submit(browser)
    found = verdict(browser)
    assert "oak.jsonl" in found
    assert "ash.jsonl" in found


def test_an_error_keeps_what_was_given(browser: Chrome) -> None:
    submit(browser)
    assert error(browser).startswith("Give responses")
    assert browser.switch_to.active_element.get_attribute("id") == "error"
    browser.find_element(By.ID, "text").send_keys("too short")
    submit(browser)
    until(browser, lambda b: "fewer than 20 characters" in b.find_element(By.ID, "error-said").text)
    assert browser.find_element(By.ID, "text").get_attribute("value") == "too short"
    assert browser.find_element(By.CSS_SELECTOR, "button[type=submit]").is_enabled()


def test_too_large_a_file_is_not_sent(browser: Chrome) -> None:
    drop(browser, "large.txt", "x" * 5_000_001)
    submit(browser)
    assert error(browser) == "The files have 5,000,001 bytes together; at most 5,000,000 can be sent."


def test_hostile_texts_stay_texts(browser: Chrome) -> None:
    drop(browser, "<img src=x onerror=\"document.title='taken'\">.txt", EVIL * 3)
    drop(browser, "{{ 7*7 }}\u202e.txt", EVIL * 4)
    submit(browser)
    found = verdict(browser)
    assert "<img src=x onerror=" in found
    assert browser.title != "taken"
    assert browser.find_elements(By.CSS_SELECTOR, "script, img") == []
    browser.back()
    choose(browser, "verify")
    browser.find_element(By.ID, "claimed").send_keys(EVIL)
    browser.find_element(By.ID, "text").send_keys(EVIL)
    submit(browser)
    assert "<script>" in error(browser)
    assert browser.title != "taken"


def test_by_keyboard_alone(browser: Chrome, texts: list[str]) -> None:
    def pressed(*keys: str) -> None:
        ActionChains(browser).send_keys(*keys).perform()

    def at() -> str:
        active = browser.switch_to.active_element
        return active.get_attribute("id") or active.get_attribute("name") or active.text

    def outlined() -> bool:
        return browser.switch_to.active_element.value_of_css_property("outline-style") != "none"

    pressed(Keys.TAB)
    assert at() == "To the form"
    order = []
    for _ in range(6):
        pressed(Keys.TAB)
        order.append(at())
        assert outlined(), order
    assert order == ["question", "expect", "files", "text", "Add a box for another response", "Get the verdict"]
    ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.TAB, Keys.TAB).key_up(Keys.SHIFT).perform()
    assert at() == "text"
    pressed(texts[0].replace("\n", " "), Keys.TAB, Keys.TAB, Keys.ENTER)
    assert "1 response" in verdict(browser)


def test_without_a_script(browser: Chrome, served: str, oak: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(served)
    assert not browser.find_element(By.CSS_SELECTOR, "[data-add]").is_displayed()
    submit(browser)
    assert error(browser).startswith("Give responses")
    choose(browser, "verify")
    browser.find_element(By.ID, "claimed").send_keys("oak-2")
    browser.find_element(By.ID, "files").send_keys(str(oak))
    submit(browser)
    assert "oak.jsonl" in verdict(browser)


@pytest.mark.parametrize("question", ["identify", "compare"])
def test_a_phone_needs_no_sideways_scrolling(browser: Chrome, oak: Path, question: str) -> None:
    def too_wide() -> bool:
        return bool(browser.execute_script("return document.documentElement.scrollWidth > innerWidth"))

    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    choose(browser, question)
    assert not too_wide()
    for place in range(2):
        drop(browser, f"{'a-long-name-' * 8}.jsonl", oak.read_text(), place)
    submit(browser)
    verdict(browser)
    assert not too_wide()


def test_progress_is_told_in_a_live_region(browser: Chrome, tmp_path: Path) -> None:
    browser.execute_script(
        "window.said = []; new MutationObserver(() => said.push(document.getElementById('status').textContent))"
        ".observe(document.getElementById('status'), {childList: true})"
    )
    status = browser.find_element(By.ID, "status")
    assert status.get_attribute("role") == "status"
    path = worlds.case(tmp_path / "long.jsonl", "oak-2", 900)
    browser.find_element(By.ID, "files").send_keys(str(path))
    said: list[str] = []
    submit(browser)

    def told(b: Chrome) -> bool:
        nonlocal said
        if "/verdicts/" not in b.current_url:
            said = b.execute_script("return window.said || null") or said
        return "/verdicts/" in b.current_url

    WebDriverWait(browser, PATIENCE, poll_frequency=0.05).until(told)
    assert said[0] == "Sending"
    assert "900 responses" in verdict(browser)
