
CREATE TABLE facts(
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO facts VALUES('store_id', lower(hex(randomblob(16))));

CREATE TABLE sessions(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    user_tag TEXT NOT NULL,
    parent TEXT REFERENCES sessions(id),
    prompt TEXT NOT NULL,
    app_type TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ready_at INTEGER,
    expires_at INTEGER,
    ended_at INTEGER,
    app_url TEXT NOT NULL,
    sandbox_id TEXT,
    sandbox_started_at INTEGER,
    error_kind TEXT NOT NULL,
    error_message TEXT NOT NULL,
    estimated_cost INTEGER NOT NULL,
    actual_cost INTEGER NOT NULL,
    provider TEXT NOT NULL,
    provider_address TEXT NOT NULL,
    plan TEXT NOT NULL,
    template_id TEXT NOT NULL,
    cpu_count INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    port INTEGER NOT NULL,
    internet INTEGER NOT NULL,
    on_timeout TEXT NOT NULL,
    ttl INTEGER NOT NULL,
    max_cost INTEGER NOT NULL,
    environment_names TEXT NOT NULL,
    source TEXT NOT NULL,
    source_name TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    request_key TEXT NOT NULL,
    app_version INTEGER NOT NULL,
    repairs INTEGER NOT NULL,
    exit_code INTEGER,
    owner_pid INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_name ON sessions(name);
CREATE INDEX sessions_by_status ON sessions(status, seq);
CREATE INDEX sessions_by_tag ON sessions(user_tag, seq);
CREATE INDEX sessions_by_tag_and_status ON sessions(user_tag, status, seq);
CREATE INDEX sessions_by_provider ON sessions(provider, created_at);
CREATE INDEX sessions_by_time ON sessions(created_at);
CREATE INDEX sessions_by_request ON sessions(request_key, seq) WHERE request_key <> '' AND ready_at IS NOT NULL;
CREATE INDEX sessions_unbooked ON sessions(seq) WHERE sandbox_started_at IS NOT NULL;
CREATE INDEX sessions_by_kind ON sessions(app_type, source, seq) WHERE ready_at IS NOT NULL;

CREATE TABLE events(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions(id),
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_session ON events(session_id, seq);

CREATE TABLE blobs(
    hash TEXT PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;

CREATE TABLE versions(
    session_id TEXT NOT NULL REFERENCES sessions(id),
    number INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deployed_at INTEGER,
    origin TEXT NOT NULL,
    note TEXT NOT NULL,
    app_type TEXT NOT NULL,
    title TEXT NOT NULL,
    entry TEXT NOT NULL,
    start TEXT NOT NULL,
    build TEXT NOT NULL,
    port INTEGER NOT NULL,
    PRIMARY KEY(session_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE version_files(
    session_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    path TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES blobs(hash),
    mode INTEGER NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY(session_id, number, position),
    FOREIGN KEY(session_id, number) REFERENCES versions(session_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE cost_lines(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions(id),
    time INTEGER NOT NULL,
    category TEXT NOT NULL,
    item TEXT NOT NULL,
    model TEXT NOT NULL,
    unit TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    attempt INTEGER NOT NULL
) STRICT;
CREATE INDEX cost_lines_by_session ON cost_lines(session_id, seq);
CREATE INDEX cost_lines_by_time ON cost_lines(time, amount);

CREATE TABLE usage_metrics(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions(id),
    start_time INTEGER NOT NULL,
    end_time INTEGER NOT NULL,
    cpu_seconds REAL NOT NULL,
    memory_gb_seconds REAL NOT NULL,
    storage_gb REAL NOT NULL,
    actual_cost INTEGER NOT NULL,
    plan TEXT NOT NULL
) STRICT;
CREATE INDEX usage_metrics_by_session ON usage_metrics(session_id, seq);

CREATE TABLE findings(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions(id),
    time INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    col INTEGER NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL
) STRICT;
CREATE INDEX findings_by_session ON findings(session_id, seq);

CREATE TABLE logs(
    session_id TEXT PRIMARY KEY REFERENCES sessions(id),
    time INTEGER NOT NULL,
    truncated INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;
UPDATE facts SET value = '0123456789abcdef0123456789abcdef' WHERE name = 'store_id';
INSERT INTO sessions VALUES(1,'11111111-1111-4111-8111-111111111111','todo-app-k3f9','ada',NULL,'a todo app with ümläuts','webapp','expired',1800000000000,1800000012000,1800001800000,1800001800000,'https://3000-iabc.e2b.app','iabc',NULL,'','',91600,3091600,'e2b','https://api.e2b.app','hobby','base',2,512,3000,0,'kill',1800,500000000,'','model','','claude-haiku-5-5','web-1','request-1',1,0,NULL,4242);
INSERT INTO sessions VALUES(2,'22222222-2222-4222-8222-222222222222','todo-app-x1y2','ada','11111111-1111-4111-8111-111111111111','a todo app','script','error',1800002000000,NULL,NULL,1800002003000,'',NULL,NULL,'not_ready','exit status 3',0,0,'local','http://127.0.0.1:4000','local','base',0,0,8000,1,'pause',600,500000000,'COLOR,SIZE','store','11111111-1111-4111-8111-111111111111','','','',1,2,3,4243);
INSERT INTO events VALUES(1,'11111111-1111-4111-8111-111111111111',1800000000000,'status','creating','{"a":1}');
INSERT INTO blobs VALUES('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',X'68656c6c6f');
INSERT INTO versions VALUES('11111111-1111-4111-8111-111111111111',1,1800000005000,1800000012000,'generated','','webapp','Todo','index.html','','',3000);
INSERT INTO version_files VALUES('11111111-1111-4111-8111-111111111111',1,0,'index.html','2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',420,'app');
INSERT INTO cost_lines VALUES(1,'11111111-1111-4111-8111-111111111111',1800000009000,'model','output','claude-haiku-5-5','tokens',6000,3000000,0);
INSERT INTO cost_lines VALUES(2,'11111111-1111-4111-8111-111111111111',1800001800000,'sandbox','vcpu','','vcpu_ms',60000,91600,0);
INSERT INTO usage_metrics VALUES(1,'11111111-1111-4111-8111-111111111111',1800000001000,1800000031000,60.0,15.0,10.0,91600,'hobby');
INSERT INTO findings VALUES(1,'11111111-1111-4111-8111-111111111111',1800000009000,0,'js-syntax','warn','index.html',3,7,'odd','mend it');
INSERT INTO logs VALUES('11111111-1111-4111-8111-111111111111',1800001800000,0,X'6c697374656e696e670a');
PRAGMA application_id = 1397768521;
PRAGMA user_version = 1;
