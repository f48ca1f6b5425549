"""The report in a browser: a file without a server, whose film can be stepped and whose policy lets nothing else in."""

import mqlab


def test_the_film_plays_from_a_file(browser, keep, tmp_path):
    mqlab.run("first-run").report(tmp_path / "report.html")
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    said, fetched = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfinished", lambda request: fetched.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    film = page.locator("#film")
    film.scroll_into_view_if_needed()
    before = film.locator("svg").screenshot()
    for _ in range(30):
        film.get_by_role("button", name="step ▶").click()
    assert film.locator("svg").screenshot() != before
    keep(film, "9-report-film")
    assert said == []
    with page.expect_event("requestfailed") as refused:
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"https://example.org/x.png\">')")
    assert refused.value.failure == "csp", "the policy lets nothing be fetched"
    assert fetched in ([], [page.url])
    page.close()
