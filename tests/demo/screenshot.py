"""Picture the page: ``python -m tests.demo.screenshot PHOTO OUT.png -- --detector DET.ckpt ...``.

What follows the dashes are options of ``tcm demo``; chromium and its driver are wanted.
"""

import shutil
import sys
import tempfile

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from tcm.cli import demo
from tcm.cli.parsers.demo import parse
from tests.demo.test_browser import FLAGS, Page
from tests.demo.test_server import Running

WIDE, PHONE = (1280, 800), (390, 844)


def main(photo, out, options, size=WIDE):
    chrome = ChromeOptions()
    chrome.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tempfile.mkdtemp()}", "--hide-scrollbars"):
        chrome.add_argument(flag)
    with Running(demo._readers(parse(options))) as running:
        browser = Chrome(chrome, ChromeService(shutil.which("chromedriver")))
        try:
            screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1}
            screen["mobile"] = size == PHONE
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
            browser.get(running.server.url)
            page = Page(browser)
            page.upload(photo)
            page.until(lambda: page.words)
            script = "arguments[0].value = 45; arguments[0].dispatchEvent(new Event('input'));"
            browser.execute_script(script, page.one("#strength"))
            sure = [float(one.text.rstrip(" %")) for one in page.all("#list span")]
            browser.execute_script("choose(arguments[0], false)", sure.index(max(sure)))
            browser.save_screenshot(out)
        finally:
            browser.quit()


if __name__ == "__main__":
    own, dashes, given = (sys.argv[1:], "--", [])
    if dashes in own:
        own, given = own[: own.index(dashes)], own[own.index(dashes) + 1 :]
    main(own[0], own[1], given, PHONE if own[2:] == ["phone"] else WIDE)
