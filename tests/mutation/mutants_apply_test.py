"""Every mutant of the list still fits the source exactly once."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from mutants import MUTANTS  # noqa: E402


class MutantsTest(unittest.TestCase):
    def test_each_applies_once(self):
        self.assertGreaterEqual(len(set(MUTANTS)), 40)
        for file, found, instead in MUTANTS:
            with self.subTest(found), open(os.path.join(HERE, "..", "..", file), encoding="utf-8") as source:
                self.assertEqual(source.read().count(found), 1, file)
                self.assertNotEqual(found, instead)


if __name__ == "__main__":
    unittest.main()
