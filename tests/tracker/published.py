"""The Estonian data tracker's OpenAPI document 2.1.0, as it is published, and programs made from it alone.

`dumonitor-openapi.yaml` is byte for byte that of https://github.com/e-gov/AJ (MIT), commit 600c397b1ab9.
Of our own rooms nothing is known here but an address, a token and the code that goes with it.
"""

import importlib
import subprocess
import sys
from pathlib import Path

import httpx2
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.transport import Response

FILE = Path(__file__).parent / "dumonitor-openapi.yaml"
DOCUMENT = yaml.safe_load(FILE.read_text("utf-8"))
BASE = "/tracker"  # what stands before the document's own paths
DOORS = tuple(DOCUMENT["paths"])
FEW = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
)
_CONFIG = "package_name_override: tracker_client\npost_hooks: []\n"


def described_alike(told):
    """Hold what a room says of its doors against the published document."""
    ours, theirs = told["components"]["schemas"], DOCUMENT["components"]["schemas"]
    for door, methods in DOCUMENT["paths"].items():
        operation = told["paths"][BASE + door]["get"]
        assert operation["operationId"] == methods["get"]["operationId"]
        assert _parameters(operation) == _parameters(methods["get"])
        form = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert form["$ref"].endswith(_answer(methods["get"]))
    for name, schema in theirs.items():
        assert set(ours[name]["properties"]) <= set(schema["properties"]), name
        assert set(schema.get("required", ())) <= set(ours[name]["required"]), name


def _parameters(operation):
    return {one["name"]: (one["in"], one["required"]) for one in operation.get("parameters", [])}


def _answer(operation):
    form = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return "/" + form["$ref"].rpartition("/")[2]


def knocked(address, token, code, examples=20):
    """Have schemathesis knock as the published document lets one; return which statuses came.

    Each answer is of a status and a form that stand there. Whom it is about is hers to say: the code.
    """
    headers = {"authorization": f"Bearer {token}", "x-road-userid": code}
    document = schemathesis.openapi.from_dict(DOCUMENT)
    with httpx2.Client(base_url=address + BASE, trust_env=False, headers=headers) as http:
        return {
            status
            for door in DOORS
            for status in _knocked_at(http, document[door]["GET"], code, examples)
        }


def _knocked_at(http, operation, code, examples):
    statuses = set[int]()

    @settings(FEW, max_examples=examples)
    @given(operation.as_strategy())
    def knocks(case):
        query = {name: one for name, one in (case.query or {}).items() if one is not None}
        query |= {"userCode": code} if "userCode" in query else {}
        answer = http.get(operation.path, params=query)
        operation.validate_response(Response.from_any(answer), case=case)
        statuses.add(answer.status_code)

    knocks()
    return statuses


def generated(folder):
    """Have openapi-python-client write a client from the document; return what calls its three doors."""
    (folder / "config.yaml").write_text(_CONFIG, "utf-8")
    package = folder / "tracker_client"
    program = Path(sys.executable).with_name("openapi-python-client")
    orders = ("--path", FILE, "--config", folder / "config.yaml", "--output-path", package)
    subprocess.run(
        [program, "generate", "--meta", "none", *orders], check=True, capture_output=True
    )
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("tracker_client")
    finally:
        sys.path.remove(str(folder))


def reads(made, address, token, code, **asked):
    """Call every door by the client `made`; return what it understood, as its own models."""
    client = made.AuthenticatedClient(
        base_url=address + BASE,
        token=token,
        raise_on_unexpected_status=True,
        httpx_args={"trust_env": False},
    )
    usage = {
        name: importlib.import_module(f"tracker_client.api.usage.{name}")
        for name in ("find_usage", "usage_period", "heartbeat")
    }
    with client:
        return (
            usage["find_usage"].sync(client=client, user_code=code, x_road_user_id=code, **asked),
            usage["usage_period"].sync(client=client),
            usage["heartbeat"].sync(client=client),
        )
