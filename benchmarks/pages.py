"""How long pages take with a million invoices in the database: the demo company's year, copied until there are so many.

    .venv/bin/python benchmarks/pages.py [--invoices 1000000] [--documents 12] [--keep FOLDER]

The console and the portal are served by the program's own server and walked from their home pages like a person would:
every list, its next pages, sortings and filters, documents of every kind, reports; and every list is searched by
numbers, by their ends, by customers and by parts of their names. Each page found is asked for again and timed over
HTTP, one request at a time. Figures that a page says are still being counted are read as the worker reads them, and the
page is timed with them. Prints the median, the 99th percentile and the slowest of each address, and of all. `--keep`
names a folder in which the filled database stays for the next run.
"""

import argparse
import http.client
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urldefrag, urlencode, urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

PORT = 8397
BUDGET = 0.150
LINK = re.compile(rb'(?:href|hx-get)="(/[^"]*)"')
ID = re.compile(r"[a-z]{2,4}_[0-9a-z]{26}")
NO_PAGE = re.compile(
    r"^/(logout|login|static|accounts?|v1|healthz|styleguide)/|\.(csv|xlsx|pdf|xml|json)|/export/|format="
)
COUNTING = b"data-counting"
SAMPLES = {
    "customers": ("customer", "customers"), "quotes": ("quote", "quotes"), "agreements": ("agreement", "contracts"),
    "orders": ("order", "orders"), "shipments": ("shipment", "shipments"), "invoices": ("invoice", "invoices"),
    "subscriptions": ("subscription", "subscriptions"), "credit_notes": ("credit_note", "credit-notes"),
    "payments": ("payment", "payments"), "disputes": ("dispute", "disputes"),
    "journal_entries": ("journal_entry", "journal"),
}  # fmt: skip
"""Tables of which documents are drawn at random, beside those that the walk finds: kind of id, address."""
SEARCHED = {
    "orders": "orders", "invoices": "invoices", "payments": "payments", "agreements": "contracts", "quotes": "quotes",
    "subscriptions": "subscriptions", "shipments": "shipments", "installations": "installations",
    "credit_notes": "credit-notes", "disputes": "disputes", "customers": "customers",
}  # fmt: skip
"""Tables whose lists are searched: the address."""


class Visitor:
    """Somebody with a session, who reads pages over HTTP."""

    def __init__(self, email: str) -> None:
        from django.test import Client

        from cashline.platform.people.models import User

        client = Client()
        client.force_login(User.objects.get(email=email), "allauth.account.auth_backends.AuthenticationBackend")
        self.cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        self.connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)

    def get(self, path: str) -> tuple[int, bytes, float]:
        """Status, body and seconds; the body is empty where the answer is no page."""
        began = time.perf_counter()
        try:
            self.connection.request("GET", path, headers={"Cookie": self.cookies, "Accept": "text/html"})
            answer = self.connection.getresponse()
            body = answer.read()
        except (http.client.HTTPException, ConnectionError):
            self.connection.close()
            return 0, b"", 0.0
        seconds = time.perf_counter() - began
        is_page = (answer.getheader("Content-Type") or "").startswith("text/html")
        return answer.status, body if is_page else b"", seconds

    def walk(self, home: str, documents: int, more: list[str]) -> dict[str, list[str]]:
        """The pages that links lead to, by the shape of their address; of each shape so many at the most.

        Of a list that is filtered by three things at once, two are enough.
        """
        found: dict[str, list[str]] = defaultdict(list)
        waiting, seen = [home, *more], set()
        while waiting:
            path = waiting.pop(0)
            shape = shape_of(path)
            if path in seen or shape.count("&") > 1 or len(found[shape]) >= documents or NO_PAGE.search(path):
                continue
            seen.add(path)
            asked = datetime.now(UTC)
            status, body, _ = self.get(path)
            if COUNTING in body:
                count(asked)
                status, body, _ = self.get(path)
            if status != 200 or not body or COUNTING in body:
                continue
            found[shape].append(path)
            links = [urldefrag(link.decode().replace("&amp;", "&")).url for link in LINK.findall(body)]
            random.shuffle(links)
            waiting.extend(link for link in links if link.startswith(home) and len(found[shape_of(link)]) < documents)
        pages = {shape: paths for shape, paths in found.items() if paths}
        print(
            f"\nwalked from {home}: {sum(map(len, pages.values()))} pages of {len(pages)} shapes of address", flush=True
        )
        return pages


def shape_of(path: str) -> str:
    """An address without its ids and values: /invoices/{id}/?sort=."""
    parts = urlsplit(path)
    names = sorted({pair.split("=")[0] for pair in parts.query.split("&") if pair})
    return ID.sub("{id}", parts.path) + ("?" + "&".join(names) if names else "")


def fill(invoices: int) -> None:
    """Let the demo company trade, then copy its trade until there are so many invoices."""
    from benchmarks.multiply import multiply
    from django.db import connections

    from cashline.flow.recognise.ledger.actions import summarise_journal
    from cashline.platform import sql
    from cashline.platform.database import connection
    from cashline.platform.database.embedded import SUPERUSER
    from cashline.surfaces.demo.seed import seed_demo

    began = time.perf_counter()
    seed_demo()
    (own,) = sql.fetch_one("SELECT count(*) FROM invoices") or (0,)
    print(f"the demo company traded in {time.perf_counter() - began:.0f} s: {own} invoices", flush=True)
    if own >= invoices:
        return
    connections.close_all()
    began = time.perf_counter()
    counts = multiply(connection.embedded_server().dsn("pages", SUPERUSER), -(-invoices // own) - 1)
    print(f"copied in {time.perf_counter() - began:.0f} s: {sum(counts.values())} rows", flush=True)
    began = time.perf_counter()
    summarise_journal()
    print(f"the journal summed by day in {time.perf_counter() - began:.0f} s", flush=True)
    for table in ("customers", "orders", "invoices", "invoice_lines", "payments", "journal_lines", "events"):
        print(f"  {table:16}{(sql.fetch_one(f'SELECT count(*) FROM {table}') or (0,))[0]:>12}")


def samples(each: int) -> list[str]:
    """Addresses of documents drawn at random from all of them."""
    from cashline.kernel.identifiers import public
    from cashline.platform import sql

    found = []
    for table, (kind, address) in SAMPLES.items():
        rows = sql.fetch(f"SELECT id FROM {table} TABLESAMPLE SYSTEM (1) ORDER BY random() LIMIT {each}")
        found += [f"/{address}/{public(kind, key)}/" for (key,) in rows]
    return found


def searches(each: int) -> list[str]:
    """Addresses of searches for what stands in documents drawn at random, as somebody types it."""
    from cashline.platform import sql

    found = []
    for table, address in SEARCHED.items():
        name = "d.name" if table == "customers" else "c.name"
        join = "" if table == "customers" else "JOIN customers c ON c.id = d.customer_id"
        rows = sql.fetch(
            f"SELECT d.number, {name} FROM (SELECT * FROM {table} TABLESAMPLE SYSTEM (1) ORDER BY random() "
            f"LIMIT {each}) d {join}"
        )
        for place, (number, called) in enumerate(rows):
            part, tail = called.split()[0], number.split("-", 2)[-1]
            typed = (number, tail, called, part, f"{part[1:4].lower()}", f"{number} {part}")[place % 6]
            found.append(f"/{address}/?" + urlencode({"q": typed}))
    return found


def count(since: datetime) -> None:
    """Read the figures that were asked for since then, as the worker does."""
    import msgspec

    from cashline.flow.schedule import FIGURES
    from cashline.platform.clock.queries import read_clock
    from cashline.platform.snapshots.actions import take
    from cashline.platform.snapshots.queries import snapshots

    known = {figure.name: figure for figure in FIGURES}
    for row in snapshots():
        if row.answer is None and row.requested_at and row.requested_at >= since and row.name in known:
            figure = known[row.name]
            asked = msgspec.json.decode(row.asked, type=figure.asks)
            take(figure, asked, timezone=row.timezone, now=read_clock().now)


def measure(name: str, visitor: Visitor, pages: dict[str, list[str]], rounds: int) -> list[float]:
    """Ask for every page so often, in random order, and print what each shape of address took."""
    times: dict[str, list[float]] = defaultdict(list)
    asked = [(shape, path) for shape, paths in pages.items() for path in paths] * rounds
    random.shuffle(asked)
    each: dict[str, list[float]] = defaultdict(list)
    for shape, path in asked:
        status, body, seconds = visitor.get(path)
        if status != 200 or COUNTING in body:
            raise SystemExit(f"{path} answers {status}, or is being counted")
        times[shape].append(seconds)
        each[path].append(seconds)
    print(f"\n{name}: {len(asked)} requests of {len(pages)} shapes of address; the slowest 25 shapes")
    print(f"  {'median':>8}{'p99':>8}{'slowest':>9}  ms")
    for shape, found in sorted(times.items(), key=lambda item: -percentile(item[1], 99))[:25]:
        print(f"  {_ms(percentile(found, 50)):>8}{_ms(percentile(found, 99)):>8}{_ms(max(found)):>9}  {shape[:110]}")
    print("\n  the ten addresses that are slowest by their median")
    for path, found in sorted(each.items(), key=lambda item: -percentile(item[1], 50))[:10]:
        print(f"  {_ms(percentile(found, 50)):>8}{'':8}{_ms(max(found)):>9}  {path[:150]}")
    everything = [seconds for found in times.values() for seconds in found]
    print(f"  {_ms(percentile(everything, 50)):>8}{_ms(percentile(everything, 99)):>8}{_ms(max(everything)):>9}  all")
    return everything


def percentile(values: list[float], per_cent: int) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * per_cent // 100) - 1)]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def serve() -> "subprocess.Popen[bytes]":
    """The program's own server over the same database."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(PORT)]
    command += [
        "--workers",
        "1",
        "--blocking-threads",
        "4",
        "--log-level",
        "warning",
        "cashline.surfaces.wsgi:application",
    ]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT / "src")})
    for _ in range(900):
        try:
            http.client.HTTPConnection("127.0.0.1", PORT, timeout=1).request("GET", "/healthz")
            return process
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The server did not start.")


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--invoices", type=int, default=1_000_000)
    options.add_argument("--documents", type=int, default=12, help="pages of one shape of address")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--keep", type=Path, help="a folder for the filled database, used again")
    asked = options.parse_args()
    folder = str(asked.keep) if asked.keep else tempfile.mkdtemp(prefix="cashline-benchmark-")
    os.environ |= {"CASHLINE_DATA": folder, "CASHLINE_DATABASE": "pages", "CASHLINE_SECRET_KEY": "benchmark"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashline.platform.settings")
    random.seed(20_260_101)
    from cashline.platform.database import connection
    from cashline.surfaces.demo.seed import LOGIN

    try:
        with connection.available():
            connection.prepare()
            connection.migrate()
            fill(asked.invoices)
            server = serve()
            try:
                everything: list[float] = []
                for name, email, home in (("console", LOGIN.email, "/"), ("portal", LOGIN.portal_email, "/portal/")):
                    visitor = Visitor(email)
                    more = [*samples(asked.documents), *searches(asked.documents)] if home == "/" else []
                    pages = visitor.walk(home, asked.documents, more)
                    everything += measure(name, visitor, pages, asked.rounds)
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(timeout=15)
            found = percentile(everything, 99)
            verdict = "within" if found <= BUDGET else "OVER"
            load = " ".join(f"{one:.1f}" for one in os.getloadavg())
            print(f"\nload {load} on {os.cpu_count()} cores")
            print(f"all {len(everything)} requests: p99 {_ms(found)} ms, {verdict} the budget of {_ms(BUDGET)} ms")
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
