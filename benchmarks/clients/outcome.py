"""What the measured loops report, so that they are counted alike."""

import json
import re
import time
from dataclasses import asdict, dataclass, field

STAMP = re.compile(r"<(\d{20})-(\d{20})>")


@dataclass
class Outcome:
    """Seconds of wall and CPU of the loop; replies, stream events and failures in it; errors of TTFT in ms."""

    wall: float = 0.0
    cpu: float = 0.0
    replies: int = 0
    chunks: int = 0
    failures: int = 0
    ttft_errors: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start the clocks."""
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """Stop the clocks."""
        self.wall, self.cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu

    def compare_ttft(self, reply: str, ttft_ms: float) -> None:
        """Note by how many ms a claimed time to first token differs from the mock's stamps, if the reply has them."""
        if stamp := STAMP.match(reply):
            received, sent = map(int, stamp.groups())
            self.ttft_errors.append(ttft_ms - (sent - received) / 1e6)

    def print(self) -> None:
        """Print the outcome as one line of JSON."""
        print(json.dumps(asdict(self)))
