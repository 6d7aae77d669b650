"""axe-core on a page as it stands: WCAG 2.2 AA and its makers' best practices."""

from playwright.sync_api import BrowserContext, Page

from tests.browser.web_client import WEB

WIDTHS = (320, 768, 1440)
_RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ['violations'] })
  return found.violations.map((each) => `${each.id}: ${each.help}\\n` + each.nodes.slice(0, 3).map(
    (node) => `   ${node.html.slice(0, 200)}  ${node.any.concat(node.all, node.none)[0]?.message ?? ''}`).join('\\n'))
}"""
# A page as wide as a telephone must not be dragged sideways; what scrolls inside a frame of its own may.
_OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

# Chromium owes the page a scroll-anchor adjustment after a resize and pays it between the next press and its
# release, so that the click lands elsewhere; any scroll settles the debt.
_SETTLE = "() => { scrollBy(0, 1); scrollBy(0, -1) }"


def bring_axe(context: BrowserContext) -> None:
    """Every page of the context carries axe from now on; the content policy does not keep it out."""
    context.add_init_script(path=WEB / "node_modules/axe-core/axe.min.js")


def violations(page: Page, name: str) -> list[str]:
    """What axe finds at each width, and whether the page overflows; leaves the page at the widest."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{name} at {width} px: {each}" for each in page.evaluate(_RUN)]
        overflow = page.evaluate(_OVERFLOW)
        if overflow > 0:
            found.append(f"{name} at {width} px: {overflow} px wider than the screen")
    page.evaluate(_SETTLE)
    return found
