#!/usr/bin/env bash
# The layer table of AGENTS.md, held against the #include lines. Prints every line that breaks it.
set -u
cd "$(dirname "$0")/../.."
grep -rnE '^[[:space:]]*#[[:space:]]*include' src include/spawnai --include='*.cpp' --include='*.hpp' | awk -F: '
    BEGIN {
        allowed["core"] = "core"
        allowed["net"] = "net core"
        allowed["store"] = "store core"
        allowed["validate"] = "validate core"
        allowed["billing"] = "billing core"
        allowed["claude"] = "claude net core"
        allowed["sandbox"] = "sandbox net core"
        allowed["engine"] = "engine net core"
        allowed["pipeline"] = "pipeline claude sandbox validate store billing core"
        allowed["cli"] = "cli core net store validate billing claude sandbox engine pipeline"
    }
    {
        domain = $1
        sub(/^(src|include\/spawnai)\//, "", domain)
        if (domain !~ /\//) next
        sub(/\/.*/, "", domain)
        text = $0
        sub(/^[^:]*:[^:]*:/, "", text)
        seen++
        target = text
        if (!sub(/.*[<"]spawnai\//, "", target) && !sub(/.*"(\.\.\/)*/, "", target)) next
        if (target !~ /\//) next
        sub(/\/.*/, "", target)
        if (!(target in allowed)) next
        if (!(domain in allowed)) {
            print $1 ":" $2 ": the folder " domain " has no rule"
            bad = 1
            next
        }
        if (index(" " allowed[domain] " ", " " target " ")) next
        if (domain == "engine" && text ~ /spawnai\/sandbox\/wire\.hpp/) next
        print $1 ":" $2 ": " domain " must not include " target ": " text
        bad = 1
    }
    # A check that looked at nothing would always pass.
    END {
        if (seen < 500) {
            print "only " seen " include lines were found: the check itself is broken"
            bad = 1
        }
        exit bad
    }' || exit 1
if grep -rnE '#[[:space:]]*include[[:space:]]*[<"](curl/|SQLiteCpp/|sqlite3|boost/|CLI/|gumbo|duktape|openssl/)' include; then
    echo "public headers must not show a library's types"
    exit 1
fi
