"""The tables, one migration per version. Never edit a migration that was released: add one.

A *source* is a transaction log, wherever it lies. A *target* is a run on a server. A *delivery* is one source's way
to one target. Lines are counted per stream: ``history``, ``events``, ``console``.
"""

from __future__ import annotations

APPLICATION_ID = 0x52464552  # "RFER"

_FIRST = """
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,      -- same for a copy of the log at another path
    run_id TEXT NOT NULL,
    path TEXT NOT NULL,                 -- where it was seen last
    size INTEGER NOT NULL DEFAULT 0,
    mtime_ns INTEGER NOT NULL DEFAULT 0,
    first_seen REAL NOT NULL
) STRICT;
CREATE INDEX sources_by_path ON sources (path);

CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    server TEXT NOT NULL,               -- address, or the store id of a local server
    entity TEXT NOT NULL,
    project TEXT NOT NULL,
    run_id TEXT NOT NULL,
    storage_id TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL DEFAULT '',
    history_base INTEGER NOT NULL DEFAULT 0,  -- lines that the server had before the first of ours
    events_base INTEGER NOT NULL DEFAULT 0,
    console_base INTEGER NOT NULL DEFAULT 0,
    UNIQUE (server, entity, project, run_id)
) STRICT;

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE,
    target INTEGER NOT NULL REFERENCES targets ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,      -- bytes of the log up to which everything is acknowledged
    history INTEGER NOT NULL DEFAULT 0,       -- lines of this log that are acknowledged
    events INTEGER NOT NULL DEFAULT 0,
    console INTEGER NOT NULL DEFAULT 0,
    history_at INTEGER NOT NULL DEFAULT 0,    -- lines of this log that stand before `position`
    events_at INTEGER NOT NULL DEFAULT 0,
    starting_step INTEGER,                    -- of a resumed run: the first step it may use on the server
    config_digest TEXT NOT NULL DEFAULT '',
    summary_digest TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'waiting',
    closed INTEGER,                           -- exit code that was delivered
    verified_at REAL,
    verified_size INTEGER,                    -- size and time of the log when it was verified
    verified_mtime_ns INTEGER,
    counts TEXT NOT NULL DEFAULT '{}',        -- JSON: what the last look at the log showed
    error TEXT,                               -- JSON of the last error
    UNIQUE (source, target)
) STRICT;

CREATE TABLE ranges (
    delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    kind TEXT NOT NULL DEFAULT 'log',         -- log, or host for samples taken by the app
    stream TEXT NOT NULL,
    first INTEGER NOT NULL,                   -- line of the source
    server_first INTEGER NOT NULL,            -- line on the server
    count INTEGER NOT NULL,
    PRIMARY KEY (delivery, kind, stream, first)
) STRICT;

CREATE TABLE files (
    delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    md5 TEXT NOT NULL,                        -- hex
    mtime_ns INTEGER NOT NULL,
    announced INTEGER NOT NULL DEFAULT 0,     -- told in the file stream's `uploaded`
    PRIMARY KEY (delivery, path)
) STRICT;

CREATE TABLE alerts (
    delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    number INTEGER NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT;

CREATE TABLE artifacts (
    delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    artifact_id TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT;

CREATE TABLE set_aside (
    delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    stream TEXT NOT NULL,
    line INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (delivery, stream, line)
) STRICT;

CREATE TABLE gaps (
    source INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (source, start)
) STRICT;
"""

_POSITION_PATH = """
ALTER TABLE deliveries ADD COLUMN position_path TEXT NOT NULL DEFAULT '';  -- the log that `position` was read from
"""

_PEOPLE = """
CREATE TABLE pauses (
    what TEXT NOT NULL,                       -- server or run
    subject TEXT NOT NULL,                    -- address, local, or empty for all servers; or the run's folder
    until REAL,                               -- seconds since the epoch; NULL until somebody ends it
    PRIMARY KEY (what, subject)
) STRICT;

CREATE TABLE activity (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    subject TEXT NOT NULL,                    -- a run's folder, or a server's address
    text TEXT NOT NULL
) STRICT;
"""

_SAMPLES = """
CREATE TABLE samples (
    delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    kind TEXT NOT NULL,                       -- the range's kind: host, or host:FILE beside the log
    lines INTEGER NOT NULL,                   -- acknowledged
    bytes INTEGER NOT NULL,                   -- of the file, up to the end of those lines
    PRIMARY KEY (delivery, kind)
) STRICT;
"""

_SET_ASIDE = """
ALTER TABLE set_aside ADD COLUMN step INTEGER;                  -- of a row
ALTER TABLE set_aside ADD COLUMN largest TEXT NOT NULL DEFAULT '';  -- the key that takes most of it
"""

_ASKED = """
CREATE TABLE asked (                          -- runs that a person had sent from outside the watched folders
    path TEXT NOT NULL,                       -- the log, or the folder of the old layout
    server TEXT NOT NULL,
    entity TEXT NOT NULL,
    project TEXT NOT NULL,
    run_id TEXT NOT NULL,                     -- empty: the log's own
    default_entity TEXT NOT NULL,
    default_project TEXT NOT NULL,
    metrics_only INTEGER NOT NULL,
    PRIMARY KEY (path, server, entity, project, run_id)
) STRICT;
"""

_LINKS = """
CREATE TABLE links (                          -- links that may be followed out of a run's folder
    folder BLOB NOT NULL,                     -- the run's folder, as the file system spells it
    name BLOB NOT NULL,                       -- of the run's file
    identity TEXT NOT NULL,                   -- device and inode of the link, like 2049:1311
    target BLOB NOT NULL,                     -- the file that it led to
    asked INTEGER NOT NULL,                   -- 1: a person wanted it; 0: it was seen to appear
    PRIMARY KEY (folder, name)
) STRICT;

ALTER TABLE asked ADD COLUMN follow_links INTEGER NOT NULL DEFAULT 0;
"""

_SHARES = """
CREATE TABLE shares (                         -- of a run that has several logs: what each says of it as a whole
    target INTEGER NOT NULL REFERENCES targets ON DELETE CASCADE,
    delivery INTEGER NOT NULL,                -- 0: what the server had of somebody else
    share TEXT NOT NULL,                      -- JSON
    PRIMARY KEY (target, delivery)
) STRICT;
ALTER TABLE deliveries ADD COLUMN meaning INTEGER NOT NULL DEFAULT 0;  -- what `verified` meant; see `state.delivery`
"""

_BEGAN_THERE = """
ALTER TABLE targets ADD COLUMN began_there TEXT NOT NULL DEFAULT '';  -- when the run began on the server, as it says
"""

MIGRATIONS = (_FIRST, _POSITION_PATH, _PEOPLE, _SAMPLES, _SET_ASIDE, _ASKED, _SHARES, _LINKS, _BEGAN_THERE)
