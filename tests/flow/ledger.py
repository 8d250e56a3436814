"""ledger: what was accepted is stored, once, whatever is killed.

Agents lose power, broker and collector are killed with -9 at random moments, and the broker now and then loses its memory
too, while applications raise and clear numbered faults and keep a ledger of what their agent accepted. Afterwards:
accepted = stored, nothing twice, nothing corrupt, no number missing, exactly one ticket for each incident. The seed is
printed; give it as FAULTLINE_SEED to run the same order of kills again.
"""
import os
import random
import shutil
import subprocess
import time
import unittest

from rig import BUILD, FlowTest, Timeout, until

DEVICES = ["ledger-1", "ledger-2", "ledger-3"]
STORM_S = int(os.environ.get("FAULTLINE_STORM_S", "30"))
# A collector killed between its PUBACKs and its receipts has freed the broker and told the agent nothing: the agent sends
# again 20 to 40 s later (RESEND_FIRST_MS of the link, and as much again by chance). A drain must outlast that.
DRAIN_S = int(os.environ.get("FAULTLINE_DRAIN_S", "120"))


class Power:
    """An agent whose power can be cut: what its spool had not synced is taken back after kill -9 (powercut.c).

    It keeps nothing that a receipt has freed: the retention window would mend a receipt that came too early."""

    def __init__(self, rig, device):
        self.rig, self.device = rig, device
        self.folder = rig.folder / device
        self.spool, self.stash = self.folder / "spool", self.folder / "stash"
        self.journal = self.folder / "journal"
        self.taken_back = 0
        self.start()

    def start(self):
        self.stash.mkdir(parents=True, exist_ok=True)
        self.journal.write_text("")
        environment = {"LD_PRELOAD": str(BUILD / "flow/powercut.so"), "POWERCUT_DIR": str(self.spool),
                       "POWERCUT_STASH": str(self.stash), "POWERCUT_JOURNAL": str(self.journal)}
        self.process = self.rig.start_agent(self.device, app="rate = 200\n    burst = 200", wait=None,
                                            segment_bytes="64K", retention_bytes="0", environment=environment)

    def cut(self):
        self.process.kill()
        names, sizes = [], {}
        for line in self.journal.read_text().splitlines():
            what, *words = line.split()
            if what == "folder":
                names.clear()
            elif what == "write":
                sizes.setdefault(words[0], 0)
            elif what == "sync":
                sizes[words[0]] = int(words[1])
            else:
                names.append((what, words))
        for what, words in reversed(names):
            getattr(self, f"undo_{what}")(*words)
            self.taken_back += 1
        for path in self.spool.iterdir():
            if path.stat().st_size > sizes.get(str(path.stat().st_ino), 1 << 60):
                os.truncate(path, sizes[str(path.stat().st_ino)])
                self.taken_back += 1

    def undo_create(self, name):
        (self.spool / name).unlink(missing_ok=True)

    def undo_rename(self, was, name, stashed):
        (self.spool / name).rename(self.spool / was)
        self.undo_unlink(name, stashed)

    def undo_unlink(self, name, stashed):
        if (self.stash / stashed).exists():
            os.link(self.stash / stashed, self.spool / name)


class Storm:
    """Cuts, kills and restarts until its time is over."""

    def __init__(self, rig, rng):
        self.rig, self.rng = rig, rng
        self.agents = {device: Power(rig, device) for device in DEVICES}
        self.kills = {"power cut": 0, "broker": 0, "broker without memory": 0, "collector": 0}

    def cut_power(self):
        agent = self.agents[self.rng.choice(DEVICES)]
        agent.cut()
        agent.start()
        self.kills["power cut"] += 1

    def kill_broker(self, forget):
        self.rig.broker.kill()
        if forget:
            self.rig.forget_broker_memory()
        self.rig.start_broker()
        self.kills["broker without memory" if forget else "broker"] += 1

    def kill_collector(self):
        self.rig.server.kill()
        self.rig.start_server(wait=False)
        self.kills["collector"] += 1

    def strike(self):
        what = self.rng.random()
        if what < 0.4:
            self.cut_power()
        elif what < 0.75:
            self.kill_collector()
        else:
            self.kill_broker(forget=what > 0.87)

    def blow(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self.rng.uniform(0.05, 1.2))  # the random moment is the test
            self.strike()


class Ledger:
    """Cases for one driver."""

    @classmethod
    def prepare(cls):
        cls.rig.start_broker()
        cls.rig.start_server()

    def setUp(self):
        seed = int(os.environ.get("FAULTLINE_SEED", str(random.randrange(1 << 32))))
        print(f"{self.driver}: seed {seed}", flush=True)
        self.rng = random.Random(seed)

    def start_generators(self, devices=DEVICES, name="ledger"):
        self.generators = {}
        for device in devices:
            folder = self.rig.folder / device
            self.generators[device] = subprocess.Popen(
                [BUILD / "flow/generator", folder / "agent.sock", folder / name], stdin=subprocess.PIPE)
            self.addCleanup(self.generators[device].kill)

    def stop_generators(self):
        for generator in self.generators.values():
            generator.stdin.close()
        for generator in self.generators.values():
            self.assertEqual(generator.wait(30), 0, "the generator gave up")

    def accepted(self, devices=DEVICES, name="ledger"):
        """{(device, number): (code, 'raise' or 'clear')}"""
        rows = {}
        for device in devices:
            for line in (self.rig.folder / device / name).read_text().splitlines():
                number, code, what = line.split()
                self.assertNotIn((device, int(number)), rows, "the agent gave a number twice")
                rows[device, int(number)] = (code, what)
        return rows

    def stored(self, where="device LIKE 'ledger-%'"):
        states = {2: "raise", 3: "clear"}
        return {(device, number): (code, states.get(to, to)) for device, number, code, to in
                self.rig.database.rows("SELECT device, number, code, to_state FROM transition "
                                       f"WHERE length(record) > 0 AND {where}")}

    def wait_until_stored(self, accepted, **which):
        try:
            until(lambda: accepted.keys() <= self.stored(**which).keys(), "all accepted records to be stored", DRAIN_S, 0.5)
        except Timeout:
            missing = sorted(accepted.keys() - self.stored(**which).keys())
            self.fail(f"{len(missing)} of {len(accepted)} accepted records are lost: {missing[:5]} …")

    def test_a_new_spool_begins_its_own_numbers_and_loses_nothing(self):
        rig, device = self.rig, "reset-1"
        for name in ("first life", "second life"):
            agent = rig.start_agent(device)
            self.start_generators([device], name)
            ledger = rig.folder / device / name
            until(lambda: ledger.exists() and ledger.read_text().count("\n") > 50, "some accepted records")
            self.stop_generators()
            accepted = self.accepted([device], name)
            self.wait_until_stored(accepted, where=f"device = '{device}' AND epoch = (SELECT epoch FROM device "
                                                   f"WHERE device = '{device}')")
            agent.kill()
            shutil.rmtree(rig.folder / device / "spool")
        self.assertEqual(rig.database.value(f"SELECT spool_resets FROM device WHERE device = '{device}'"), 1)

    def test_accepted_is_stored_once_whatever_is_killed(self):
        rig = self.rig
        storm = Storm(rig, self.rng)
        self.start_generators()
        storm.blow(STORM_S)
        self.stop_generators()

        accepted = self.accepted()
        self.assertGreater(len(accepted), 1000, "thousands of records were to flow")
        if not rig.server.is_running():
            rig.start_server()
        self.wait_until_stored(accepted)
        for agent in storm.agents.values():
            self.assertEqual(agent.process.stop(), 0)
        self.assertEqual(rig.server.stop(), 0)
        self.check_the_books(accepted)
        print(f"measured: {self.driver}: {len(accepted)} accepted, {len(self.stored())} stored, "
              f"{self.tickets} tickets, kills: {storm.kills}, "
              f"{sum(agent.taken_back for agent in storm.agents.values())} unsynced changes taken back", flush=True)

    def check_the_books(self, accepted):
        database = self.rig.database
        stored = self.stored()
        wrong = {key: (what, stored[key]) for key, what in accepted.items() if stored[key] != what}
        self.assertEqual(wrong, {}, "stored, but not what was accepted")
        # (What a snapshot settles has its number, and no record of its own.)
        log = ("SELECT device, epoch, number FROM transition WHERE length(record) > 0 UNION ALL "
               "SELECT device, epoch, number FROM report WHERE lane = 0")
        self.assertEqual(database.rows(f"SELECT device, number, count(*) FROM ({log}) AS log "
                                       "GROUP BY device, epoch, number HAVING count(*) > 1"), [], "stored twice")
        self.assertEqual(database.rows("SELECT device, count(DISTINCT epoch) FROM transition WHERE device LIKE 'ledger-%' "
                                       "GROUP BY device HAVING count(DISTINCT epoch) > 1"), [], "a spool began anew")
        self.assertEqual(database.rows("SELECT device, first, last, cause FROM loss"), [], "a loss nobody asked for")
        for device, count, highest, following in database.rows(
                f"SELECT log.device, count(*), max(number), max(lane.next) FROM ({log}) AS log "
                "JOIN lane ON lane.device = log.device AND lane.epoch = log.epoch AND lane.lane = 0 "
                "GROUP BY log.device, log.epoch"):
            self.assertEqual((count, following), (highest, highest + 1), f"{device}: a number is missing")
        raised = {(device, code) for (device, _), (code, what) in accepted.items() if what == "raise"}
        tickets = {(device, code): count for device, code, count in
                   database.rows("SELECT device, code, count(*) FROM ticket GROUP BY device, code")}
        self.tickets = sum(tickets.values())
        self.assertEqual({key for key in raised if tickets.get(key) != 1}, set(), "not exactly one ticket")
        self.assertEqual({key: n for key, n in tickets.items() if n != 1}, {}, "a second ticket")
        half = database.rows("SELECT n FROM ticket WHERE NOT EXISTS (SELECT 1 FROM ticket_clock "
                             "WHERE ticket_clock.shard = ticket.shard AND ticket_clock.n = ticket.n)")
        self.assertEqual(half, [], "a ticket without its clock")
        if self.driver == "sqlite":
            self.assertEqual(database.value("PRAGMA integrity_check"), "ok")


class LedgerOnSqlite(Ledger, FlowTest):
    driver = "sqlite"


class LedgerOnPostgresql(Ledger, FlowTest):
    driver = "postgresql"


if __name__ == "__main__":
    unittest.main()
