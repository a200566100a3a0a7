#!/usr/bin/env bash
# The layer table of AGENTS.md, held against the #include lines. Prints every line that breaks it.
set -u
cd "$(dirname "$0")/../.."
declare -A allowed=(
    [core]="core"
    [net]="net core"
    [store]="store core"
    [validate]="validate core"
    [billing]="billing core"
    [claude]="claude net core"
    [sandbox]="sandbox net core"
    [engine]="engine net core"
    [pipeline]="pipeline claude sandbox validate store billing core"
    [cli]="cli core net store validate billing claude sandbox engine pipeline"
)
bad=0 seen=0
for domain in "${!allowed[@]}"; do
    while IFS=: read -r file line text; do
        [ -n "$file" ] || continue
        seen=$((seen + 1))
        target=$(sed -nE 's@.*#include [<"]spawnai/([a-z]+)/.*@\1@p; t; s@.*#include "(\.\./)?([a-z]+)/[a-z_/]+\.hpp".*@\2@p' <<<"$text")
        [ -n "$target" ] || continue
        [ -n "${allowed[$target]:-}" ] || continue
        case " ${allowed[$domain]} " in *" $target "*) continue ;; esac
        [ "$domain" = engine ] && [[ "$text" == *"spawnai/sandbox/wire.hpp"* ]] && continue
        echo "$file:$line: $domain must not include $target: $text"
        bad=1
    done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include' "src/$domain" "include/spawnai/$domain" 2>/dev/null)
done
if grep -rnE '#[[:space:]]*include[[:space:]]*[<"](curl/|SQLiteCpp/|sqlite3|boost/|CLI/|gumbo|duktape|openssl/)' include; then
    echo "public headers must not show a library's types"
    bad=1
fi
# A check that looked at nothing would always pass.
[ "$seen" -gt 50 ] || { echo "only $seen include lines were found: the check itself is broken"; bad=1; }
exit $bad
