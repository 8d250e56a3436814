"""rig: real processes for flow tests and benchmarks: certificates, broker, database, collector, agents.

Everything lives in one temporary folder and on loopback ports or Unix sockets in it; what was started is ended by its
process id when the rig closes. Waiting is always for an event, with a deadline. Run from the root of the tree.

    with Rig() as rig:
        rig.start_broker()
        rig.start_server()
        agent = rig.start_agent("hub-1")
        agent.wait("link.connected")
"""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FAULTLINE_BUILD", ROOT / "build"))
DEADLINE_S = int(os.environ.get("FAULTLINE_DEADLINE_S", "60"))
COLLECTOR = "faultline.collector"


class Timeout(AssertionError):
    """An event did not come before its deadline."""


def until(condition, what, deadline_s=DEADLINE_S, every_s=0.05):
    """Returns condition()'s first true value; Timeout names what was waited for."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Timeout(f"waited {deadline_s} s for {what}")
        time.sleep(every_s)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def topic(device, direction="up"):
    """The device's topic; its shard is the wire contract's hash of the id (identity.c)."""
    h = 2166136261
    for byte in device.encode():
        h = (h ^ byte) * 16777619 & 0xffffffff
    return f"fl/1/{(h ^ h >> 8 ^ h >> 16 ^ h >> 24) & 0xff:02x}/{device}/{direction}"


def uplink(**keys):
    """The bytes of one message, as tests/flow/uplink.c makes them."""
    return subprocess.run([BUILD / "flow/uplink", *(f"{key}={value}" for key, value in keys.items())], check=True,
                          stdout=subprocess.PIPE).stdout


class Process:
    """A started program whose standard error is kept, line by line; with talk=True its standard output as well."""

    def __init__(self, name, argv, folder, talk=False, **options):
        self.name = name
        self.lines = []
        self.changed = threading.Condition()
        self.log_path = pathlib.Path(folder) / f"{name}.log"
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if talk else \
                {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen([str(a) for a in argv], text=True, errors="replace",
                                        **{"stdin": subprocess.DEVNULL, **pipes, **options})
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with open(self.log_path, "a", encoding="utf-8") as log:
            for line in self.process.stderr or self.process.stdout:
                log.write(line)
                log.flush()
                with self.changed:
                    self.lines.append(line.rstrip("\n"))
                    self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def wait(self, pattern, start=0, deadline_s=DEADLINE_S):
        """Waits for a line that matches, at or behind line `start`; returns the match."""
        end = time.monotonic() + deadline_s
        expression = re.compile(pattern)
        with self.changed:
            while True:
                for line in self.lines[start:]:
                    match = expression.search(line)
                    if match:
                        return match
                left = end - time.monotonic()
                if left <= 0 or not (self.is_running() or self.reader.is_alive()):
                    tail = "\n".join(self.lines[-15:])
                    raise Timeout(f"{self.name}: no line matched {pattern!r}; the last ones:\n{tail}")
                self.changed.wait(min(left, 0.5))

    def kill(self):
        """kill -9, and gone when this returns."""
        if self.is_running():
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join(5)

    def signal(self, number):
        self.process.send_signal(number)

    def freeze(self):
        """All its threads stand still when this returns, until SIGCONT."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def ended(self, deadline_s=DEADLINE_S):
        """Waits until it ends by itself; returns the exit status."""
        try:
            self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} did not end within {deadline_s} s") from None
        self.reader.join(5)
        return self.process.returncode

    def stop(self, deadline_s=20):
        """Orderly, by SIGTERM; returns the exit status."""
        if self.is_running():
            self.process.terminate()
        return self.ended(deadline_s)

    def count(self, pattern):
        with self.changed:
            return sum(1 for line in self.lines if re.search(pattern, line))


class Events:
    """The collector's live events (server-sent events), read as they come."""

    def __init__(self, port, token):
        self.items = []
        self.changed = threading.Condition()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
        self.connection.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {token}"})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        event = {}
        try:
            for line in self.answer:
                key, _, value = line.decode().rstrip("\n").partition(": ")
                if key:
                    event[key] = value
                    continue
                with self.changed:
                    self.items.append((event.get("event"), json.loads(event.get("data") or "{}").get("data")))
                    self.changed.notify_all()
                event = {}
        except (OSError, AttributeError, ValueError):
            pass  # the stream or this test has ended

    def wait(self, kind, matches, deadline_s=DEADLINE_S):
        """The first event of that kind whose data matches."""
        end = time.monotonic() + deadline_s
        with self.changed:
            while True:
                for event, data in self.items:
                    if event == kind and data and matches(data):
                        return data
                left = end - time.monotonic()
                if left <= 0:
                    raise Timeout(f"no event {kind} of that kind among {self.items[-5:]}")
                self.changed.wait(left)

    def close(self):
        self.connection.close()


class Database:
    """The collector's store as a test sees it: rows of a query, whichever driver."""

    def __init__(self, rig, driver):
        self.rig, self.driver = rig, driver
        self.path = rig.folder / "faultline.db"
        self.conninfo = ""
        if driver == "postgresql":
            self.folder = tempfile.mkdtemp(prefix="faultline-pg-")
            self.start()

    def start(self):
        """PostgreSQL: the server, in the same place as before."""
        self.conninfo = subprocess.run([ROOT / "tests/postgres", "start", self.folder], check=True, text=True,
                                       stdout=subprocess.PIPE).stdout.strip()

    def stop(self):
        """PostgreSQL: the server dies at once, with what it was doing."""
        subprocess.run([ROOT / "tests/postgres", "stop", self.folder], check=True, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def held(self, tables="lane, device, lease"):
        """Nobody can write meanwhile; PostgreSQL: what is in these tables."""
        if self.driver == "postgresql":
            holder = subprocess.Popen(["psql", "-XAtq", "-d", self.conninfo], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
            holder.stdin.write(f"BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n")
            holder.stdin.flush()
            assert holder.stdout.readline() == "held\n"
            yield
            holder.kill()
            holder.communicate()
            return
        db = sqlite3.connect(self.path, isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")
        db.close()

    def rows(self, query):
        """The rows as lists of texts and numbers; [] while the tables are not there yet."""
        if self.driver == "postgresql":
            out = subprocess.run(["psql", "-XAtq", "-F", "\x1f", "-d", self.conninfo, "-c", query], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
            return [[int(v) if re.fullmatch(r"-?\d+", v) else v for v in line.split("\x1f")]
                    for line in out.splitlines()]
        if not self.path.exists():
            return []
        db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        try:
            return [list(row) for row in db.execute(query)]
        except sqlite3.OperationalError:
            return []
        finally:
            db.close()

    def change(self, statement):
        """For what no program of ours offers yet; only while no collector runs."""
        if self.driver == "postgresql":
            subprocess.run(["psql", "-XAtq", "-d", self.conninfo, "-c", statement], check=True)
            return
        db = sqlite3.connect(self.path)
        with db:
            db.execute(statement)
        db.close()

    def value(self, query):
        rows = self.rows(query)
        return rows[0][0] if rows else None

    def settings(self):
        if self.driver == "postgresql":
            return f'driver = postgresql\n    conninfo = "{self.conninfo}"'
        return f'driver = sqlite\n    path = "{self.path}"'

    def close(self):
        if self.driver == "postgresql":
            subprocess.run([ROOT / "tests/postgres", "stop", self.folder], check=False, stdout=subprocess.DEVNULL)
            shutil.rmtree(self.folder, ignore_errors=True)


class Rig:
    def __init__(self, driver="sqlite", keep=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-rig-"))
        self.pki = self.folder / "pki"
        self.keep = keep
        self.processes = []
        self.mounts = []
        self.broker = self.server = None
        self.port = free_port()
        self.plain_port = None
        self.http_port = free_port()
        self.token = self.make_token("test")
        self.database = Database(self, driver)
        self.make_pki()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in reversed(self.processes):
            process.kill()
        self.database.close()
        for path in self.mounts:
            subprocess.run(["umount", path], check=False, capture_output=True)
        if kind is not None or self.keep:
            kept = ROOT / "build/test-logs" / self.folder.name
            shutil.copytree(self.folder, kept, ignore_dangling_symlinks=True,
                            ignore=lambda folder, names: [n for n in names if not n.endswith((".log", ".conf"))
                                                          and not os.path.isdir(os.path.join(folder, n))])
            print(f"logs kept in {kept.relative_to(ROOT)}")
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    @contextlib.contextmanager
    def scratch():
        """A folder for a test that needs nothing else of a rig."""
        with tempfile.TemporaryDirectory(prefix="faultline-rig-") as folder:
            yield pathlib.Path(folder)

    def start(self, name, argv, **options):
        process = Process(name, argv, self.folder, **options)
        self.processes.append(process)
        return process

    def make_token(self, name, role="reader"):
        """A token and its line in the tokens file (tokens.h)."""
        token = "fl_" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        tokens = self.folder / "tokens"
        with open(tokens, "a", encoding="ascii") as file:
            file.write(f"{name} {role} {hashlib.sha256(token.encode()).hexdigest()}\n")
        tokens.chmod(0o640)
        return token

    # ------------------------------------------------------------ disks

    def mount(self, name, size):
        """A small disk of its own (tmpfs) in the rig's folder; skips the test where that is not allowed."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "faultline-test", path],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise unittest.SkipTest(f"needs a small disk: {done.stderr.strip()}")
        self.mounts.append(path)
        return path

    def fill(self, path):
        """Takes all the space that is left; returns the file that holds it."""
        filler = path / "filler"
        with open(filler, "wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass
        return filler

    def remount(self, path, how):
        subprocess.run(["mount", "-o", f"remount,{how}", path], check=True, capture_output=True)

    # ------------------------------------------------------------ certificates

    def pki_run(self, *arguments, folder=None):
        subprocess.run([ROOT / "configs/pki", folder or self.pki, *arguments], check=True, stdout=subprocess.DEVNULL)

    def make_pki(self):
        self.pki_run("init")
        self.pki_run("server", "localhost")

    def make_device(self, device):
        if not (self.pki / f"{device}.pem").exists():
            self.pki_run("device", device)

    # ------------------------------------------------------------ the broker, with the settings we ship

    def write_broker_settings(self, plain=False):
        conf = (ROOT / "configs/mosquitto/faultline.conf").read_text()
        for was, now in (("/etc/faultline/pki", self.pki), ("/etc/mosquitto/faultline.passwd", self.folder / "passwd"),
                         ("/etc/mosquitto/", f"{ROOT}/configs/mosquitto/"), ("/run/mosquitto", self.folder),
                         ("listener 8883", f"listener {self.port} 127.0.0.1")):
            conf = conf.replace(str(was), str(now))
        head = f"persistence true\npersistence_location {self.folder}/\nlog_dest stderr\nuser root\n"
        if plain:
            self.plain_port = self.plain_port or free_port()
            guarded = "".join(re.findall(r"^(?:allow_|password_file|acl_file).*\n", conf, re.M))
            conf = re.sub(r"^(listener .*\n)", lambda m: m[1] + guarded,
                          conf.replace(guarded, "").replace("per_listener_settings false", "per_listener_settings true"),
                          flags=re.M)
            conf += f"\nlistener {self.plain_port} 127.0.0.1\nallow_anonymous true\nmax_connections 5000\n"
        path = self.folder / "mosquitto.conf"
        path.write_text(head + conf)
        return path

    def start_broker(self, plain=False):
        """plain: one more listener without TLS and certificates, for benchmarks on loopback."""
        password = self.folder / "collector.password"
        if not password.exists():
            password.write_text("a throw-away password\n")
            password.chmod(0o600)
            subprocess.run(["mosquitto_passwd", "-b", "-c", self.folder / "passwd", COLLECTOR, "a throw-away password"],
                           check=True, stderr=subprocess.DEVNULL)
        self.broker = self.start("broker", ["mosquitto", "-c", self.write_broker_settings(plain)])
        self.broker.wait("mosquitto version .* running")
        return self.broker

    def forget_broker_memory(self):
        (self.folder / "mosquitto.db").unlink(missing_ok=True)

    # ------------------------------------------------------------ the collector

    def write_server_settings(self, extra="", name="rig", store="", http=None):
        path = self.folder / f"{name}.conf"
        path.write_text(f"""
server {{
    name = "{name}"
}}
broker {{
    address = "unix:{self.folder}/collector.sock"
    user = "{COLLECTOR}"
    password_file = "{self.folder}/collector.password"
}}
store {{
    {self.database.settings()}
    catalogue = "{ROOT}/configs/catalogue.csv"
    {store}
}}
http {{
    address = "127.0.0.1:{http or self.http_port}"
    tokens_file = "{self.folder}/tokens"
}}
{extra}
""")
        return path

    def start_server(self, extra="", wait=True, **settings):
        """wait: until it is subscribed at the broker, so that nothing published from then on is missed."""
        self.server = self.start("server", [BUILD / "faultline-server", "--config",
                                            self.write_server_settings(extra, **settings)])
        if wait:
            self.server.wait("server.ready")
            self.server.wait("broker.connected")
        return self.server

    def restart_server(self, **settings):
        assert self.server.stop() == 0
        return self.start_server(**settings)

    def start_second_server(self, name="other", **settings):
        """Another collector on the same store; it does not become self.server."""
        path = self.write_server_settings(name=name, http=free_port(), **settings)
        return self.start(name, [BUILD / "faultline-server", "--config", path])

    def get(self, path, token=None):
        """GET from the collector: (status, parsed JSON or text)."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}",
                                         headers={"Authorization": f"Bearer {token or self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                body, status = answer.read().decode(), answer.status
        except urllib.error.HTTPError as error:
            body, status = error.read().decode(), error.code
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body

    def items(self, path):
        """The items of a list."""
        status, body = self.get(path)
        assert status == 200, (path, status, body)
        return body["items"]

    def tickets(self, device=None, code=None):
        """All tickets, or those of a device, or of one of its codes."""
        found = self.items("/api/v1/tickets?limit=500" + (f"&device={device}" if device else ""))
        return [t for t in found if code is None or t["fault"]["code"] == code]

    def ticket(self, device, code, occurrences=1):
        """Waits for the one ticket of a device's code, with so many confirmations."""
        def look():
            found = self.tickets(device, code)
            assert len(found) <= 1, found
            return found and found[0]["occurrences"] >= occurrences and found[0]
        return until(look, f"the ticket of {device} for {code}")

    def conditions(self, device):
        """{code or "code/mode": state} of a device."""
        return {f"{c['fault']['code']}/{c['fault']['mode']}".removesuffix("/0"): c["state"]
                for c in self.items(f"/api/v1/conditions?limit=500&device={device}")}

    def device(self, device):
        """What the collector knows of a device; None when nothing."""
        status, body = self.get(f"/api/v1/devices/{device}")
        return body if status == 200 else None

    def metrics(self):
        """{'name' or 'name{label="value"}': number}, without "faultline_" and "_total"."""
        rows = {}
        for line in self.get("/metrics")[1].splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                rows[name.removeprefix("faultline_").replace("_total", "", 1)] = float(value)
        return rows

    def refused(self, reason):
        return self.metrics()[f'refused{{reason="{reason}"}}']

    def cli(self, *arguments, check=True, token=None):
        """The faultline command against the running collector."""
        environment = {**os.environ, "FAULTLINE_TOKEN": token or self.token,
                       "FAULTLINE_SERVER": f"http://127.0.0.1:{self.http_port}"}
        return subprocess.run([BUILD / "faultline", *arguments], env=environment, text=True, capture_output=True,
                              check=check)

    def events(self):
        return Events(self.http_port, self.token)

    # ------------------------------------------------------------ a device played by mosquitto_pub

    def publish(self, device, payload, to=None, pki=None, certificate=True, tries=1):
        """One message at QoS 1 with the certificate of `device`, to its own topic unless `to` says another. Returns
        (exit status, what mosquitto_pub said)."""
        self.make_device(device)
        path = self.folder / f"{device}.payload"
        path.write_bytes(payload)
        pki = pki or self.pki
        argv = ["mosquitto_pub", "-V", "5", "-h", "localhost", "-p", str(self.port), "--cafile",
                self.pki / "device-ca.pem", "-i", device, "-q", "1", "-t", to or topic(device), "-f", path]
        if certificate:
            argv += ["--cert", pki / f"{device}.pem", "--key", pki / f"{device}.key"]
        done = subprocess.run(argv, text=True, capture_output=True, timeout=DEADLINE_S, check=False)
        return done.returncode, done.stdout + done.stderr

    def tell(self, device, **keys):
        """Publishes what uplink() makes; it must be taken by the broker."""
        status, said = self.publish(device, uplink(**keys))
        assert status == 0 and "failed" not in said, said

    # ------------------------------------------------------------ agents

    def write_agent_settings(self, device, extra="", line="home", model="HUB-1", ca="device-ca.pem", pki=None, app="",
                             broker="", port=None, **spool):
        self.make_device(device)
        pki = pki or self.pki
        folder = self.folder / device
        folder.mkdir(exist_ok=True)
        spool_lines = "\n    ".join(f"{key} = {value}" for key, value in spool.items())
        path = folder / "agent.conf"
        path.write_text(f"""
device {{
    product_line = "{line}"
    model = "{model}"
    serial = "SN-{device}"
}}
broker {{
    address = "localhost:{port or self.port}"
    {broker}
    ca_file = "{self.pki}/{ca}"
    cert_file = "{pki}/{device}.pem"
    key_file = "{pki}/{device}.key"
}}
link {{
    backoff_max = 1s
    resend_max = 20s
}}
spool {{
    path = "{folder}/spool"
    {spool_lines}
}}
app {{
    socket = "{folder}/agent.sock"
    {app}
}}
{extra}
""")
        return path

    def start_agent(self, device, extra="", wait="agent.ready", environment=None, **settings):
        """wait: the line that says it is far enough; None to go on at once. environment: more of it, for the agent."""
        agent = self.start(device, [BUILD / "faultline-agent", "--config",
                                    self.write_agent_settings(device, extra, **settings)],
                           env={**os.environ, **(environment or {})})
        if wait:
            agent.wait(wait)
        return agent

    def report(self, device, *arguments):
        """faultline-report on that device; returns the exit status."""
        return subprocess.run([BUILD / "faultline-report", "--socket", self.folder / device / "agent.sock", *arguments],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode


class FlowTest(unittest.TestCase):
    """Tests that share one rig; its logs are kept when one of them fails."""

    driver = "sqlite"
    rig = None

    @classmethod
    def setUpClass(cls):
        cls.rig = Rig(cls.driver)
        cls.addClassCleanup(lambda: cls.rig.__exit__(None, None, None))
        try:
            cls.prepare()
        except BaseException:
            cls.rig.keep = True
            raise

    @classmethod
    def prepare(cls):
        """What all tests of the class need running."""

    def run(self, result=None):
        bad, began = len(result.failures) + len(result.errors), time.monotonic()
        super().run(result)
        if time.monotonic() - began > 10:
            print(f"measured: {self._testMethodName} took {time.monotonic() - began:.0f} s", flush=True)
        if len(result.failures) + len(result.errors) > bad:
            type(self).rig.keep = True
        return result
