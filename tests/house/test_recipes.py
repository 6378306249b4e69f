"""The recipes of CONTRIBUTING.md that add something, each followed in a copy of the checkout."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from house import followed
from house.test_setup import ROOT
from pgvigil.sandbox.environment import clean_environment

PACKAGE = "src/pgvigil/"
# The types that mypy found out are copied too: they hold where nothing changed.
COPIED = (".mypy_cache", "bench", "docs", "src", "tests", "tools", "web")
MADE = ("__pycache__", "node_modules", "page")


class Recipe:
    """A recipe by its title: what it names, and what of that nobody followed yet."""

    def __init__(self, title: str) -> None:
        text = (ROOT / "CONTRIBUTING.md").read_text()
        self.text = " ".join(text.partition(f"## {title}\n")[2].partition("\n## ")[0].split())
        self.named = set(re.findall(r"`([^`]+)`", self.text))
        self.left = set(self.named)

    def __getitem__(self, word: str) -> str:
        """A place, a line or a name, as the recipe has it; what it does not name cannot be followed."""
        assert word in self.named, f"the recipe names no {word}: {sorted(self.named)}"
        self.left.discard(word)
        return word


class Checkout:
    """A copy of the checkout, with the environment, the servers and the packages of the page that this one has."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir()
        for directory in (ROOT / name for name in COPIED if (ROOT / name).is_dir()):
            shutil.copytree(directory, place / directory.name, ignore=shutil.ignore_patterns(*MADE))
        for file in (path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".")):
            shutil.copy2(file, place)
        (place / ".venv").symlink_to(sys.prefix)
        (place / ".cache").symlink_to(ROOT / ".cache")
        packages, lock = ROOT / "web" / "node_modules", ROOT / "web" / "package-lock.json"
        installed = packages / ".installed-with-dev"
        # Else `make check` installs them, which must not happen behind a link: others use them.
        fresh = installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime
        if fresh and installed.read_bytes() == lock.read_bytes():
            (place / "web" / "node_modules").symlink_to(packages)

    def run(self, line: str) -> "subprocess.CompletedProcess[str]":
        """A line of a recipe; what `make` makes first is there already."""
        program, *words = shlex.split(line)
        command = ["make", "--old-file=setup", *words] if program == "make" else [str(self.place / program), *words]
        # What an outer `make` tells its children is not meant for one in a checkout of its own.
        environment = clean_environment({"PYTHONPATH": str(self.place / "src"), "MAKEFLAGS": "", "MAKELEVEL": ""})
        return subprocess.run(command, cwd=self.place, env=environment, capture_output=True, text=True, check=False)

    def succeed(self, line: str) -> str:
        """Run a line that must end well; returns what it said."""
        done = self.run(line)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def add(self, place: str, text: str) -> None:
        """A file that was not there, or more at the end of one that was."""
        file = self.place / place
        file.parent.mkdir(exist_ok=True)
        file.write_text((file.read_text() if file.exists() else "") + text)

    def insert(self, place: str, text: str, before: str) -> None:
        """More in a file that is there, before words that stand in it once."""
        file = self.place / place
        old = file.read_text()
        assert old.count(before) == 1, f"{place} has {old.count(before)} times {before!r}"
        file.write_text(old.replace(before, text + before))

    def stale(self) -> set[str]:
        """The reference pages that are not what the code would make."""
        lines = (f".venv/bin/python -m pgvigil.{package}.reference --check" for package in ("catalog", "cli"))
        told = "".join(self.run(line).stderr for line in lines)
        return {Path(word).name for word in told.split() if word.startswith("docs/reference/")}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


@pytest.mark.slow(reason="starts a server, and eight processes that import everything")
def test_a_probe_is_added_as_the_recipe_says(checkout: Checkout) -> None:
    steps = Recipe("Add a probe")
    commands = re.findall(r"`(\.venv/bin/[^`]+)`", steps.text)
    assert len(commands) == 3
    assert checkout.stale() == set()
    folder = steps["src/pgvigil/catalog/packs/<pack>/probes/<name>/"].replace("<pack>", "core")
    folder = folder.replace("<name>", "caches")
    checkout.add(folder + steps["probe.toml"], followed.PROBE)
    checkout.add(folder + steps["14.sql"], followed.PROBE_SQL)

    # Those that wait for a column to move take a minute.
    assert "2 passed" in checkout.succeed(commands[0].replace("<name>", "'caches and pg18 and not moves'"))

    assert checkout.stale() == {"probes.md", "store.md"}
    for command in commands[1:]:
        checkout.succeed(command)
    assert checkout.stale() == set()
    for page in ("probes.md", "store.md"):
        assert "caches" in (checkout.place / "docs" / "reference" / page).read_text()


@pytest.mark.slow(reason="makes the reference anew, and asks a new panel over filled stores")
def test_a_panel_is_added_as_the_recipe_says(checkout: Checkout) -> None:
    steps = Recipe("Add a panel")
    reference, test = re.findall(r"`(\.venv/bin/[^`]+)`", steps.text)
    assert checkout.stale() == set()
    folder = steps["src/pgvigil/catalog/packs/<pack>/panels/<name>/"].replace("<pack>", "core")
    folder = folder.replace("<name>", "deadlocks")
    checkout.add(folder + steps["panel.toml"], followed.DRAWN_PANEL)
    checkout.add(folder + steps["panel.sql"], followed.DRAWN_PANEL_SQL)
    assert checkout.stale() == {"panels.md"}
    checkout.succeed(reference)
    assert checkout.stale() == set()
    assert "## deadlocks" in (checkout.place / "docs" / "reference" / "panels.md").read_text()

    asked = test.replace("<name>", "'deadlocks and not 30'")
    assert "write down what the panel shall say" in checkout.run(asked).stdout
    numbers = "tests/analyse/test_panels.py"
    checkout.insert(numbers, followed.DRAWN_PANEL_READ, before='"temp_bytes": 1000 * times')
    checkout.insert(numbers, followed.DRAWN_PANEL_NUMBERS, before='    "temp_files": {"written"')
    # As read and rolled up: over hours and days, as a vital, and compared.
    assert re.search(r"\b8 passed", checkout.succeed(asked))
    assert steps.left == {"[tile]"} | {reference, test}


def add_panel(checkout: Checkout, steps: Recipe) -> None:
    """Everything of a panel but the page that shows it."""
    checkout.add(PACKAGE + steps["analyse/"] + "applications.py", followed.QUERY)
    checkout.add(PACKAGE + steps["analyse/sql/"] + "applications.sql", followed.QUERY_SQL)
    checkout.add(PACKAGE + steps["serve/schema.py"], followed.MODELS)
    answers, routes = PACKAGE + steps["serve/answers.py"], PACKAGE + steps["serve/routes.py"]
    checkout.insert(answers, followed.ANSWER_IMPORT, before="from pgvigil.analyse.probes import")
    checkout.add(answers, followed.ANSWER)
    checkout.insert(routes, followed.ROUTE_IMPORT, before="from pgvigil.analyse.vitals import")
    checkout.add(routes, followed.ROUTE)
    assert checkout.stale() == {"api.md"}
    checkout.succeed(steps[".venv/bin/python -m pgvigil.cli.reference"])
    assert checkout.stale() == set()

    checkout.insert(steps["web/src/api/types.ts"], followed.TYPES, before="export type Better")
    client = steps["web/src/api/client.ts"]
    checkout.insert(client, "  Applications,\n", before="  Comparison,\n  Events,")
    checkout.insert(client, followed.CALL, before="  vitals: (target")
    folder = "src/pgvigil/catalog/packs/core/panels/applications/"
    checkout.add(folder + steps["panel.toml"], followed.LISTED_PANEL)
    checkout.succeed(".venv/bin/python -m pgvigil.catalog.reference")
    checkout.add(steps["web/src/pages/<Name>Panel.svelte"].replace("<Name>", "Applications"), followed.PANEL)


def add_page(checkout: Checkout, steps: Recipe) -> None:
    """The page with that panel, and its line."""
    checkout.add(steps["web/src/pages/"] + "Clients.svelte", followed.PAGE)
    pages = steps["web/src/pages.ts"]
    checkout.insert(pages, followed.PAGE_IMPORT, before="import Overview")
    checkout.insert(pages, followed.PAGE_LINE, before=f"\nexport const {steps['PAGES']}")
    checkout.insert(pages, ", CLIENTS", before="];\n")


@pytest.mark.slow(reason="checks and builds a page, and looks at it in a browser until there are numbers")
def test_a_page_with_a_panel_is_added_as_the_recipes_say(checkout: Checkout) -> None:
    panel, page = Recipe("Add a panel that is a list"), Recipe("Add a page")
    for model in ("Panel", "Table", "Feed"):
        assert (checkout.place / "web" / "src" / "components" / f"{panel[model]}.svelte").is_file()
    assert (checkout.place / "web" / "src" / "pages" / f"{panel['StatementsPanel']}.svelte").is_file()
    add_panel(checkout, panel)
    add_page(checkout, page)
    browser = page[panel["tests/web/"]] + "test_clients.py"
    checkout.add(browser, followed.BROWSER_TEST)

    checkout.succeed(page[panel["make check"]])
    assert "/targets/{name}/applications" in (checkout.place / panel["web/src/api/schema.d.ts"]).read_text()
    checkout.succeed(page[panel["make page"]])
    assert "1 passed" in checkout.succeed(f".venv/bin/python -m pytest {browser}")
    assert (checkout.place / page["tests/web/test_pages.py"]).is_file()
    # What else the recipes name stands in what was added.
    words = {
        "Resource",
        "$effect",
        "empty",
        "notVisible",
        "npm run types",
        "table",
        "about",
        "carried = true",
        "DrawnPanel",
    }
    assert panel.left == words
    assert page.left == set()


def refused(checkout: Checkout, line: str) -> str:
    """What a check says of something that it does not accept."""
    done = checkout.run(line)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def test_a_decision_record_is_added_as_the_recipe_says(checkout: Checkout) -> None:
    steps = Recipe("Add a decision record")
    directory, index, check = steps["docs/decisions/"], steps["docs/decisions/README.md"], steps["tools/check_docs"]
    checkout.succeed(check)
    record, number = add_decision(checkout, directory)
    assert f"{index}: it does not list each record" in refused(checkout, check)
    checkout.add(index, followed.DECISION_LINE.format(number=number))
    checkout.succeed(check)
    assert steps.left == {"make check"}
    assert check in (checkout.place / "tools" / "check").read_text()
    part = ".venv/bin/python tools/check_decisions.py"
    assert part in (checkout.place / check).read_text()

    for lost, told in (
        (f"# {number}: ", f"its heading does not begin with {number}"),
        ("## Context", "its sections are not Context, Decision, Consequences"),
        ("- Bad: ", "no consequence begins with `- Bad: `"),
    ):
        text = record.read_text()
        record.write_text(text.replace(lost, ""))
        assert told in refused(checkout, part)
        record.write_text(text)
    checkout.add(directory + f"{int(number) + 2:04}-late.md", followed.DECISION.format(number=f"{int(number) + 2:04}"))
    assert "the numbers are not 0001 and on" in refused(checkout, part)


def add_decision(checkout: Checkout, directory: str) -> tuple[Path, str]:
    """A record of the shape of the others under the next number; returns it and its number."""
    others = sorted((checkout.place / directory).glob("0*.md"))
    number = f"{int(others[-1].name[:4]) + 1:04}"
    checkout.add(f"{directory}{number}-time.md", followed.DECISION.format(number=number))
    headings = [re.findall("^##.*", path.read_text(), re.MULTILINE) for path in others]
    record = checkout.place / f"{directory}{number}-time.md"
    assert re.findall("^##.*", record.read_text(), re.MULTILINE) in headings
    return record, number
