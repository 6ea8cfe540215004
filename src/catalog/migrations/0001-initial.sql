-- Times are milliseconds since the epoch.

CREATE TABLE models (
  name TEXT PRIMARY KEY,
  arn TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  -- CreateModel as it was sent, without its tags.
  definition TEXT NOT NULL
) STRICT;

CREATE INDEX models_by_time ON models (created_at, name);

CREATE TABLE jobs (
  -- Grows with every job and orders those of one millisecond.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  arn TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL CHECK (status IN ('InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped')),
  failure_reason TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  modified_at INTEGER NOT NULL,
  -- CreateTransformJob as it was sent, without its tags.
  request TEXT NOT NULL,
  -- What it means, with the model as it was then: a JobDefinition.
  definition TEXT NOT NULL,
  -- Counts of records, bytes, requests and retries so far.
  counts TEXT
) STRICT;

CREATE INDEX jobs_by_time ON jobs (created_at, id);
CREATE INDEX jobs_by_status ON jobs (status, id);

-- What a job has to do: one object each, in the order of the input.
CREATE TABLE shards (
  job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  input_key TEXT NOT NULL,
  output_key TEXT NOT NULL,
  name TEXT NOT NULL,
  -- Bytes when the job was created.
  size INTEGER NOT NULL,
  status TEXT NOT NULL DEFAULT 'Pending' CHECK (status IN ('Pending', 'Completed', 'Failed')),
  -- Of a completed one.
  records INTEGER NOT NULL DEFAULT 0,
  output_bytes INTEGER NOT NULL DEFAULT 0,
  -- Of a failed one: whose fault it is, and what happened.
  fault TEXT,
  failure TEXT,
  PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
  arn TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (arn, key)
) STRICT, WITHOUT ROWID;

-- The log index: what is in each stream; the lines are in files.
CREATE TABLE log_streams (
  name TEXT PRIMARY KEY,
  -- The name of the job.
  job TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  first_event_at INTEGER,
  last_event_at INTEGER,
  last_ingested_at INTEGER,
  stored_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX log_streams_by_job ON log_streams (job);
CREATE INDEX log_streams_by_time ON log_streams (last_event_at, name);

-- What objects of the embedded store carry besides their bytes. A row belongs to one state of a file.
CREATE TABLE object_attributes (
  bucket TEXT NOT NULL,
  key TEXT NOT NULL,
  inode INTEGER NOT NULL,
  modified_ns INTEGER NOT NULL,
  size INTEGER NOT NULL,
  -- ObjectAttributes as JSON.
  attributes TEXT NOT NULL,
  PRIMARY KEY (bucket, key, inode, modified_ns, size)
) STRICT, WITHOUT ROWID;
