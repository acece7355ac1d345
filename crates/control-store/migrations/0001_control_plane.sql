-- The state of the control plane. Plain SQL types (TEXT, BIGINT) so that the same schema suits SQLite and PostgreSQL.
-- Times are milliseconds since the Unix epoch; columns named *_json hold JSON text.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE environments (
    environment_id TEXT PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    description    TEXT,
    kms_key_id     TEXT NOT NULL,
    phase_json     TEXT NOT NULL,
    created_at_ms  BIGINT NOT NULL,
    modified_at_ms BIGINT NOT NULL
);

CREATE TABLE users (
    environment_id TEXT NOT NULL REFERENCES environments (environment_id) ON DELETE CASCADE,
    user_name      TEXT NOT NULL,
    iam_role       TEXT NOT NULL,
    created_at_ms  BIGINT NOT NULL,
    modified_at_ms BIGINT NOT NULL,
    PRIMARY KEY (environment_id, user_name)
);

CREATE TABLE clusters (
    environment_id     TEXT NOT NULL REFERENCES environments (environment_id),
    cluster_name       TEXT NOT NULL,
    cluster_type       TEXT NOT NULL,
    specification_json TEXT NOT NULL,
    node_count         BIGINT NOT NULL,
    cluster_port       BIGINT UNIQUE,
    phase_json         TEXT NOT NULL,
    generation         BIGINT NOT NULL,
    version            BIGINT NOT NULL,
    current_revision   BIGINT NOT NULL,
    created_at_ms      BIGINT NOT NULL,
    modified_at_ms     BIGINT NOT NULL,
    PRIMARY KEY (environment_id, cluster_name)
);

CREATE TABLE revisions (
    environment_id              TEXT NOT NULL,
    cluster_name                TEXT NOT NULL,
    number                      BIGINT NOT NULL,
    code_json                   TEXT,
    initialization_script       TEXT,
    command_line_arguments_json TEXT NOT NULL,
    created_at_ms               BIGINT NOT NULL,
    PRIMARY KEY (environment_id, cluster_name, number),
    FOREIGN KEY (environment_id, cluster_name) REFERENCES clusters (environment_id, cluster_name) ON DELETE CASCADE
);

CREATE TABLE deployments (
    environment_id TEXT NOT NULL,
    cluster_name   TEXT NOT NULL,
    number         BIGINT NOT NULL,
    kind           TEXT NOT NULL,
    strategy       TEXT NOT NULL,
    from_revision  BIGINT,
    to_revision    BIGINT NOT NULL,
    state          TEXT NOT NULL,
    reason         TEXT,
    steps_json     TEXT NOT NULL,
    started_at_ms  BIGINT NOT NULL,
    ended_at_ms    BIGINT,
    PRIMARY KEY (environment_id, cluster_name, number),
    FOREIGN KEY (environment_id, cluster_name) REFERENCES clusters (environment_id, cluster_name) ON DELETE CASCADE
);

CREATE TABLE nodes (
    node_id              TEXT PRIMARY KEY,
    environment_id       TEXT NOT NULL,
    cluster_name         TEXT NOT NULL,
    ordinal              BIGINT NOT NULL,
    availability_zone_id TEXT NOT NULL,
    target_revision      BIGINT NOT NULL,
    target_apply         TEXT NOT NULL,
    target_generation    BIGINT NOT NULL,
    launch_attempts      BIGINT NOT NULL,
    next_launch_at_ms    BIGINT NOT NULL,
    launch_error         TEXT,
    created_at_ms        BIGINT NOT NULL,
    retired_at_ms        BIGINT,
    FOREIGN KEY (environment_id, cluster_name) REFERENCES clusters (environment_id, cluster_name) ON DELETE CASCADE
);

CREATE INDEX nodes_by_cluster ON nodes (environment_id, cluster_name, ordinal);

CREATE TABLE idempotency_tokens (
    operation     TEXT NOT NULL,
    token         TEXT NOT NULL,
    request_hash  TEXT NOT NULL,
    answer_json   TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (operation, token)
);

CREATE INDEX idempotency_tokens_by_age ON idempotency_tokens (created_at_ms);

CREATE TABLE tags (
    resource_arn TEXT NOT NULL,
    tag_key      TEXT NOT NULL,
    tag_value    TEXT NOT NULL,
    PRIMARY KEY (resource_arn, tag_key)
);

-- Secrets are kept readable because SigV4 is verified by computing the same signature; the file has mode 0600.
CREATE TABLE credentials (
    access_key_id     TEXT PRIMARY KEY,
    secret_access_key TEXT NOT NULL,
    session_token     TEXT,
    expires_at        BIGINT,
    kind              TEXT NOT NULL,
    role_arn          TEXT,
    session_name      TEXT,
    environment_id    TEXT,
    cluster_name      TEXT,
    created_at_ms     BIGINT NOT NULL
);

CREATE INDEX credentials_by_cluster ON credentials (environment_id, cluster_name);
