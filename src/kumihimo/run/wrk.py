"""wrk (Debian) as the client of `bench ocsp`: it asks every server in the same way."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import msgspec

from kumihimo.kernel.refusal import Unavailable

NONCE_BYTES: Final = 16
_ENDS_IN_S: Final = 30.0
# Its arguments: the file of questions in hexadecimal, one a line; `fresh` for a nonce that is new
# each time, in the place of a question's last bytes; what the header says.
_SCRIPT: Final = """
local bodies, at, asked, fresh = {}, 0, 0, false
function init(arg)
  for line in io.lines(arg[1]) do
    local body = line:gsub("%x%x", function(two) return string.char(tonumber(two, 16)) end)
    bodies[#bodies + 1] = body
  end
  fresh = arg[2] == "fresh"
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/ocsp-request"
  wrk.headers["Authorization"] = arg[3]
end
function request()
  at, asked = at % #bodies + 1, asked + 1
  local body = bodies[at]
  if fresh then body = body:sub(1, -17) .. string.format("%016d", asked) end
  return wrk.format(nil, nil, nil, body)
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\n{"answers":%d,"seconds":%f,"bytes":%d,"failed":%d}\\n', summary.requests,
    summary.duration / 1e6, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Told(msgspec.Struct, frozen=True):
    """What wrk says of one run: whole answers with their bytes, and how often something failed."""

    answers: int
    seconds: float
    bytes: int
    failed: int


@attrs.frozen
class Questions:
    """Questions that wrk asks in turn, in two files beside each other."""

    file: Path
    fresh: bool

    @classmethod
    def write(cls, file: Path, questions: Sequence[bytes], *, fresh: bool) -> "Questions":
        """Write DER questions; of `fresh` ones the last 16 bytes are the nonce."""
        file.write_text("".join(f"{question.hex()}\n" for question in questions))
        file.with_suffix(".lua").write_text(_SCRIPT)
        return cls(file, fresh)

    def asking(
        self, address: str, *, connections: int, seconds: float, authorization: str
    ) -> list[str]:
        """Return the command; on each connection the next question waits for the answer."""
        kind = "fresh" if self.fresh else "same"
        how = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s"]
        script = str(self.file.with_suffix(".lua"))
        return ["wrk", *how, "-s", script, address, "--", str(self.file), kind, authorization]


def ask(command: Sequence[str], *, seconds: float) -> Told:
    """Run a command of `asking`, or a program that ends as it; raises `Unavailable`."""
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=seconds + _ENDS_IN_S,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable("wrk did not come to an end") from None
    told = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not told:
        raise Unavailable(f"wrk failed: {(done.stderr or done.stdout)[-200:].strip()}")
    return msgspec.json.decode(told[-1], type=Told)
