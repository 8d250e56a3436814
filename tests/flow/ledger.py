"""ledger: what was accepted is stored, once, whatever is killed.

Agents, broker and collector are killed with -9 at random moments, and the broker now and then loses its memory too, while
applications raise and clear numbered faults and keep a ledger of what their agent accepted. Afterwards: accepted =
stored, nothing twice, nothing corrupt, no number missing, exactly one ticket for each incident. The seed is printed; give
it as FAULTLINE_SEED to run the same order of kills again.
"""
import os
import random
import subprocess
import time
import unittest

from rig import BUILD, FlowTest, Timeout, until

DEVICES = ["ledger-1", "ledger-2", "ledger-3"]
STORM_S = int(os.environ.get("FAULTLINE_STORM_S", "30"))


class Storm:
    """Kills and restarts until its time is over."""

    def __init__(self, rig, rng):
        self.rig, self.rng = rig, rng
        self.agents = {device: self.start_agent(device) for device in DEVICES}
        self.kills = {"agent": 0, "broker": 0, "broker without memory": 0, "collector": 0}

    def start_agent(self, device):
        return self.rig.start_agent(device, app="rate = 200\n    burst = 200", wait=None)

    def kill_agent(self):
        device = self.rng.choice(DEVICES)
        self.agents[device].kill()
        self.agents[device] = self.start_agent(device)
        self.kills["agent"] += 1

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
            self.kill_agent()
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

    def setUp(self):
        seed = int(os.environ.get("FAULTLINE_SEED", str(random.randrange(1 << 32))))
        print(f"{self.driver}: seed {seed}", flush=True)
        self.rng = random.Random(seed)

    def start_generators(self):
        self.generators = {}
        for device in DEVICES:
            folder = self.rig.folder / device
            self.generators[device] = subprocess.Popen(
                [BUILD / "flow/generator", folder / "agent.sock", folder / "ledger"], stdin=subprocess.PIPE)
            self.addCleanup(self.generators[device].kill)

    def stop_generators(self):
        for generator in self.generators.values():
            generator.stdin.close()
        for generator in self.generators.values():
            self.assertEqual(generator.wait(30), 0, "the generator gave up")

    def accepted(self):
        """{(device, number): (code, 'raise' or 'clear')}"""
        rows = {}
        for device in DEVICES:
            for line in (self.rig.folder / device / "ledger").read_text().splitlines():
                number, code, what = line.split()
                self.assertNotIn((device, int(number)), rows, "the agent gave a number twice")
                rows[device, int(number)] = (code, what)
        return rows

    def stored(self):
        states = {2: "raise", 3: "clear"}
        return {(device, number): (code, states.get(to, to)) for device, number, code, to in
                self.rig.database.rows("SELECT device, number, code, to_state FROM transition WHERE length(record) > 0")}

    def test_accepted_is_stored_once_whatever_is_killed(self):
        rig = self.rig
        rig.start_broker()
        rig.start_server()
        storm = Storm(rig, self.rng)
        self.start_generators()
        storm.blow(STORM_S)
        self.stop_generators()

        accepted = self.accepted()
        self.assertGreater(len(accepted), 1000, "thousands of records were to flow")
        if not rig.server.is_running():
            rig.start_server()
        try:
            until(lambda: accepted.keys() <= self.stored().keys(), "all accepted records to be stored", 120, 0.5)
        except Timeout:
            missing = sorted(accepted.keys() - self.stored().keys())
            self.fail(f"{len(missing)} of {len(accepted)} accepted records are lost: {missing[:5]} …")
        for agent in storm.agents.values():
            self.assertEqual(agent.stop(), 0)
        self.assertEqual(rig.server.stop(), 0)
        self.check_the_books(accepted)
        print(f"measured: {self.driver}: {len(accepted)} accepted, {len(self.stored())} stored, "
              f"{self.tickets} tickets, kills: {storm.kills}", flush=True)

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
        self.assertEqual(database.rows("SELECT device, count(DISTINCT epoch) FROM transition "
                                       "GROUP BY device HAVING count(DISTINCT epoch) > 1"), [], "a spool began anew")
        self.assertEqual(database.rows("SELECT device, first, last, cause FROM loss"), [], "a loss nobody asked for")
        for device, count, highest, following in database.rows(
                f"SELECT log.device, count(*), max(number), max(lane.next) FROM ({log}) AS log "
                "JOIN lane ON lane.device = log.device AND lane.lane = 0 GROUP BY log.device"):
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
