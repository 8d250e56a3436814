"""hostile: what a bad device, a bad peer or bad luck with certificates sends is refused, counted and said; the collector
lives, and other devices' reports become tickets."""
import datetime
import os
import random
import shutil
import signal
import socket
import subprocess
import unittest

from rig import COLLECTOR, ROOT, FlowTest, topic, until, uplink

CORPUS = ROOT / "tests/data/fuzz/codec_uplink"


class Hostile(FlowTest):
    """What the classes below share: the collector is as alive after each test as before."""

    @classmethod
    def prepare(cls):
        cls.rig.start_broker()
        cls.rig.start_server()
        cls.incident = 0

    def setUp(self):
        self.pid = self.rig.server.pid

    def tearDown(self):
        self.assertTrue(self.rig.server.is_running())
        self.assertEqual(self.rig.server.pid, self.pid)

    def others_report(self):
        """Another device's fault still becomes a ticket."""
        type(self).incident += 1
        self.rig.tell("good", epoch=7, first=self.incident, last=self.incident, code=f"G{self.incident}")
        return self.rig.ticket("good", f"G{self.incident}")


# ---------------------------------------------------------------- certificates and topics


class Certificates(Hostile):
    def refused(self, *arguments, **keywords):
        """What mosquitto_pub says when the broker does not let it in."""
        status, said = self.rig.publish(*arguments, **keywords)
        self.assertNotEqual(status, 0, said)
        return said

    def test_another_devices_topic_is_refused_by_the_broker(self):
        before = self.rig.metrics()["uplinks"]
        self.rig.make_device("victim")
        status, said = self.rig.publish("thief", uplink(code="E4"), to=topic("victim"))
        self.assertIn("Not authorized", said, "0x87")
        self.assertEqual(status, 0)
        self.others_report()
        self.assertEqual(self.rig.metrics()["uplinks"], before + 1)
        self.assertIsNone(self.rig.device("victim"))
        self.assertIsNone(self.rig.device("thief"))

    def test_a_device_reads_nothing_that_is_not_its_own(self):
        self.rig.make_device("spy")
        spy = self.rig.start("spy", ["stdbuf", "-oL", "mosquitto_sub", "-d", "-V", "5", "-h", "localhost",
                                     "-p", self.rig.port, "--cafile", self.rig.pki / "device-ca.pem",
                                     "--cert", self.rig.pki / "spy.pem", "--key", self.rig.pki / "spy.key",
                                     "-i", "spy", "-t", "#", "-t", "$SYS/#", "-t", topic("good"),
                                     "-t", topic("good", "down")], talk=True)
        spy.wait("Subscribed")
        for _ in range(3):
            self.others_report()
        self.assertEqual(spy.count("PUBLISH"), 0)
        self.assertTrue(spy.is_running())

    def test_a_topic_of_another_shard_is_counted_as_such(self):
        before = self.rig.refused("topic")
        shard = topic("mover").split("/")[2]
        wrong = topic("mover").replace(f"/{shard}/", f"/{int(shard, 16) ^ 1:02x}/")
        self.rig.publish("mover", uplink(code="E4"), to=wrong)
        until(lambda: self.rig.refused("topic") == before + 1, "the refusal to be counted")
        self.rig.server.wait(f'uplink.refused: reason=topic topic="{wrong}"')
        self.others_report()
        self.assertIsNone(self.rig.device("mover"))

    def test_a_certificate_of_another_ca_is_not_let_in(self):
        other = self.rig.folder / "other-pki"
        self.rig.pki_run("init", folder=other)
        self.rig.pki_run("device", "stranger", folder=other)
        self.refused("stranger", uplink(code="E4"), pki=other)
        agent = self.rig.start_agent("stranger", pki=other)
        agent.wait(r"link\.(lost|connect_failed)")
        self.assertEqual(self.rig.report("stranger", "E4"), 0, "it goes into the spool")
        self.others_report()
        self.assertIsNone(self.rig.device("stranger"))
        self.assertEqual(agent.stop(), 0)

    def test_an_agent_does_not_talk_to_a_broker_of_another_ca(self):
        other = self.rig.folder / "false-pki"
        self.rig.pki_run("init", folder=other)
        shutil.copy(other / "device-ca.pem", self.rig.pki / "false-ca.pem")
        agent = self.rig.start_agent("careful", ca="false-ca.pem")
        said = agent.wait(r"link\.(?:lost|connect_failed): reason=\"(.*)\"")[1]
        self.assertRegex(said, "certificate")
        self.others_report()
        self.assertEqual(agent.count(r"link\.connected"), 0)
        self.assertEqual(agent.stop(), 0)

    def test_no_certificate_is_not_let_in(self):
        self.refused("naked", uplink(code="E4"), certificate=False)
        self.others_report()
        self.assertIsNone(self.rig.device("naked"))

    def test_a_client_id_that_is_not_its_own_changes_nothing(self):
        """The broker takes the certificate's name for it, so nobody throws the collector out."""
        lost = self.rig.server.count(r"broker\.lost")
        self.rig.make_device("posing")
        argv = ["mosquitto_pub", "-V", "5", "-h", "localhost", "-p", str(self.rig.port), "--cafile",
                self.rig.pki / "device-ca.pem", "--cert", self.rig.pki / "posing.pem", "--key",
                self.rig.pki / "posing.key", "-i", COLLECTOR, "-q", "1", "-t", topic("posing"), "-m", "x"]
        before = self.rig.refused("input")
        self.assertEqual(subprocess.run(argv, check=False, capture_output=True).returncode, 0)
        until(lambda: self.rig.refused("input") == before + 1, "the message, under its own name")
        self.others_report()
        self.assertEqual(self.rig.server.count(r"broker\.lost"), lost)

    def test_tls_1_2_is_not_spoken(self):
        for version, spoken in (("-tls1_2", False), ("-tls1_3", True)):
            with self.subTest(version):
                done = subprocess.run(["openssl", "s_client", version, "-connect", f"127.0.0.1:{self.rig.port}",
                                       "-CAfile", self.rig.pki / "device-ca.pem"], stdin=subprocess.DEVNULL,
                                      capture_output=True, text=True, timeout=20, check=False)
                self.assertEqual("Cipher is TLS_" in done.stdout, spoken, done.stdout + done.stderr)

    def test_an_agent_does_not_talk_to_a_broker_that_offers_only_tls_1_2(self):
        """It knows before it has told anything about itself."""
        broker = self.rig.start("old-broker", ["openssl", "s_server", "-tls1_2", "-accept", "127.0.0.1:0",
                                               "-cert", self.rig.pki / "server.pem", "-key",
                                               self.rig.pki / "server.key"], talk=True, stdin=subprocess.PIPE)
        port = broker.wait(r"ACCEPT 127\.0\.0\.1:(\d+)")[1]
        agent = self.rig.start_agent("modern", port=port)
        agent.wait(r"link\.(lost|connect_failed)")
        broker.wait("ERROR")
        self.assertEqual(broker.count("CIPHER is|MQTT"), 0)
        self.assertEqual(agent.stop(), 0)


class Revocation(Hostile):
    def reload_broker(self):
        lines = len(self.rig.broker.lines)
        self.rig.broker.signal(signal.SIGHUP)
        self.rig.broker.wait("Reloading config", start=lines)

    def write_crl(self, *dates):
        environment = {**os.environ, "PKI_USAGE": "clientAuth", "PKI_NAMES": "URI:urn:none"}
        subprocess.run(["openssl", "ca", "-config", self.rig.pki / "ca.cnf", "-gencrl", "-out",
                        self.rig.pki / "device-crl.pem", *dates], check=True, env=environment, capture_output=True)

    def test_a_revoked_device_is_not_let_in_again(self):
        self.rig.tell("thrown-out", code="E4")
        self.rig.ticket("thrown-out", "E4")
        self.rig.pki_run("revoke", "thrown-out")
        self.reload_broker()
        status, said = self.rig.publish("thrown-out", uplink(first=2, last=2, code="E6"))
        self.assertNotEqual(status, 0, said)
        self.others_report()
        self.assertEqual(self.rig.tickets("thrown-out", "E6"), [])

    def test_an_expired_revocation_list_locks_all_out_says_so_and_a_new_one_lets_them_in(self):
        agent = self.rig.start_agent("locked-out", wait="link.connected")
        self.assertEqual(agent.stop(), 0)
        self.write_crl("-crl_lastupdate", "20240101000000Z", "-crl_nextupdate", "20240102000000Z")
        self.reload_broker()
        agent = self.rig.start_agent("locked-out")
        # The alert that says why may be cut off by the broker's reset; the agent tries again.
        agent.wait(r"link\.(?:lost|connect_failed): reason=\".*expired")
        self.rig.broker.wait("(?i)expired|CRL")
        self.assertEqual(self.rig.report("locked-out", "E4"), 0)
        self.write_crl("-crldays", "30")
        self.reload_broker()
        self.rig.ticket("locked-out", "E4")
        self.others_report()

    def test_an_agent_with_an_expired_list_does_not_trust_the_broker(self):
        shutil.copy(self.rig.pki / "device-crl.pem", self.rig.folder / "good-crl.pem")
        self.write_crl("-crl_lastupdate", "20240101000000Z", "-crl_nextupdate", "20240102000000Z")
        shutil.move(self.rig.pki / "device-crl.pem", self.rig.folder / "old-crl.pem")
        shutil.copy(self.rig.folder / "good-crl.pem", self.rig.pki / "device-crl.pem")
        agent = self.rig.start_agent("listed", broker=f'crl_file = "{self.rig.folder}/old-crl.pem"')
        self.assertRegex(agent.wait(r"link\.(?:lost|connect_failed): reason=\"(.*)\"")[1], "CRL has expired")
        shutil.copy(self.rig.folder / "good-crl.pem", self.rig.folder / "old-crl.pem")
        agent.wait(r"link\.connected")


# ---------------------------------------------------------------- certificates and topics


class Lines:
    """The lines of a pipe, as they come."""

    def __init__(self, pipe):
        self.reader = Process.__new__(Process)
        self.lines = self.reader.lines = []
        import threading
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _read(self, pipe):
        for line in pipe:
            self.lines.append(line)

    def count(self, word):
        return sum(word in line for line in list(self.lines))

    def find(self, pattern):
        import re
        return next((m[1] for m in (re.search(pattern, line) for line in list(self.lines)) if m), None)


# ---------------------------------------------------------------- messages


def varint(value):
    out = b""
    while value > 0x7f:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def nested(levels):
    """A record in a record in a record, as no message of ours is."""
    body = b""
    for _ in range(levels):
        body = b"\x2a" + varint(len(body)) + body
    return body


def records(first, last):
    """The records of a message without its head."""
    return uplink(first=first, last=last)[len(uplink(last=0)):]


class Messages(Hostile):
    def refuse(self, payload, reason, device="vandal"):
        before = self.rig.refused(reason)
        status, said = self.rig.publish(device, payload)
        self.assertEqual((status, said), (0, ""), "the broker takes it")
        until(lambda: self.rig.refused(reason) == before + 1, f"a refusal for {reason}")

    def test_an_uplink_that_is_not_the_wire_format_is_refused_and_counted_by_reason(self):
        good = uplink(epoch=5, first=1, last=20, code="E%u")
        noise = random.Random(7)
        cases = [
            ("empty", b"", "input"),
            ("truncated in a record", good[:-3], "input"),
            ("truncated to a byte", good[:1], "input"),
            ("trailing byte", good + b"\x00", "input"),
            ("random", noise.randbytes(300), "input"),
            ("random and long", noise.randbytes(16000), "input"),
            ("text", b'{"code": "E4"}', "input"),
            ("protocol 2", good.replace(b"\x08\x01", b"\x08\x02", 1), "newer"),
            ("protocol 4294967295", good.replace(b"\x08\x01", b"\x08\xff\xff\xff\xff\x0f", 1), "newer"),
            ("more than 16 KiB", good * 30, "limit"),
            ("64 KiB of nothing", bytes(65000), "limit"),
            ("65 records", uplink(last=64) + records(65, 65), "limit"),
            ("nested 5,000 deep", nested(5000), "limit"),
            ("a fifth level", (CORPUS / "fifth-level").read_bytes(), "limit"),
            ("unknown fields", (CORPUS / "unknown-bomb").read_bytes(), "limit"),
            ("half a character", (CORPUS / "surrogate").read_bytes(), "input"),
            ("numbers that descend", uplink(first=5, last=5) + records(4, 4), "input"),
            ("a head twice", good + good, "input"),
        ]
        for name, payload, reason in cases:
            with self.subTest(name):
                self.refuse(payload, reason)
        self.others_report()
        self.assertIsNone(self.rig.device("vandal"), "nothing of it was taken")

    def test_what_is_refused_from_a_known_device_is_noted_with_the_reason(self):
        self.rig.tell("clumsy", code="E4")
        self.rig.ticket("clumsy", "E4")
        self.refuse(b"\xff\xff", "input", device="clumsy")
        losses = until(lambda: self.rig.device("clumsy")["losses"], "a row in the loss ledger")
        self.assertEqual((losses[0]["cause"], losses[0]["others"]), ("refused", 1))
        self.assertRegex(losses[0]["detail"], "^input: .")
        self.rig.tell("clumsy", first=2, last=2, code="E6")
        self.rig.ticket("clumsy", "E6")

    def test_a_packet_larger_than_the_broker_takes_ends_only_its_own_connection(self):
        uplinks = self.rig.metrics()["uplinks"]
        self.rig.publish("giant", bytes(70000))
        self.others_report()
        self.assertEqual(self.rig.metrics()["uplinks"], uplinks + 1)

    def test_a_storm_of_refusals_is_one_row_a_minute(self):
        self.rig.tell("storm", code="E4")
        self.rig.ticket("storm", "E4")
        path = self.rig.folder / "storm.lines"
        path.write_text("\n".join(["not an uplink"] * 500) + "\n")
        before = self.rig.refused("input")
        with open(path, "rb") as lines:
            subprocess.run(["mosquitto_pub", "-V", "5", "-h", "localhost", "-p", str(self.rig.port), "--cafile",
                            self.rig.pki / "device-ca.pem", "--cert", self.rig.pki / "storm.pem", "--key",
                            self.rig.pki / "storm.key", "-i", "storm", "-q", "1", "-t", topic("storm"), "-l"],
                           stdin=lines, check=True, capture_output=True, timeout=60)
        until(lambda: self.rig.refused("input") == before + 500, "all refusals to be counted")
        self.assertEqual(len(self.rig.device("storm")["losses"]), 1)
        self.others_report()

    # ------------------------------------------------------------ epochs and sessions

    def test_an_old_epoch_that_is_played_again_is_stored_once_and_one_that_goes_on_is_a_clone(self):
        tell = self.rig.tell
        old = uplink(epoch=11, first=1, last=3, code="A%u")
        self.rig.publish("twin", old)
        tell("twin", epoch=22, first=1, last=2, code="B%u")
        self.rig.ticket("twin", "B2")
        self.assertEqual(self.rig.device("twin")["spool_resets"], 1)
        duplicates = self.rig.metrics()["duplicates"]
        self.rig.publish("twin", old)
        until(lambda: self.rig.metrics()["duplicates"] == duplicates + 3, "three duplicates")
        self.assertFalse(self.rig.device("twin")["cloned"], "a replay is no clone")
        tell("twin", epoch=11, first=4, last=4, code="A%u")
        tell("twin", epoch=22, first=3, last=3, code="B%u")
        self.rig.ticket("twin", "A4")
        self.rig.ticket("twin", "B3")
        self.rig.server.wait(r"device\.cloned: device=twin")
        device = self.rig.device("twin")
        self.assertEqual((device["cloned"], device["spool_resets"]), (True, 1))
        self.assertEqual(self.rig.metrics()["cloned_identities"], 1)
        self.assertEqual(sorted((t["epoch"][-2:], int(t["number"]), t["fault"]["code"]) for t in
                                self.rig.items("/api/v1/devices/twin/transitions")),
                         [("0b", 1, "A1"), ("0b", 2, "A2"), ("0b", 3, "A3"), ("0b", 4, "A4"),
                          ("16", 1, "B1"), ("16", 2, "B2"), ("16", 3, "B3")])
        self.assertEqual({t["occurrences"] for t in self.rig.tickets("twin")}, {1})
        self.others_report()

    def test_a_hole_is_not_stored_and_what_fills_it_is(self):
        self.rig.tell("gappy", epoch=3, first=1, last=1, code="H%u")
        self.rig.tell("gappy", epoch=3, first=3, last=4, code="H%u")
        self.rig.ticket("gappy", "H1")
        until(lambda: self.rig.metrics()["holes"] >= 2, "the hole")
        self.assertEqual(self.rig.tickets("gappy", "H3"), [])
        self.rig.tell("gappy", epoch=3, first=2, last=4, code="H%u")
        self.rig.ticket("gappy", "H4")
        self.assertEqual(len(self.rig.tickets("gappy")), 4)

    def test_the_will_of_an_old_session_does_not_mark_a_newer_one_offline(self):
        self.rig.tell("flaky", epoch=4, session=2, code="E4")
        self.rig.ticket("flaky", "E4")
        uplinks = self.rig.metrics()["uplinks"]
        self.rig.tell("flaky", epoch=4, session=1, death=1)
        until(lambda: self.rig.metrics()["uplinks"] == uplinks + 1, "the late will")
        self.assertTrue(self.rig.device("flaky")["online"])
        self.rig.tell("flaky", epoch=4, session=2, death=1)
        until(lambda: not self.rig.device("flaky")["online"], "its own will")

    def test_a_killed_agent_is_offline_until_it_comes_again(self):
        agent = self.rig.start_agent("mortal", wait="link.connected")
        until(lambda: (self.rig.device("mortal") or {}).get("online"), "the device to be online")
        agent.kill()
        until(lambda: not self.rig.device("mortal")["online"], "the broker to send its will")
        self.rig.start_agent("mortal")
        until(lambda: self.rig.device("mortal")["online"], "the device to be online again")

    # ------------------------------------------------------------ clocks

    def test_a_wrong_device_clock_changes_nothing_but_the_bound(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        cases = [("1970", 0, "synced"), ("1970-none", 5000, "none"), ("2106", 4294967295000, "synced"),
                 ("2106-kept", 4294967295000, "kept"), ("2090", 3786912000000, "synced"), ("before", -10 ** 15, "synced")]
        for name, wall_ms, clock in cases:
            with self.subTest(name):
                device = f"clock-{name}"
                self.rig.tell(device, wall_ms=wall_ms, clock=clock, code="E4")
                ticket = self.rig.ticket(device, "E4")
                occurred = datetime.datetime.fromisoformat(ticket["occurred_at"])
                self.assertLess(abs(occurred - now), datetime.timedelta(seconds=120), ticket)
                response = next(c for c in ticket["clocks"] if c["kind"] == "first_response")
                self.assertIn(response["state"], ("running", "no_target"))
                self.assertFalse(response["late_arrival"])
                self.assertLess(ticket["occurred_bound_ms"], 10 * 60 * 1000)


# ---------------------------------------------------------------- who is let in


class Registry(FlowTest):
    @classmethod
    def prepare(cls):
        cls.rig.start_broker()
        cls.rig.start_server()

    def test_a_closed_registry_refuses_unknown_devices_and_takes_known_ones(self):
        self.rig.tell("member", epoch=2, first=1, last=1, code="M%u")
        self.rig.ticket("member", "M1")
        self.rig.restart_server(extra="registration {\n    devices = known\n    children = known\n}")
        agent = self.rig.start_agent("newcomer")
        agent.wait(r"link\.paused: lane=fault")
        self.assertGreater(self.rig.refused("unknown_device"), 0)
        self.rig.server.wait(r"uplink\.refused: device=newcomer reason=unknown_device")
        self.assertIsNone(self.rig.device("newcomer"))
        self.rig.tell("member", epoch=2, first=2, last=2, code="M%u")
        self.rig.ticket("member", "M2")
        self.rig.tell("member", epoch=2, first=3, last=3, code="M%u", behind="child")
        until(lambda: self.rig.refused("unknown_child") == 1, "the child to be refused")
        self.rig.tell("member", epoch=2, first=4, last=4, code="M%u")
        self.rig.ticket("member", "M4")
        self.assertEqual(self.rig.report("newcomer", "E4"), 0)
        self.assertEqual(agent.stop(), 0)
        self.rig.restart_server()
        self.rig.start_agent("newcomer")
        self.rig.ticket("newcomer", "E4")

    def test_a_blocked_device_is_refused_keeps_its_records_and_delivers_them_when_let_in(self):
        agent = self.rig.start_agent("suspect")
        self.assertEqual(self.rig.report("suspect", "E1"), 0)
        self.rig.ticket("suspect", "E1")
        admin = self.rig.make_token("chief", "admin")
        denied = self.rig.cli("device", "block", "suspect", "--reason", "stolen", check=False)
        self.assertEqual(denied.returncode, 5, denied.stderr)
        until(lambda: self.rig.cli("device", "block", "suspect", "--reason", "stolen", check=False,
                                   token=admin).returncode == 0, "the new token to be known")
        self.assertEqual(self.rig.report("suspect", "E4"), 0)
        agent.wait(r"link\.paused: lane=fault")
        self.assertGreater(self.rig.refused("blocked_device"), 0)
        self.assertEqual(self.rig.device("suspect")["registration"], "blocked")
        self.assertEqual(self.rig.tickets("suspect", "E4"), [])
        self.assertEqual(agent.stop(), 0)
        self.rig.cli("device", "unblock", "suspect", "--reason", "found", token=admin)
        self.rig.start_agent("suspect")
        self.rig.ticket("suspect", "E4")


# ---------------------------------------------------------------- HTTP


def answer_to(port, request):
    """The status of the answer to raw bytes; 0 when the connection just ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        s.sendall(request)
        head = b""
        while b"\r\n" not in head:
            more = s.recv(4096)
            if not more:
                break
            head += more
    return int(head.split()[1]) if head else 0


class Http(Hostile):
    def test_who_has_no_token_or_a_wrong_one_learns_nothing(self):
        paths = ["/api/v1/tickets", "/api/v1/tickets/FL-00-000001", "/api/v1/devices", "/api/v1/events", "/metrics",
                 "/api/v1/openapi.json", "/api/v1/conditions"]
        tokens = ["", "Authorization: Bearer\r\n", "Authorization: Bearer fl_" + "A" * 43 + "\r\n",
                  f"Authorization: Basic {self.rig.token}\r\n", f"Authorization: Bearer {self.rig.token}x\r\n",
                  f"Authorization: Bearer {self.rig.token[:-1]}\r\n"]
        before = self.rig.metrics()["http_auth_failures"]
        for path in paths:
            for token in tokens:
                with self.subTest(path=path, token=token):
                    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n{token}\r\n"
                    self.assertEqual(answer_to(self.rig.http_port, request.encode()), 401)
        self.assertEqual(self.rig.metrics()["http_auth_failures"], before + len(paths) * len(tokens))
        for path in ("/livez", "/readyz"):
            self.assertEqual(answer_to(self.rig.http_port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()), 200)

    def test_a_request_that_two_programs_could_read_differently_is_refused(self):
        head = f"Host: x\r\nAuthorization: Bearer {self.rig.token}\r\n"
        get, post = "GET /api/v1/tickets HTTP/1.1\r\n" + head, "POST /api/v1/tickets HTTP/1.1\r\n" + head
        hidden = "GET /api/v1/tickets HTTP/1.1\r\nHost: x\r\n\r\n"
        cases = [
            ("length and encoding", post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden),
            ("encoding and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + hidden),
            ("two lengths", post + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + hidden),
            ("the same length twice", post + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
            ("a list of lengths", post + "Content-Length: 0, 44\r\n\r\n" + hidden),
            ("a signed length", post + "Content-Length: +0\r\n\r\n"),
            ("a blank before the colon", post + "Content-Length : 44\r\n\r\n" + hidden),
            ("an encoding nobody knows", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
            ("an encoding behind a vertical tab", post + "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n"),
            ("a folded header", get + "X: a\r\n Content-Length: 44\r\n\r\n"),
            ("a bare line feed", get + "X: a\nContent-Length: 44\r\n\r\n"),
            ("two hosts", get + "Host: y\r\n\r\n"),
            ("no host", "GET /livez HTTP/1.1\r\n\r\n"),
            ("an absolute target", "GET http://y/livez HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("a body with GET", get + "Content-Length: 44\r\n\r\n" + hidden),
            ("NUL", get + "X: a\0b\r\n\r\n"),
        ]
        for name, request in cases:
            with self.subTest(name):
                self.assertEqual(answer_to(self.rig.http_port, request.encode("latin-1")), 400)
        self.assertEqual(self.rig.get("/api/v1/tickets")[0], 200)

    def test_a_parameter_out_of_range_is_the_askers_fault(self):
        for query, status in (("limit=0", 400), ("limit=501", 400), ("limit=x", 400), ("cursor=00", 400),
                              ("state=lost", 400), ("nonsense=1", 400), ("device=%00", 400), ("device='--", 200)):
            with self.subTest(query):
                self.assertEqual(self.rig.get(f"/api/v1/tickets?{query}")[0], status)
        self.assertEqual(self.rig.get("/api/v1/devices/no-such-device")[0], 404)
        self.assertEqual(self.rig.get("/api/v1/tickets/FL-zz-1")[0], 404)


# ---------------------------------------------------------------- the agent's own doors


class Agent(Hostile):
    def test_garbage_on_the_application_socket_is_answered_and_harms_nobody(self):
        agent = self.rig.start_agent("hub-1")
        noise = random.Random(3)
        packets = [b"\n", b"faultline 1 raise\ncode=\n", b"faultline 2 raise\ncode=E4\n", b"faultline 1 explode\n",
                   b"faultline 1 raise\ncode=E4\ncode=E6\n", b"faultline 1 raise\ncode=E4\nwish=1\n", b"\xff" * 100,
                   b"faultline 1 raise\ncode=E4\nframe=x nan\n", noise.randbytes(12000), b"a" * 60000]
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(20)
            s.connect(str(self.rig.folder / "hub-1/agent.sock"))
            for packet in packets:
                with self.subTest(packet[:40]):
                    s.sendall(packet)
                    self.assertRegex(s.recv(4096), rb"^faultline 1 refused\n")
        self.assertEqual(self.rig.report("hub-1", "E4"), 0)
        self.rig.ticket("hub-1", "E4")
        self.assertEqual(agent.count(r"fault\.changed"), 1)

    def test_an_application_with_more_faults_than_the_agent_keeps_is_told_so(self):
        self.rig.start_agent("hub-9")
        answers = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(20)
            s.connect(str(self.rig.folder / "hub-9/agent.sock"))
            for i in range(600):
                s.sendall(f"faultline 1 raise\ncode=A{i}\n".encode())
                answers.append(s.recv(4096).split(b"\n")[:2])
        accepted = sum(a[0] == b"faultline 1 accepted" for a in answers)
        self.assertEqual(answers[-1], [b"faultline 1 refused", b"reason=full"])
        self.assertEqual(self.rig.report("hub-9", "B1"), 9)
        until(lambda: self.rig.database.value("SELECT count(*) FROM transition WHERE device = 'hub-9'") == accepted,
              "each accepted fault, and no other, to be stored")

    def test_malformed_lines_of_a_recording_are_counted_and_the_rest_is_read(self):
        recording = self.rig.folder / "broken.candump"
        lines = (ROOT / "configs/demo/engine.candump").read_text().splitlines()
        lines[20:20] = ["(17", "(1767254400.0) can0 18FECA00#0", "(x) can0 18FECA00#00", "\x00\x01\x02", "A" * 5000]
        recording.write_text("\n".join(lines) + "\n")
        agent = self.rig.start_agent("engine-2", line="engine", extra=f"""
j1939 engine {{
    input = "file:{recording}?speed=0"
}}
""")
        agent.wait(r"j1939\.input\.end: .* malformed=5")
        until(lambda: len(self.rig.tickets("engine-2")) == 6, "the tickets of the rest")

    def test_a_receipt_that_is_none_frees_nothing(self):
        agent = self.rig.start_agent("hub-3", wait="link.connected")
        self.assertEqual(self.rig.server.stop(), 0)
        try:
            self.assertEqual(self.rig.report("hub-3", "E4"), 0)
            password = (self.rig.folder / "collector.password").read_text().strip()
            epoch = agent.wait("link.connected: .* epoch=([0-9a-f]+)")[1]
            told = (b"\x08\x01\x11" + bytes.fromhex(epoch)[::-1] + b"\x1a\x05\x08\x00\x10\xff\x7f")
            for payload in (b"\xff\x01", b"", bytes(5000), told):
                (self.rig.folder / "receipt").write_bytes(payload)
                subprocess.run(["mosquitto_pub", "-V", "5", "--unix", self.rig.folder / "collector.sock", "-i",
                                COLLECTOR, "-u", COLLECTOR, "-P", password, "-q", "1", "-t", topic("hub-3", "down"),
                                "-f", self.rig.folder / "receipt"], check=True, capture_output=True)
            agent.wait(r"link\.bad_receipt")
        finally:
            self.rig.start_server()
            self.pid = self.rig.server.pid
        # The false collector's session has replaced the true one's, and with it what the broker kept.
        agent.signal(signal.SIGHUP)
        self.rig.ticket("hub-3", "E4")


if __name__ == "__main__":
    unittest.main()
