"""journey: from a fault on a device to a ticket, through the real programs, and what people see of it."""
import datetime
import json
import shutil
import unittest

from rig import ROOT, FlowTest, until


def moment(text):
    return datetime.datetime.fromisoformat(text)


class Journey(FlowTest):
    @classmethod
    def prepare(cls):
        cls.rig.start_broker()
        cls.rig.start_server()

    def raised(self, device, *arguments, occurrences=1):
        """Raises a fault on the device and returns its ticket."""
        self.assertEqual(self.rig.report(device, *arguments), 0)
        return self.rig.ticket(device, arguments[0], occurrences)

    def clock(self, ticket, kind):
        return next(c for c in ticket["clocks"] if c["kind"] == kind)

    # ------------------------------------------------------------ applications

    def test_an_application_fault_becomes_a_ticket_of_the_class_its_catalogue_says(self):
        agent = self.rig.start_agent("ac-1", model="AC-35")
        ticket = self.raised("ac-1", "E4", "--component", "compressor", "--frame", "head_temp=118.5degC")
        self.assertEqual((ticket["class"], ticket["title"]["en"], ticket["title"]["zh"]),
                         ("important", "Compressor overheated", "压缩机过热"))
        self.assertEqual((ticket["product_line"], ticket["model"], ticket["fault"]["component"]),
                         ("home", "AC-35", "compressor"))
        self.assertEqual(agent.wait(r"link\.ticket: .* ticket=(\S+) verdict=opened")[1], ticket["id"])
        transition = self.rig.items("/api/v1/devices/ac-1/transitions")[0]
        self.assertEqual(transition["frame"], [{"name": "head_temp", "value": 118.5, "unit": "degC"}])
        self.assertEqual(self.raised("ac-1", "F0")["class"], "urgent")

    def test_a_fault_that_comes_back_joins_its_open_ticket(self):
        agent = self.rig.start_agent("ac-2")
        first = self.raised("ac-2", "E6")
        self.assertEqual(self.rig.report("ac-2", "E6"), 0, "raising what is raised is no error")
        self.assertEqual(self.rig.report("ac-2", "E6", "--clear"), 0)
        until(lambda: self.rig.conditions("ac-2") == {"E6": "healed"}, "the condition to heal")
        self.assertEqual(self.rig.ticket("ac-2", "E6")["state"], "triaged", "people close tickets")
        again = self.raised("ac-2", "E6", occurrences=2)
        self.assertEqual((again["id"], again["occurrences"]), (first["id"], 2))
        self.assertEqual(agent.wait(r"ticket=(\S+) verdict=joined")[1], first["id"])

    def test_the_clock_is_due_as_the_product_line_promises(self):
        self.rig.start_agent("ac-3", line="home")
        self.rig.start_agent("engine-3", line="engine", model="D13")
        cases = [("ac-3", "E4", 24), ("ac-3", "F0", 2), ("engine-3", "X100", 2)]
        for device, code, hours in cases:
            with self.subTest(device=device, code=code):
                ticket = self.raised(device, code)
                clock = self.clock(ticket, "first_response")
                self.assertEqual((clock["state"], clock["late_arrival"]), ("running", False))
                self.assertEqual(moment(clock["due_at"]) - moment(clock["started_at"]),
                                 datetime.timedelta(hours=hours))
                self.assertLess(moment(clock["started_at"]) - moment(ticket["occurred_at"]),
                                datetime.timedelta(seconds=30))
        self.assertEqual(self.clock(self.rig.ticket("engine-3", "X100"), "triage")["state"], "met")
        self.assertEqual(self.clock(self.rig.ticket("ac-3", "E4"), "triage")["state"], "no_target")

    def test_a_code_nobody_knows_opens_a_general_ticket(self):
        self.rig.start_agent("hub-4")
        ticket = self.raised("hub-4", "Q-77")
        self.assertEqual((ticket["class"], ticket["title"]["en"]), ("general", ""))

    def test_what_the_agent_refuses_opens_nothing(self):
        agent = self.rig.start_agent("hub-5")
        self.assertEqual(self.rig.report("hub-5", "no such code"), 8)
        self.assertEqual(self.rig.report("hub-5", "E4", "--component", "x" * 65), 8)
        self.raised("hub-5", "E6")
        self.assertEqual(agent.count(r"fault\.changed"), 1)

    # ------------------------------------------------------------ the engine bus

    def test_a_recorded_bus_opens_one_ticket_a_confirmed_code_and_none_for_flapping_and_torn_lists(self):
        agent = self.rig.start_agent("engine-6", line="engine", model="D13", extra=f"""
j1939 engine {{
    input = "file:{ROOT}/configs/demo/engine.candump?speed=0"
    bus = "can0"
}}
""")
        agent.wait(r"j1939\.input\.end: .* malformed=0")
        until(lambda: self.rig.conditions("engine-6").get("792/7") == "healed", "the recording's end")
        tickets = {f"{t['fault']['code']}/{t['fault']['mode']}": t for t in self.rig.tickets("engine-6")}
        self.assertEqual(sorted(tickets), ["789/2", "790/2", "791/2", "792/2", "792/7", "802/4"])
        for name, ticket in tickets.items():
            with self.subTest(name):
                self.assertEqual((ticket["occurrences"], ticket["class"], ticket["fault"]["bus"],
                                  ticket["fault"]["reporter"]), (1, "important", "can0", "j1939_name:010045000145f710"))
        conditions = self.rig.conditions("engine-6")
        for name in ("96/3", "829/3", "534/19", "4334/4"):
            self.assertEqual(conditions[name], "untested", name)

    # ------------------------------------------------------------ what else devices tell

    def test_a_health_record_shows_as_the_devices_latest_measures(self):
        agent = self.rig.start_agent("hub-7", extra="health {\n    interval = 1s\n}")
        agent.wait("link.connected")
        health = until(lambda: (self.rig.device("hub-7") or {}).get("health"), "a health record")
        names = {m["name"] for m in health["measures"]}
        self.assertLessEqual({"load1", "memory_available", "disk_free"} & names, names)
        self.assertGreater(len(names), 2, names)
        self.assertGreater(health["spool_limit_bytes"], 0)
        before = health["reports"]
        until(lambda: self.rig.device("hub-7")["health"]["reports"] > before, "the next health record")

    def test_the_inventory_shows_on_the_device(self):
        self.rig.start_agent("hub-8", model="HUB-2", extra="""
part radio {
    part_no = "RAD-24"
    serial = "R-0001"
    supplier = "Nordwell"
    lot = "L2024-11"
    made_date = "2024-11-05"
}
firmware main {
    version = "4.2.1"
}
""")
        device = until(lambda: self.rig.device("hub-8"), "the device")
        self.assertEqual((device["product_line"], device["model"], device["serial"], device["firmware"]),
                         ("home", "HUB-2", "SN-hub-8", "4.2.1"))
        part = device["parts"][0]
        self.assertEqual((part["position"], part["part_no"], part["serial"], part["supplier"], part["lot"],
                          part["made_date"], part["source"], part["removed_at"]),
                         ("radio", "RAD-24", "R-0001", "Nordwell", "L2024-11", "2024-11-05", "settings", None))

    def test_a_device_behind_a_gateway_has_its_own_ticket(self):
        self.rig.tell("gw-9", epoch=9, first=1, last=1, code="E4", behind="lamp:3")
        ticket = self.rig.ticket("gw-9:lamp:3", "E4")
        self.assertEqual(ticket["id"][:6], "FL-" + self.rig.device("gw-9")["shard"].upper() + "-")
        self.assertEqual(self.rig.device("gw-9:lamp:3")["gateway"], "gw-9")
        self.assertEqual(self.rig.tickets("gw-9"), [])

    # ------------------------------------------------------------ what people see

    def test_the_command_line_shows_what_the_api_does(self):
        self.rig.start_agent("ac-10")
        ticket = self.raised("ac-10", "E1")
        listed = json.loads(self.rig.cli("ticket", "list", "--json").stdout)
        items = listed["items"] if isinstance(listed, dict) else listed
        self.assertEqual(sorted(items, key=lambda t: t["id"]), sorted(self.rig.tickets(), key=lambda t: t["id"]))
        shown = json.loads(self.rig.cli("ticket", "show", ticket["id"], "--json").stdout)
        self.assertEqual(shown["title"], {"en": "Room temperature sensor fault", "zh": "室温传感器故障"})
        table = self.rig.cli("ticket", "list").stdout
        self.assertIn(ticket["id"], table)
        self.assertEqual(self.rig.cli("ticket", "show", "FL-00-999999", check=False).returncode, 3)

    def test_an_event_stream_tells_of_the_ticket_as_it_opens(self):
        self.rig.start_agent("ac-11")
        events = self.rig.events()
        self.addCleanup(events.close)
        ticket = self.raised("ac-11", "E4")
        told = events.wait("ticket", lambda data: data.get("device") == "ac-11")
        self.assertEqual((told["ticket"], told["change"], told["class"]), (ticket["id"], "opened", "important"))
        self.assertEqual(told["due_at"], self.clock(ticket, "first_response")["due_at"])
        self.assertLess(told["fault_to_ticket_ms"], 5000)

    # ------------------------------------------------------------ restarts

    def test_an_agent_that_starts_again_goes_on_in_its_epoch(self):
        agent = self.rig.start_agent("hub-12")
        first = self.raised("hub-12", "HUB-RADIO")
        epoch = self.rig.device("hub-12")["epoch"]
        self.assertEqual(agent.stop(), 0)
        until(lambda: not self.rig.device("hub-12")["online"], "the device to be offline")
        agent = self.rig.start_agent("hub-12", wait="link.connected")
        self.assertEqual(agent.wait(r"agent\.resumed: faults=(\d+)")[1], "1")
        self.assertEqual(self.raised("hub-12", "HUB-STORAGE")["occurrences"], 1)
        device = self.rig.device("hub-12")
        self.assertEqual((device["epoch"], device["session"], device["spool_resets"], device["online"]),
                         (epoch, 2, 0, True))
        self.assertEqual(self.rig.ticket("hub-12", "HUB-RADIO"), first, "nothing happened to it")

    def test_a_lost_spool_is_a_spool_reset_and_reports_go_on(self):
        agent = self.rig.start_agent("hub-13")
        first = self.raised("hub-13", "HUB-RADIO")
        epoch = self.rig.device("hub-13")["epoch"]
        self.assertEqual(agent.stop(), 0)
        shutil.rmtree(self.rig.folder / "hub-13/spool")
        self.rig.start_agent("hub-13")
        second = self.raised("hub-13", "HUB-STORAGE")
        device = self.rig.device("hub-13")
        self.assertNotEqual(device["epoch"], epoch)
        self.assertEqual((device["spool_resets"], device["cloned"]), (1, False))
        self.rig.server.wait(r"device\.spool_reset: device=hub-13")
        # The new spool's birth snapshot lists nothing: nobody knows how the old fault is, and its ticket stays.
        self.assertEqual(self.rig.conditions("hub-13"), {"HUB-RADIO": "stale", "HUB-STORAGE": "confirmed"})
        self.assertEqual(self.rig.ticket("hub-13", "HUB-RADIO")["id"], first["id"])
        self.assertNotEqual(second["id"], first["id"])

    def test_an_agent_started_without_a_broker_accepts_and_delivers_later(self):
        self.rig.broker.stop()
        try:
            agent = self.rig.start_agent("ac-14")
            agent.wait(r"link\.connect_failed|link\.lost")
            self.assertEqual(self.rig.report("ac-14", "E4"), 0)
            self.assertEqual(self.rig.report("ac-14", "E6"), 0)
            self.assertEqual(self.rig.get("/readyz")[0], 503)
        finally:
            self.rig.start_broker()
        self.assertEqual(self.rig.ticket("ac-14", "E4")["class"], "important")
        self.rig.ticket("ac-14", "E6")
        numbers = [int(t["number"]) for t in self.rig.items("/api/v1/devices/ac-14/transitions")]
        self.assertEqual(numbers, sorted(numbers, reverse=True), "in the order in which they were accepted")
        until(lambda: self.rig.get("/readyz")[0] == 200, "the collector to be ready again")


if __name__ == "__main__":
    unittest.main()
