"""pki: the small certificate authority issues what it says, and no name spoils its own files."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from rig import ROOT


class Pki(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faultline-pki-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.assertEqual(self.pki("init"), 0)

    def pki(self, *arguments):
        return subprocess.run([ROOT / "configs/pki", self.folder, *arguments], capture_output=True,
                              check=False).returncode

    def files(self):
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.suffix in (".pem", ".key")}

    def pair_fits(self, name):
        def key(*argv):
            return subprocess.run(["openssl", *argv], check=True, capture_output=True).stdout
        return key("x509", "-noout", "-pubkey", "-in", self.folder / f"{name}.pem") == \
            key("pkey", "-pubout", "-in", self.folder / f"{name}.key")

    def test_a_device_gets_a_certificate_and_a_key_of_its_own(self):
        self.assertEqual(self.pki("device", "hub-1"), 0)
        self.assertTrue(self.pair_fits("hub-1"))
        self.assertEqual((self.folder / "hub-1.key").stat().st_mode & 0o777, 0o600)

    def test_no_device_takes_the_files_of_the_authority_or_the_broker(self):
        self.assertEqual(self.pki("server", "localhost"), 0)
        before = self.files()
        for name in ("device-ca", "device-crl", "server", "../hub", "faultline.collector", "a/b", "", "x" * 65):
            with self.subTest(name):
                self.assertEqual(self.pki("device", name), 2)
                self.assertEqual(self.files(), before)

    def test_an_issue_that_fails_leaves_the_pair_in_use_whole(self):
        self.assertEqual(self.pki("server", "localhost"), 0)
        self.assertNotEqual(self.pki("server", "bad,IP:name"), 0)
        self.assertTrue(self.pair_fits("server"))
        self.assertEqual(self.pki("server", "localhost"), 0)
        self.assertTrue(self.pair_fits("server"))


if __name__ == "__main__":
    unittest.main()
