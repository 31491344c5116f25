"""A short conversation from a seed; replay.py has the long one."""

import unittest

from replay import Replay


class Conversation(unittest.TestCase):
    def test_every_request_is_answered_and_the_state_is_right(self):
        replay = Replay(seed=20)
        try:
            replay.go(60)
        finally:
            replay.close()
        for kind in ("crash", "interrupt", "complete", "undo"):  # the seed has some of each
            self.assertGreater(replay.counts[kind], 0)


if __name__ == "__main__":
    unittest.main()
