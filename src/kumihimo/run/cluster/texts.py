"""What the parts of a cluster are told, for the trial here and for `deploy/` alike.

A test holds the files in `deploy/` against it: what is tried here is what is run there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from kumihimo.kernel.connections import session

SCOPE: Final = "kumihimo"
MAX_CONNECTIONS: Final = 200

# What all servers agree on, kept in etcd. A leader that is silent for `ttl` seconds is followed by
# the synchronous standby and by nobody else; while there is none, nothing is committed.
AGREED: Final[dict[str, Any]] = {
    "ttl": 20,
    "loop_wait": 2,
    "retry_timeout": 5,
    "primary_start_timeout": 0,
    "synchronous_mode": True,
    "synchronous_mode_strict": True,
    "synchronous_node_count": 1,
    "failsafe_mode": True,
    # The slots of the watch over who wrote (decision 0018): Patroni made none of them.
    "ignore_slots": [{"type": "logical", "plugin": "pgoutput"}],
    "postgresql": {
        "use_pg_rewind": True,
        "use_slots": True,
        # What a former leader had alone was acknowledged to nobody: it is copied anew.
        "remove_data_directory_on_rewind_failure": True,
        "remove_data_directory_on_diverged_timelines": True,
        "parameters": {
            "max_connections": MAX_CONNECTIONS,
            "password_encryption": "scram-sha-256",
            "wal_compression": "on",
            "wal_level": "logical",
            "max_replication_slots": 64,
            "max_slot_wal_keep_size": "10GB",
            # From PostgreSQL 17 on: whoever follows takes the slots along.
            "sync_replication_slots": "on",
            "hot_standby_feedback": "on",
        },
    },
}


def patroni(
    name: str,
    *,
    etcd: Sequence[str],
    rest: str,
    postgres: str,
    data: str,
    programs: str,
    accounts: Mapping[str, tuple[str, str]],
    networks: Sequence[str],
    parameters: Mapping[str, str],
) -> dict[str, Any]:
    """Return a server's settings; `accounts` are `superuser`, `replication` and `rewind`.

    Who comes from `networks` shows a password.
    """
    replication = accounts["replication"][0]
    user, password = accounts["superuser"]
    return {
        "scope": SCOPE,
        "name": name,
        "restapi": {
            "listen": rest,
            "connect_address": rest,
            "authentication": {"username": user, "password": password},
        },
        "etcd3": {"hosts": list(etcd)},
        "bootstrap": {
            "dcs": AGREED,
            "initdb": [
                {"encoding": "UTF8"},
                {"locale": "C"},
                {"auth": "scram-sha-256"},
                "data-checksums",
            ],
        },
        "postgresql": {
            "listen": postgres,
            "connect_address": postgres,
            "data_dir": data,
            "bin_dir": programs,
            "authentication": {
                role: {"username": user, "password": password}
                for role, (user, password) in accounts.items()
            },
            "pg_hba": [
                line
                for network in networks
                for line in (
                    f"host all all {network} scram-sha-256",
                    f"host replication {replication} {network} scram-sha-256",
                )
            ],
            "parameters": dict(parameters),
            "basebackup": [{"checkpoint": "fast"}],
        },
        "watchdog": {"mode": "off"},
    }


def haproxy(listens: str, servers: Mapping[str, tuple[str, int]]) -> str:
    """Return what leads to the leader: by name, each server's address and its Patroni's port.

    Whose Patroni does not call it the leader, or says nothing, has its sessions cut.
    """
    lines = [
        "global",
        "    maxconn 1000",
        "",
        "defaults",
        "    mode tcp",
        "    timeout connect 2s",
        "    timeout client 30m",
        "    timeout server 30m",
        "    timeout check 2s",
        "",
        "listen leader",
        f"    bind {listens}",
        "    option httpchk OPTIONS /primary",
        "    http-check expect status 200",
        "    default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions",
        *(
            f"    server {name} {address} maxconn {MAX_CONNECTIONS} check port {rest}"
            for name, (address, rest) in servers.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def pgbouncer(listens: tuple[str, int], leader: tuple[str, int], users: str) -> str:
    """Return a pooler that lends a session for each transaction; `users` is its file of passwords."""
    # A session gets here what a room cannot set for itself: the next transaction has another.
    bound = session()["statement_timeout"]
    sets = [f"SET {name} = {value!r}" for name, value in session().items()]
    sets.append(
        f"SELECT set_config(name, {bound!r}, false) FROM pg_settings"  # noqa: S608 - our own figure
        " WHERE name = 'transaction_timeout'"  # PostgreSQL 16 has none
    )
    told = "; ".join(sets).replace("'", "''")
    lines = [
        "[databases]",
        f"* = host={leader[0]} port={leader[1]} connect_query='{told}'",
        "",
        "[pgbouncer]",
        f"listen_addr = {listens[0]}",
        f"listen_port = {listens[1]}",
        "unix_socket_dir =",
        "auth_type = scram-sha-256",
        f"auth_file = {users}",
        f"admin_users = {POOLER_ADMIN}",
        "pool_mode = transaction",
        "max_client_conn = 1000",
        "default_pool_size = 16",
        "server_connect_timeout = 3",
        "server_login_retry = 1",
        "query_wait_timeout = 10",
        "log_connections = 0",
        "log_disconnections = 0",
    ]
    return "\n".join(lines) + "\n"


POOLER_ADMIN: Final = "pooler_admin"
