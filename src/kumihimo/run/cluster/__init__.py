"""PostgreSQL that outlives its leader, on this machine: etcd, Patroni, HAProxy and PgBouncer."""
