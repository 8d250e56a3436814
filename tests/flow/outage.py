"""outage: what is away, killed, full or read-only costs time, never a record; nothing is promised that is not safe; and
who cannot go on ends with the status that says why."""
import re
import shutil
import signal
import subprocess
import time
import unittest

from rig import BUILD, DEADLINE_S, FlowTest, Rig, until

# Of a daemon that ends by itself (fail.h, the man pages).
PEER, SOFTWARE, FULL, IO, CONFLICT, NEWER, SETTINGS = 69, 70, 73, 74, 75, 76, 78
REFUSED_FOR_NOW = 9  # faultline-report

UNLIMITED = "rate = 100000\n    burst = 1000000"


class Outage(FlowTest):
    @classmethod
    def prepare(cls):
        cls.rig.start_broker()
        cls.rig.start_server()

    def setUp(self):
        if not self.rig.broker.is_running():
            self.rig.start_broker()
        if not self.rig.server.is_running():
            self.rig.start_server()

    def raise_all(self, device, codes):
        for code in codes:
            self.assertEqual(self.rig.report(device, code), 0, code)

    def all_arrive(self, device, codes, deadline_s=DEADLINE_S):
        """Each code has one ticket with one confirmation, and the transitions came in the order of the codes."""
        codes = list(codes)
        until(lambda: {t["fault"]["code"] for t in self.rig.tickets(device)} >= set(codes),
              f"{len(codes)} tickets of {device}", deadline_s)
        tickets = {t["fault"]["code"]: t for t in self.rig.tickets(device)}
        self.assertEqual({tickets[code]["occurrences"] for code in codes}, {1})
        stored = [code for code, in self.rig.database.rows(
            f"SELECT code FROM transition WHERE device = '{device}' AND length(record) > 0 ORDER BY number")]
        self.assertEqual([code for code in stored if code in tickets], codes)
        self.assertEqual(self.rig.database.rows(f"SELECT * FROM loss WHERE device = '{device}'"), [])


# ---------------------------------------------------------------- the broker


class Broker(Outage):
    def test_what_is_accepted_while_the_broker_is_away_arrives_in_order(self):
        agent = self.rig.start_agent("away-1", wait="link.connected")
        codes = [f"C{n:03}" for n in range(150)]
        self.raise_all("away-1", codes[:10])
        self.rig.broker.kill()
        self.raise_all("away-1", codes[10:])
        self.rig.start_broker()
        self.all_arrive("away-1", codes)
        self.assertEqual(agent.stop(), 0)

    def test_what_a_broker_that_lost_its_memory_had_is_sent_again_by_itself(self):
        """It is acknowledged, the collector is away, and then it is nowhere but in the spool."""
        agent = self.rig.start_agent("forgotten", extra="log {\n    level = debug\n}", wait="link.connected")
        self.raise_all("forgotten", ["E1"])
        self.rig.ticket("forgotten", "E1")
        self.assertEqual(self.rig.server.stop(), 0)
        self.raise_all("forgotten", ["E4", "E6"])
        until(lambda: agent.count(r"link\.sent") >= 3, "both to be sent")
        self.rig.broker.kill()
        self.rig.forget_broker_memory()
        self.rig.start_broker()
        self.rig.start_server()
        self.all_arrive("forgotten", ["E1", "E4", "E6"])

    def test_the_broker_keeps_for_a_collector_that_is_away(self):
        """A device that tells once and never again: what it told is the broker's to keep."""
        self.assertEqual(self.rig.server.stop(), 0)
        for n in range(1, 41):
            self.rig.tell("once-1", epoch=6, first=n, last=n, code="K%u")
        self.rig.start_server()
        self.all_arrive("once-1", [f"K{n}" for n in range(1, 41)])

    def test_a_restarted_broker_keeps_for_a_collector_that_is_away(self):
        self.assertEqual(self.rig.server.stop(), 0)
        self.rig.tell("once-2", epoch=6, first=1, last=1, code="K%u")
        self.rig.broker.stop()
        self.rig.start_broker()
        self.rig.tell("once-2", epoch=6, first=2, last=2, code="K%u")
        self.rig.start_server()
        self.all_arrive("once-2", ["K1", "K2"])

    def test_an_agent_sends_again_what_nobody_took(self):
        """The broker is new, the collector has never been there: acknowledged is not safe."""
        agent = self.rig.start_agent("patient", extra="log {\n    level = debug\n}", wait="link.connected")
        self.raise_all("patient", ["E1"])
        self.rig.ticket("patient", "E1")
        self.assertEqual(self.rig.server.stop(), 0)
        self.rig.broker.kill()
        self.rig.forget_broker_memory()
        lines = len(agent.lines)
        self.rig.start_broker()
        agent.wait(r"link\.connected", start=lines)
        self.raise_all("patient", ["E4"])
        agent.wait(r"link\.sent", start=lines)
        self.rig.start_server()
        self.all_arrive("patient", ["E1", "E4"])


# ---------------------------------------------------------------- the collector and its store


class Collector:
    """Cases for each driver."""

    def test_what_the_collector_took_in_but_did_not_commit_is_not_lost(self):
        self.rig.tell("caught", epoch=8, first=1, last=1, code="M%u")
        self.rig.ticket("caught", "M1")
        with self.rig.database.held():
            self.rig.tell("caught", epoch=8, first=2, last=3, code="M%u")
            until(lambda: self.rig.metrics()["queue_depth"] > 0, "the batch to wait for the writer")
            self.rig.server.kill()
        self.rig.start_server()
        self.all_arrive("caught", ["M1", "M2", "M3"])

    def test_a_collector_that_stood_still_goes_on(self):
        self.rig.server.freeze()
        self.rig.tell("still", epoch=8, first=1, last=5, code="N%u")
        self.rig.server.signal(signal.SIGCONT)
        self.all_arrive("still", [f"N{n}" for n in range(1, 6)])

    def test_a_newer_schema_is_refused_and_left_alone(self):
        self.rig.tell("early", epoch=8, code="E4")
        self.rig.ticket("early", "E4")
        self.assertEqual(self.rig.server.stop(), 0)
        self.rig.database.change("INSERT INTO schema_version (version, name, checksum) VALUES (999, 'future', 'x')")
        tables = self.rig.database.value("SELECT count(*) FROM ticket")
        self.assertEqual(self.rig.start_server(wait=False).ended(), NEWER)
        self.assertEqual(self.rig.server.count(r"server\.failed: code=newer .*schema version 999"), 1)
        self.assertEqual(self.rig.database.value("SELECT count(*) FROM ticket"), tables)
        self.rig.database.change("DELETE FROM schema_version WHERE version = 999")
        self.rig.start_server()

    def test_a_second_collector_on_the_same_store_is_refused(self):
        second = self.rig.start_second_server()
        self.assertEqual(second.ended(), CONFLICT)
        self.assertEqual(second.count(r"server\.failed: code=conflict"), 1)
        self.rig.tell("alone", epoch=8, code="E4")
        self.rig.ticket("alone", "E4")
        self.assertTrue(self.rig.server.is_running())

    def test_an_orderly_stop_is_quick_and_says_so(self):
        agent = self.rig.start_agent("orderly", wait="link.connected")
        began = time.monotonic()
        self.assertEqual(agent.stop(), 0)
        until(lambda: not self.rig.device("orderly")["online"], "the device to be offline")
        self.assertEqual(self.rig.server.stop(), 0)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(self.rig.server.count(r"server\.stopped: status=0"), 1)
        agent = self.rig.start_agent("orderly")
        self.rig.broker.stop()
        try:
            agent.wait(r"link\.connect_failed|link\.lost")
            self.assertEqual(agent.stop(), 0)
            self.rig.start_server(wait=False).wait(r"broker\.unreachable")
            self.assertEqual(self.rig.server.stop(), 0)
        finally:
            self.rig.start_broker()
        self.rig.start_server()


class CollectorOnSqlite(Collector, Outage):
    def test_a_collector_restored_from_a_backup_gets_back_what_it_lacks_without_a_new_fault(self):
        """The device stays connected and tells nothing but its health."""
        agent = self.rig.start_agent("restored", extra="health {\n    interval = 1s\n}")
        self.raise_all("restored", ["E1"])
        self.all_arrive("restored", ["E1"])
        self.assertEqual(self.rig.server.stop(), 0)
        backup = self.rig.folder / "backup.db"
        shutil.copy(self.rig.database.path, backup)
        self.rig.start_server()
        self.raise_all("restored", ["E4"])
        self.all_arrive("restored", ["E1", "E4"])
        self.assertEqual(self.rig.server.stop(), 0)
        for old in self.rig.folder.glob("faultline.db-*"):
            old.unlink()
        shutil.copy(backup, self.rig.database.path)
        connects = agent.count(r"link\.connected")
        self.rig.start_server()
        self.all_arrive("restored", ["E1", "E4"])
        self.assertEqual(agent.count(r"link\.connected"), connects)
        agent.wait(r"link\.taken_back: lane=fault")


class CollectorOnPostgresql(Collector, Outage):
    driver = "postgresql"

    def test_a_server_that_dies_ends_the_collector_and_nothing_is_lost(self):
        self.rig.tell("dropped", epoch=8, first=1, last=1, code="P%u")
        self.rig.ticket("dropped", "P1")
        self.rig.database.stop()
        self.rig.tell("dropped", epoch=8, first=2, last=3, code="P%u")
        self.assertEqual(self.rig.server.ended(), PEER)
        self.assertEqual(self.rig.server.count(r"writer\.failed: code=peer"), 1)
        self.assertEqual(self.rig.start_server(wait=False).ended(), PEER, "and it does not start without")
        self.rig.database.start()
        self.rig.start_server()
        self.all_arrive("dropped", ["P1", "P2", "P3"])

    def sessions(self, state):
        """How many of the collector's connections are in it."""
        return self.rig.database.value("SELECT count(*) FROM pg_stat_activity "
                                       f"WHERE application_name = 'faultline' AND {state}")

    def freeze_between_transactions(self):
        def is_between():
            self.rig.server.freeze()
            if self.sessions("xact_start IS NOT NULL") == 0:
                return True
            self.rig.server.signal(signal.SIGCONT)
            return False
        until(is_between, "a moment between two transactions")

    def heir_takes_over(self):
        """Another collector, started again as systemd would until it has the lease."""
        heir = None

        def is_ready():
            nonlocal heir
            if heir is None or not heir.is_running():
                heir = self.rig.start_second_server("heir", store="lease = 5s")
            return heir.count(r"server\.ready") > 0
        until(is_ready, "the lease to run out", every_s=0.3)
        heir.wait("broker.connected")
        return heir

    def takes(self, heir, device, count):
        until(lambda: self.rig.database.value(f"SELECT count(*) FROM transition WHERE device = '{device}'") == count,
              "the heir to take what the first did not")
        self.assertEqual(heir.stop(), 0)
        self.rig.start_server()  # at once: an orderly stop gives the lease up

    def test_a_collector_whose_lease_was_taken_ends_without_committing(self):
        self.rig.restart_server(store="lease = 5s")
        first = self.rig.server
        self.freeze_between_transactions()
        self.rig.tell("leased", epoch=8, first=1, last=2, code="Q%u")
        heir = self.heir_takes_over()
        first.signal(signal.SIGCONT)
        self.assertEqual(first.ended(), CONFLICT)
        self.takes(heir, "leased", 2)

    def test_a_collector_frozen_before_its_commit_does_not_keep_the_lease(self):
        self.rig.restart_server(store="lease = 5s")
        first = self.rig.server
        with self.rig.database.held("lease"):  # for less than the 5 s that the collector waits for a lock
            until(lambda: self.sessions("wait_event_type = 'Lock'") == 1, "the renewal of the lease")
            first.freeze()
        until(lambda: self.sessions("state = 'idle in transaction'") == 1, "the renewal that is not committed")
        self.rig.tell("frozen", epoch=8, first=1, last=2, code="Q%u")
        heir = self.heir_takes_over()
        first.signal(signal.SIGCONT)
        self.assertEqual(first.ended(), PEER, "its connection was ended")
        self.takes(heir, "frozen", 2)


# ---------------------------------------------------------------- disks


class CollectorDisk(FlowTest):
    @classmethod
    def prepare(cls):
        cls.rig.database.path = cls.rig.mount("disk", "8m") / "faultline.db"
        cls.rig.start_broker()

    def publish_until_it_ends(self, device, first, message=50):
        """Returns the number of the last record that the broker took."""
        last = first - 1
        while self.rig.server.is_running():
            self.assertLess(last, first + 20000, "the collector goes on without a disk")
            self.rig.tell(device, epoch=9, first=last + 1, last=last + message, code="D")
            last += message
        return last

    def check_all(self, device, last):
        until(lambda: self.rig.database.value(f"SELECT count(*) FROM transition WHERE device = '{device}'") == last,
              f"all {last} records")
        self.assertEqual(self.rig.database.value(f"SELECT next FROM lane WHERE device = '{device}' AND lane = 0"),
                         last + 1)

    def test_a_full_disk_ends_the_collector_with_its_status_and_what_it_did_not_take_arrives_later(self):
        self.rig.start_server()
        self.rig.tell("dense", epoch=9, first=1, last=1, code="D")
        self.rig.ticket("dense", "D")
        filler = self.rig.fill(self.rig.database.path.parent)
        last = self.publish_until_it_ends("dense", 2)
        self.assertEqual(self.rig.server.ended(), FULL)
        self.assertEqual(self.rig.server.count(r"writer\.failed: code=full"), 1)
        filler.unlink()
        self.rig.start_server()
        self.check_all("dense", last)
        self.assertEqual(len(self.rig.tickets("dense")), 1)
        self.assertEqual(self.rig.database.value("PRAGMA integrity_check"), "ok")
        self.assertEqual(self.rig.server.stop(), 0)

    def test_a_read_only_disk_ends_the_collector_with_its_status(self):
        self.rig.start_server()
        self.rig.tell("fixed", epoch=9, first=1, last=1, code="R")
        self.rig.ticket("fixed", "R")
        self.assertEqual(self.rig.server.stop(), 0)
        disk = self.rig.database.path.parent
        self.rig.remount(disk, "ro")
        try:
            self.rig.tell("fixed", epoch=9, first=2, last=2, code="R")
            self.assertEqual(self.rig.start_server(wait=False).ended(), IO)
            self.assertEqual(self.rig.server.count(r"server\.failed: code=io .*Read-only"), 1)
        finally:
            self.rig.remount(disk, "rw")
        self.rig.start_server()
        self.check_all("fixed", 2)
        self.assertEqual(self.rig.server.stop(), 0)


class AgentDisk(Outage):
    """The spool on a small disk of its own."""

    def raise_until_refused(self, device, prefix):
        """Returns the codes that were accepted, and the exit status for the one that was not."""
        codes, frame = [], [word for n in range(8) for word in ("--frame", f"a_long_name_for_value_{n}=1")]
        for n in range(400):
            status = self.rig.report(device, f"{prefix}{n:03}", *frame)
            if status != 0:
                return codes, status
            codes.append(f"{prefix}{n:03}")
        self.fail("the agent goes on without a disk")

    def accepted_again(self, device, code):
        until(lambda: self.rig.report(device, code) == 0, f"{device} to accept again", every_s=0.5)

    def test_a_full_disk_makes_the_agent_refuse_and_loses_nothing_that_stood_before(self):
        disk = self.rig.mount("tight/spool", "2m")
        agent = self.rig.start_agent("tight", max_bytes="16M", segment_bytes="64K", app=UNLIMITED)
        self.assertEqual(self.rig.report("tight", "E1"), 0)
        self.rig.ticket("tight", "E1")
        self.assertEqual(self.rig.server.stop(), 0)
        filler = self.rig.fill(disk)
        codes, status = self.raise_until_refused("tight", "T")
        self.assertEqual(status, REFUSED_FOR_NOW)
        self.assertEqual(self.rig.report("tight", "E4"), REFUSED_FOR_NOW)
        self.assertTrue(agent.is_running())
        self.assertEqual(agent.count(r"spool\.failed"), 1)
        self.rig.start_server()
        self.all_arrive("tight", ["E1", *codes])
        self.assertEqual(self.rig.tickets("tight", "E4"), [], "what was refused was not promised")
        filler.unlink()
        self.accepted_again("tight", "E6")
        self.all_arrive("tight", ["E1", *codes, "E6"])
        self.assertEqual(agent.count(r"spool\.back"), 1)
        self.assertEqual(agent.stop(), 0)

    def test_a_read_only_disk_makes_the_agent_refuse_and_sends_what_stood_before(self):
        disk = self.rig.mount("frozen/spool", "2m")
        agent = self.rig.start_agent("frozen")
        self.assertEqual(self.rig.report("frozen", "E1"), 0)
        self.rig.ticket("frozen", "E1")
        self.assertEqual(self.rig.server.stop(), 0)
        self.raise_all("frozen", ["E4", "E6"])
        self.assertEqual(agent.stop(), 0)
        self.rig.remount(disk, "ro")
        self.rig.start_server()
        agent = self.rig.start_agent("frozen")
        self.all_arrive("frozen", ["E1", "E4", "E6"])
        self.assertEqual(self.rig.report("frozen", "F0"), REFUSED_FOR_NOW)
        self.assertEqual(agent.stop(), 0)
        self.rig.remount(disk, "rw")
        self.rig.start_agent("frozen")
        self.raise_all("frozen", ["F0"])
        self.all_arrive("frozen", ["E1", "E4", "E6", "F0"])

    def test_an_agent_that_holds_as_many_faults_as_it_may_refuses_the_next(self):
        self.rig.start_agent("crowded", app=UNLIMITED, extra="monitor {\n    max_faults = 20\n    max_per_reporter = 20\n}")
        codes = [f"W{n:02}" for n in range(20)]
        self.raise_all("crowded", codes)
        self.assertEqual(self.rig.report("crowded", "ONE-MORE"), REFUSED_FOR_NOW)
        self.all_arrive("crowded", codes)
        self.assertEqual(self.rig.report("crowded", "W19", "--clear"), 0)
        self.raise_all("crowded", ["W20"])
        self.rig.ticket("crowded", "W20")

    def test_a_spool_that_is_full_by_its_own_cap_gives_up_the_oldest_and_says_which(self):
        agent = self.rig.start_agent("small", max_bytes="256K", segment_bytes="64K", retention_bytes="0",
                                     app=UNLIMITED)
        until(lambda: self.rig.device("small"), "the device")
        self.assertEqual(self.rig.server.stop(), 0)
        self.rig.broker.kill()
        with subprocess.Popen([BUILD / "flow/generator", self.rig.folder / "small/agent.sock",
                               self.rig.folder / "small/ledger", "800"], stdin=subprocess.PIPE) as generator:
            self.assertEqual(generator.wait(60), 0)
        self.rig.start_broker()
        self.rig.start_server()
        numbers = [int(line.split()[0]) for line in (self.rig.folder / "small/ledger").read_text().splitlines()]
        until(lambda: self.rig.database.value("SELECT next FROM lane WHERE device = 'small' AND lane = 0") > max(numbers),
              "the newest record")
        stored = {n for n, in self.rig.database.rows("SELECT number FROM transition WHERE device = 'small'")}
        lost = [(first, last) for first, last in self.rig.database.rows(
            "SELECT first, last FROM loss WHERE device = 'small' AND lane = 0 AND cause = 'evicted'")]
        self.assertTrue(lost, "more than fits was accepted")
        for number in numbers:
            self.assertEqual((number in stored) + sum(first <= number <= last for first, last in lost), 1, number)
        self.assertEqual(agent.stop(), 0)

    def test_what_a_spool_restored_from_an_older_copy_reports_is_taken_for_new(self):
        folder, copy = self.rig.folder / "restored/spool", self.rig.folder / "copy-of-a-spool"
        agent = self.rig.start_agent("restored")
        self.raise_all("restored", ["A1", "A2"])
        self.rig.ticket("restored", "A2")
        self.assertEqual(agent.stop(), 0)
        shutil.copytree(folder, copy)
        agent = self.rig.start_agent("restored")
        self.raise_all("restored", [f"B{n}" for n in range(20)])
        self.rig.ticket("restored", "B19")
        self.assertEqual(agent.stop(), 0)
        for codes in (["C1"], [f"D{n:02}" for n in range(40)]):  # fewer and more than what was forgotten
            shutil.rmtree(folder)
            shutil.copytree(copy, folder)
            agent = self.rig.start_agent("restored")
            self.raise_all("restored", codes)
            self.rig.ticket("restored", codes[-1])
            self.assertEqual(len({t["fault"]["code"] for t in self.rig.tickets("restored")} & set(codes)), len(codes))
            agent.wait(r"link\.new_epoch")
            self.assertEqual(agent.stop(), 0)

    def test_a_second_agent_on_the_same_spool_is_refused(self):
        self.rig.start_agent("twofold")
        second = self.rig.start("twofold-2", [BUILD / "faultline-agent", "--config",
                                              self.rig.folder / "twofold/agent.conf"])
        self.assertEqual(second.ended(), CONFLICT)
        self.assertEqual(self.rig.report("twofold", "E4"), 0)
        self.rig.ticket("twofold", "E4")


# ---------------------------------------------------------------- settings


BROKER = 'broker {\n    address = "unix:/x"\n}\n'
DEVICE = 'device {\n    product_line = "home"\n    model = "M"\n    id = "a"\n}\n'
LINK = 'broker {\n    address = "localhost:1883"\n}\n'


class Settings(unittest.TestCase):
    """Broken settings: (text, line or None, what the message must say)."""

    def broken(self, program, cases):
        with Rig.scratch() as folder:
            path = folder / "broken.conf"
            for text, line, says in cases:
                for check in (["--check"], []):
                    with self.subTest(program=program, text=text, check=check):
                        path.write_text(text)
                        done = subprocess.run([BUILD / program, "--config", path, *check], capture_output=True, text=True,
                                              errors="replace", timeout=20, check=False)
                        self.assertEqual(done.returncode, SETTINGS, done.stderr)
                        place = f"{path}:{line}: " if line else f"{path}: "
                        self.assertIn(place, done.stderr)
                        for word in says:
                            self.assertIn(word, done.stderr)
                        self.assertEqual(done.stdout, "")

    def test_the_collector_names_file_line_key_and_what_is_allowed(self):
        self.broken("faultline-server", [
            (BROKER + "store {\n    drvier = sqlite\n}\n", 5, ["store.drvier", "unknown key", "driver"]),
            (BROKER + "store {\n    driver = oracle\n}\n", 5, ["store.driver", '"oracle"', "sqlite, postgresql"]),
            (BROKER + "store {\n    cache_devices = 5\n}\n", 5, ["store.cache_devices", "100 to 10000000"]),
            (BROKER + "store {\n    cache_devices = many\n}\n", 5, ["store.cache_devices", '"many"']),
            (BROKER + "store {\n    lease = soon\n}\n", 5, ["store.lease", '"soon"', "ms, s, m, h or d"]),
            (BROKER + "store {\n    lease = 1s\n}\n", 5, ["store.lease", "5s to 10m"]),
            (BROKER + "store {\n    driver = sqlite\n    driver = sqlite\n}\n", 6, ["store.driver", "twice"]),
            (BROKER + "store {\n    driver = postgresql\n}\n", None, ["store.conninfo"]),
            (BROKER + "store {\n    driver = sqlite\n", 4, ["never closed"]),
            (BROKER + "shop {\n    driver = sqlite\n}\n", 4, ["shop", "unknown section", "server, broker, store"]),
            (BROKER + "store {\n    colour = red\n}\n", 5, ["store.colour", "unknown key", "driver, path"]),
            (BROKER + "registration {\n    devices = some\n}\n", 5, ["registration.devices", "open, known"]),
            (BROKER + 'http {\n    tls_cert = "/x"\n}\n', None, ["tls_key"]),
            (BROKER + 'http {\n    address = "0.0.0.0:80"\n}\n', None, ["http", "0.0.0.0:80"]),
            (BROKER + 'http {\n    address = "nowhere"\n}\n', None, ["http", "nowhere"]),
            ('broker {\n    address = "nowhere"\n}\n', None, ["broker.address", "host:port"]),
            ("store {\n}\n", None, ["broker.address", "missing"]),
            ("\xff\xfe", 1, ["unexpected"]),
        ])

    def test_the_agent_names_file_line_key_and_what_is_allowed(self):
        self.broken("faultline-agent", [
            (DEVICE + LINK + "spool {\n    max_byte = 1M\n}\n", 10, ["spool.max_byte", "unknown key", "max_bytes"]),
            (DEVICE + LINK + "spool {\n    max_bytes = 1\n}\n", 10, ["spool.max_bytes", "256K to"]),
            (DEVICE + LINK + "spool {\n    max_bytes = big\n}\n", 10, ["spool.max_bytes", '"big"']),
            (DEVICE + LINK + "app {\n    mode = 0777\n}\n", 10, ["app.mode", "0600, 0660, 0666"]),
            (DEVICE + LINK + "log {\n    level = loud\n}\n", 10, ["log.level", "error, warn, info, debug"]),
            (DEVICE + LINK + "link {\n    remote_clear = perhaps\n}\n", 10, ["link.remote_clear", '"perhaps"']),
            (DEVICE + LINK + "health {\n    interval = 1ms\n}\n", 10, ["health.interval", "1s to"]),
            (DEVICE + LINK + 'j1939 {\n    input = "stdin"\n}\n', 9, ["j1939"]),
            (DEVICE + LINK + 'j1939 e {\n    input = "carrier:pigeon"\n}\n', None, ["j1939", "carrier:pigeon", "file:"]),
            (DEVICE + 'broker {\n    address = "localhost"\n}\n', None, ["broker.address", "host:port"]),
            (DEVICE + 'broker {\n    address = "localhost:1"\n    ca_file = "/x"\n}\n', None, ["cert_file"]),
            (DEVICE.replace('"a"', '"a b"') + LINK, None, ["device.id", '"a b"']),
            (LINK, None, ["device.product_line", "missing"]),
            (DEVICE + LINK + "spool {\n", 9, ["never closed"]),
            (DEVICE + LINK + "}\n", 9, []),
        ])

    def test_settings_that_are_not_there_are_named(self):
        for program in ("faultline-server", "faultline-agent"):
            done = subprocess.run([BUILD / program, "--config", "/nonexistent/x.conf", "--check"], capture_output=True,
                                  text=True, timeout=20, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("/nonexistent/x.conf", done.stderr)

    def test_check_prints_what_is_in_force_and_masks_secrets(self):
        with Rig.scratch() as folder:
            path = folder / "good.conf"
            path.write_text(BROKER + 'store {\n    driver = postgresql\n    conninfo = "host=db password=hunter2"\n}\n')
            done = subprocess.run([BUILD / "faultline-server", "--config", path, "--check"], capture_output=True,
                                  text=True, timeout=20, check=True)
            self.assertIn("driver = postgresql", done.stdout)
            self.assertNotIn("hunter2", done.stdout + done.stderr)
            again = folder / "again.conf"
            again.write_text(re.sub(r"conninfo = .*", 'conninfo = "host=db"', done.stdout))
            subprocess.run([BUILD / "faultline-server", "--config", again, "--check"], check=True, timeout=20,
                           stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    unittest.main()
