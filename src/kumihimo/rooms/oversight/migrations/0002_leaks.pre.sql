-- Leaks of specific personal information (Number Act art. 29-4), as institutions report them: facts
-- and words that name nobody. A new version of the facts or a further report is a new row.
CREATE TABLE leak_report (
    leak text NOT NULL CHECK (length(leak) = 22),
    institution text NOT NULL,
    stage text NOT NULL CHECK (stage IN ('known', 'preliminary', 'final')),
    received_at timestamptz NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (institution, leak, stage)
);

-- The clocks of a leak: by when each report is due. Closed when it came, or when it is late and
-- said so.
CREATE TABLE leak_clock (
    institution text NOT NULL,
    leak text NOT NULL,
    kind text NOT NULL CHECK (
        kind IN ('preliminary-late', 'preliminary-overdue', 'final-overdue')
    ),
    due_on date NOT NULL,
    closed_at timestamptz,
    raised boolean NOT NULL DEFAULT false,
    PRIMARY KEY (institution, leak, kind)
);
CREATE INDEX leak_clock_open ON leak_clock (due_on) WHERE closed_at IS NULL;
